/**
 * The dataset as it lies on the device as a whole: for each field that a program reads, the rows of all splits behind one another. A batch is then
 * a list of row numbers, whatever split they come from.
 */
import { invariant } from "../base/invariant.ts";
import type { Dataset, Field, Split } from "../data/schema.ts";
import { rowSize, rowsByLabel } from "../data/schema.ts";
import type { CompiledModel, DataArena } from "./compiled.ts";

/** Where the rows of a split lie among the rows of all splits. */
export interface RowRange {
  readonly first: number;
  readonly rows: number;
}

/** Row ranges by split, in the order of the dataset. */
export function rowRanges(dataset: Dataset): Map<string, RowRange> {
  const ranges = new Map<string, RowRange>();
  let first = 0;
  for (const split of Object.values(dataset.splits)) {
    ranges.set(split.name, { first, rows: split.rows });
    first += split.rows;
  }
  return ranges;
}

/** The rows of the training split that have the model's label and those that lack it, as they are numbered on the device. */
export function trainingRows(
  model: CompiledModel,
  dataset: Dataset,
): { readonly labelled: Int32Array; readonly unlabelled: Int32Array } {
  const split = dataset.splits.train;
  const range = rowRanges(dataset).get("train");
  invariant(
    split !== undefined && range !== undefined,
    "data without a training split are refused when they are bound",
  );
  const { labelled, unlabelled } = rowsByLabel(split, model.label?.name ?? null);
  const shift = (rows: Int32Array) => rows.map((row) => row + range.first);
  return { labelled: shift(labelled), unlabelled: shift(unlabelled) };
}

/** The contents of a data arena: `rowElements` elements for each row of each split, shorter rows padded with zeros. */
export function dataArena(
  dataset: Dataset,
  arena: DataArena,
): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  const splits = Object.values(dataset.splits);
  const rows = splits.reduce((sum, split) => sum + split.rows, 0);
  const size = rows * arena.rowElements;
  const values = arena.dtype === "f32" ? new Float32Array(size) : new Int32Array(size);
  let first = 0;
  for (const split of splits) {
    copySplit(values, first, fieldOf(split, arena.field), arena, split.rows);
    first += split.rows;
  }
  return values;
}

/** The field of a split that an arena holds. */
export function fieldOf(split: Split, name: string): Field {
  const field = split.fields.get(name);
  invariant(field !== undefined, `the field ${name} was bound to the dataset`);
  return field;
}

function copySplit(
  target: Float32Array | Int32Array,
  first: number,
  field: Field,
  arena: DataArena,
  rows: number,
): void {
  if (arena.content === "present") {
    target.set(field.present, first);
    return;
  }
  if (arena.content === "lengths") {
    invariant(field.lengths !== null, `the field ${arena.field} has lengths`);
    target.set(field.lengths, first);
    return;
  }
  const size = rowSize(field.spec);
  invariant(
    size <= arena.rowElements,
    `a row of ${arena.field} has ${size} elements, the program reads ${arena.rowElements}`,
  );
  for (let row = 0; row < rows; row++) {
    target.set(field.data.subarray(row * size, (row + 1) * size), (first + row) * arena.rowElements);
  }
}
