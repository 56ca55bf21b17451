/** What a file of any layout is read into: columns of rows, by split where the file says it. */
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { UserError } from "../../diagnostics/problems.ts";
import { allTexts, type StoredArray, textArray } from "../readers/array.ts";
import type { SourceFile } from "../schema.ts";

/** One array with a row per index of its first axis, or one array per row (null where the row has none). */
export type Column =
  | { readonly kind: "array"; readonly array: StoredArray }
  | { readonly kind: "rows"; readonly rows: readonly (StoredArray | null)[]; readonly place: FilePlace };

/** Rows that belong together, and the split that the file puts them in (null if it says nothing). */
export interface Part {
  readonly split: string | null;
  readonly columns: ReadonlyMap<string, Column>;
  readonly place: FilePlace;
}

/** Something that reading noticed. */
export interface Remark {
  readonly what: string;
  readonly count: number;
  readonly examples?: readonly string[];
}

/** A file or folder after reading. */
export interface OpenedSource {
  readonly format: string;
  readonly parts: readonly Part[];
  readonly files: readonly SourceFile[];
  readonly remarks: readonly Remark[];
}

/** The number of rows of a column. */
export function columnRows(column: Column): number {
  return column.kind === "rows" ? column.rows.length : (column.array.shape[0] ?? 1);
}

export function columnPlace(column: Column): FilePlace {
  return column.kind === "rows" ? column.place : column.array.place;
}

/** Extents behind the rows: those of the array, or of the first row that there is. */
export function rowShape(column: Column): readonly number[] {
  if (column.kind === "array") return column.array.shape.slice(1);
  return column.rows.find((row) => row !== null)?.shape ?? [];
}

/** Whether the values are texts. */
export function isTextColumn(column: Column): boolean {
  return column.kind === "array" ? column.array.isText : column.rows.some((row) => row?.isText === true);
}

/** Whether the values are stored as whole numbers. */
export function isWholeColumn(column: Column): boolean {
  const type =
    column.kind === "array" ? column.array.type : (column.rows.find((row) => row !== null)?.type ?? "");
  return /^[<>|][iub]/.test(type);
}

/** The text of every row; several texts of one row (words with times) are joined by blanks. */
export function columnTexts(column: Column): string[] {
  if (column.kind === "rows") return column.rows.map((row) => (row === null ? "" : allTexts(row).join(" ")));
  return column.array.texts(0, columnRows(column));
}

/** The numbers of a column of one number per row; NaN where a row has none. */
export function columnNumbers(column: Column): Float64Array {
  if (column.kind === "rows")
    return Float64Array.from(column.rows, (row) => row?.numbers(0, 1)[0] ?? Number.NaN);
  const { array } = column;
  return array.numbers(0, columnRows(column));
}

/** The same array under the name that a user knows it by, which its problems then carry. */
export function named(array: StoredArray, place: FilePlace): StoredArray {
  const retold = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(error.problems.map((problem) => ({ ...problem, place })));
    }
  };
  return {
    ...array,
    place,
    numbers: (first, count) => retold(() => array.numbers(first, count)),
    texts: (first, count) => retold(() => array.texts(first, count)),
  };
}

/** Some rows of a column, in the order given. */
export function selectRows(column: Column, rows: readonly number[]): Column {
  if (column.kind === "rows") return { ...column, rows: rows.map((row) => column.rows[row] ?? null) };
  const { array } = column;
  const shape = [rows.length, ...array.shape.slice(1)];
  const size = array.shape.slice(1).reduce((product, extent) => product * extent, 1);
  if (array.isText) {
    const texts = rows.flatMap((row) => array.texts(row * size, size));
    return { kind: "array", array: textArray(texts, shape, array.place) };
  }
  return { kind: "rows", place: array.place, rows: rows.map((row) => rowOf(array, row, size)) };
}

/** One row of an array as an array of its own. */
export function rowOf(array: StoredArray, row: number, size: number): StoredArray {
  return {
    ...array,
    shape: array.shape.slice(1),
    numbers: (first, count) => array.numbers(row * size + first, count),
    texts: (first, count) => array.texts(row * size + first, count),
  };
}

/** A place inside another one. */
export function within(place: FilePlace, ...more: readonly string[]): FilePlace {
  return { file: place.file, within: [...(place.within ?? []), ...more] };
}
