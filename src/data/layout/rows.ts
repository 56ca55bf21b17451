/** Columns as the rows of a field: numbers per row, recorded lengths, ids in the places of messages. */

import { type DataProblems, dataError } from "../problem.ts";
import { numberArray } from "../readers/array.ts";
import type { RowSource } from "../readers/table.ts";
import type { FieldKind } from "../schema.ts";
import {
  type Column,
  columnNumbers,
  columnPlace,
  columnRows,
  isTextColumn,
  rowShape,
  within,
} from "./columns.ts";
import type { Block } from "./merge.ts";

/** How many axes behind the rows a field of this kind has; a score may have one of size 1. */
const RANK: Record<FieldKind, number> = { sequence: 2, vector: 1, tokens: 1, class: 0, score: 0 };

/** A column as rows of a field. Shapes that the kind does not have and lengths that do not fit are UserErrors. */
export function columnSource(
  kind: FieldKind,
  column: Column,
  lengths: Column | null,
  block: Block,
  problems: DataProblems,
): RowSource {
  const place = columnPlace(column);
  const isBert = isMaskedIds(kind, column);
  if (!isBert) checkShape(kind, column);
  const shape = rowShape(column);
  const steps = kind === "sequence" ? (shape[0] ?? 1) : kind === "tokens" ? (shape.at(-1) ?? 1) : 1;
  const width = kind === "sequence" ? (shape[1] ?? 1) : kind === "vector" ? (shape[0] ?? 1) : 1;
  const read = rowReader(column);
  const known = lengths === null ? null : checkLengths(lengths, column, block, problems);
  const ownLength = (row: number) => (column.kind === "rows" ? (column.rows[row]?.shape[0] ?? 0) : null);
  return {
    file: place.file,
    rows: columnRows(column),
    steps,
    width,
    place: (row) => within(place, `row ${row}${block.ids === null ? "" : ` (${block.ids[row]})`}`),
    text: (row) => rowText(column, row),
    numbers: isBert ? (row) => maskedIds(read(row), steps) : read,
    lengthOf: (row) => (isBert ? maskedIds(read(row), steps).length : (known?.[row] ?? ownLength(row))),
  };
}

/** MMSA's `text_bert`: ids, attention mask and segment ids of every row. */
function isMaskedIds(kind: FieldKind, column: Column): boolean {
  const shape = rowShape(column);
  return kind === "tokens" && shape.length === 2 && shape[0] === 3;
}

function maskedIds(values: Float64Array, steps: number): Float64Array {
  return values.subarray(0, steps).filter((_, step) => values[steps + step] !== 0);
}

function checkShape(kind: FieldKind, column: Column): void {
  if (kind === "tokens" && isTextColumn(column)) return;
  const shapes = column.kind === "array" ? [rowShape(column)] : column.rows.map((row) => row?.shape ?? null);
  const width =
    kind === "sequence" || kind === "vector" ? shapes.find((shape) => shape !== null)?.at(-1) : undefined;
  shapes.forEach((shape, row) => {
    if (shape === null) return;
    const isScalar = RANK[kind] === 0 && (shape.length === 0 || (shape.length === 1 && shape[0] === 1));
    const ranked = isScalar || (RANK[kind] > 0 && shape.length === RANK[kind]);
    if (ranked && (width === undefined || shape.at(-1) === width)) return;
    const place = columnPlace(column);
    const found = column.kind === "array" ? `[rows, ${shape.join(", ")}]` : `[${shape.join(", ")}]`;
    const expected = `${EXPECTED[kind]}${ranked ? ` with ${width} numbers as in the first row` : ""}`;
    throw dataError(
      "data-shape",
      column.kind === "array" ? place : within(place, `row ${row}`),
      `The shape is ${column.kind === "array" ? found.replace(", ]", "]") : found}; ${expected} is expected.`,
    );
  });
}

const EXPECTED: Record<FieldKind, string> = {
  sequence: "steps of numbers per row ([rows, steps, numbers])",
  vector: "a list of numbers per row ([rows, numbers])",
  tokens: "a list of ids per row ([rows, steps])",
  class: "one value per row ([rows])",
  score: "one number per row ([rows])",
};

function rowReader(column: Column): (row: number) => Float64Array {
  const count = (shape: readonly number[]) => shape.reduce((product, extent) => product * extent, 1);
  if (column.kind === "rows") {
    return (row) => {
      const array = column.rows[row] ?? null;
      return array === null ? new Float64Array(0) : array.numbers(0, count(array.shape));
    };
  }
  const size = count(rowShape(column));
  return (row) => column.array.numbers(row * size, size);
}

function rowText(column: Column, row: number): string {
  if (column.kind === "array")
    return column.array.isText
      ? (column.array.texts(row, 1)[0] ?? "")
      : String(column.array.numbers(row, 1)[0] ?? "");
  const array = column.rows[row] ?? null;
  if (array === null) return "";
  return array.isText ? array.texts(0, array.shape[0] ?? 1).join(" ") : String(array.numbers(0, 1)[0] ?? "");
}

/** The lengths that MMSA's attention masks record, for features that share the steps of `text_bert`; else null. */
export function maskLengths(masked: Column, column: Column): Column | null {
  const shape = rowShape(masked);
  if (
    column.kind === "rows" ||
    rowShape(column).length !== 2 ||
    shape[0] !== 3 ||
    shape[1] !== rowShape(column)[0]
  )
    return null;
  const read = rowReader(masked);
  const steps = shape[1] ?? 0;
  const rows = columnRows(masked);
  const lengths = Float64Array.from({ length: rows }, (_, row) => maskedIds(read(row), steps).length);
  const place = within(columnPlace(masked), "attention mask");
  return { kind: "array", array: numberArray(lengths, [rows], "<i8", place) };
}

/** Recorded lengths: whole numbers from 0 to the steps that a row has. */
function checkLengths(lengths: Column, column: Column, block: Block, problems: DataProblems): Float64Array {
  const values = columnNumbers(lengths);
  values.forEach((length, row) => {
    const steps = column.kind === "array" ? (rowShape(column)[0] ?? 0) : (column.rows[row]?.shape[0] ?? null);
    if (steps === null || (Number.isInteger(length) && length >= 0 && length <= steps)) return;
    const name = `row ${row}${block.ids === null ? "" : ` (${block.ids[row]})`}`;
    problems.add(
      "data-value",
      within(columnPlace(lengths), name),
      `The length is ${length}; it must be a whole number from 0 to ${steps}, the steps that the row has.`,
    );
  });
  return values;
}
