/** What every reader of tables and arrays offers to the import: rows of numbers or of text, and the place of each. */
import type { FilePlace } from "../../diagnostics/diagnostic.ts";

/** Rows of one field in one file. */
export interface RowSource {
  readonly file: string;
  readonly rows: number;
  /** Steps per row that the source stores at most; 1 for tables. */
  readonly steps: number;
  /** Numbers per step. */
  readonly width: number;
  /** Numbers of a row, steps × width, row-major; cells without a number are NaN. Problems are filed, never thrown. */
  numbers(row: number): Float64Array;
  /** The text of a row's only column. */
  text(row: number): string;
  place(row: number): FilePlace;
  /** Valid steps of a row where the source records them; without it they are found from the values. */
  lengthOf?(row: number): number | null;
}
