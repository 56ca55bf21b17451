/** Hashes of rows, to find those that occur twice, in one split or in two. */
import { bytesOf, sha256 } from "./files.ts";
import { type Field, type FieldSpec, rowSize } from "./schema.ts";

/** A hash per row, null where it has none of the values. */
export type RowKeys = readonly (string | null)[];

/** Fields whose values are inputs: everything but scores and classes. */
export function inputNames(fields: readonly FieldSpec[]): string[] {
  return fields.filter(({ kind }) => kind !== "score" && kind !== "class").map(({ name }) => name);
}

/** Keys of the rows of a field. */
export function fieldKeys(field: Field): RowKeys {
  return Array.from(field.present, (present, row) => (present === 1 ? rowKey(field, row) : null));
}

function rowKey(field: Field, row: number): string {
  const size = rowSize(field.spec);
  return sha256([
    bytesOf(field.data.subarray(row * size, (row + 1) * size)),
    `${field.lengths?.[row] ?? ""}`,
  ]);
}

/** Keys of whole rows from those of their fields. */
export function joinKeys(keys: readonly RowKeys[], rows: number): RowKeys {
  return Array.from({ length: rows }, (_, row) => {
    const parts = keys.map((field) => field[row] ?? null);
    return parts.every((part) => part === null) ? null : sha256([parts.join("|")]);
  });
}

/** Rows equal to an earlier one: that one, and itself. */
export function repeatedRows(keys: RowKeys): [first: number, again: number][] {
  return sharedRows(keys, keys).filter(([first, again]) => first !== again);
}

/** Rows of the second list that are in the first, with the first such row there. */
export function sharedRows(first: RowKeys, second: RowKeys): [first: number, second: number][] {
  const rowOf = new Map<string, number>();
  first.forEach((key, row) => {
    if (key !== null && !rowOf.has(key)) rowOf.set(key, row);
  });
  return second.flatMap((key, row) => {
    const other = key === null ? undefined : rowOf.get(key);
    return other === undefined ? [] : [[other, row] as [number, number]];
  });
}
