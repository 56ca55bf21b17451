/** What is in a dataset, counted: sizes, presence, lengths, values, labels, rows that occur twice. */

import { type IdFinding, idFindings } from "./ids.ts";
import { fieldKeys, inputNames, joinKeys, type RowKeys, repeatedRows, sharedRows } from "./row-keys.ts";
import {
  type CleaningNote,
  type Dataset,
  type Field,
  type FieldKind,
  type FieldSpec,
  isRagged,
  rowSize,
  rowsByLabel,
  type Split,
} from "./schema.ts";

interface ValueStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Of the population. */
  readonly deviation: number;
}

export interface FieldReport {
  readonly field: string;
  readonly kind: FieldKind;
  readonly width: number;
  readonly split: string;
  readonly rows: number;
  readonly present: number;
  /** Of the present rows; null for fields without lengths. */
  readonly length: { readonly min: number; readonly median: number; readonly max: number } | null;
  /** Of the finite values inside the lengths; null if there is none. */
  readonly values: ValueStatistics | null;
  readonly notFinite: number;
  readonly zeroShare: number;
  /** Steps between others in which every number is 0. */
  readonly zeroSteps: number;
  readonly constantColumns: readonly number[];
  /** Of scores (bins of width 1, named by their centre) and classes. */
  readonly histogram: readonly { readonly name: string; readonly count: number }[] | null;
  /** Rows equal to an earlier row of this split; not counted for scores and classes. */
  readonly repeatedRows: number;
}

/** Rows of one split that are also in another one, in one field or (`field` null) in all inputs together. */
interface SharedRows {
  readonly field: string | null;
  readonly splits: readonly [string, string];
  readonly count: number;
  /** Up to three pairs of ids or row numbers. */
  readonly examples: readonly (readonly [string, string])[];
}

interface SplitReport {
  readonly split: string;
  readonly rows: number;
  readonly labelled: number;
  /** Rows in which at least one field other than the label is absent. */
  readonly incomplete: number;
  /** Rows equal to an earlier row in every field but scores and classes. */
  readonly repeatedRows: number;
  /** Up to three pairs of ids or row numbers. */
  readonly repeated: readonly (readonly [string, string])[];
}

export interface InspectReport {
  readonly name: string;
  readonly label: string | null;
  readonly splits: readonly SplitReport[];
  readonly fields: readonly FieldReport[];
  readonly shared: readonly SharedRows[];
  /** Ids, videos and speakers that are in two places. */
  readonly ids: readonly IdFinding[];
  /** What the import or generator changed or noticed when it made the dataset. */
  readonly recorded: readonly CleaningNote[];
}

/** Counts everything; reads every value once. */
export function inspectDataset(dataset: Dataset): InspectReport {
  const splits = Object.values(dataset.splits);
  const inputs = inputNames(dataset.fields);
  const keys = new Map(splits.map((split) => [split.name, splitKeys(split, inputs)]));
  const keysOf = (split: Split, field: string | null) => keys.get(split.name)?.get(field) ?? [];
  return {
    name: dataset.name,
    label: dataset.label,
    splits: splits.map((split) => ({
      split: split.name,
      rows: split.rows,
      labelled: rowsByLabel(split, dataset.label).labelled.length,
      incomplete: incompleteRows(split, dataset.label),
      repeatedRows: repeatedRows(keysOf(split, null)).length,
      repeated: examplesOf(split, split, repeatedRows(keysOf(split, null))),
    })),
    fields: dataset.fields.flatMap((spec) =>
      splits.flatMap((split) => {
        const field = split.fields.get(spec.name);
        return field === undefined
          ? []
          : [fieldReport(field, split, repeatedRows(keysOf(split, spec.name)).length)];
      }),
    ),
    shared: splits.flatMap((first, index) =>
      splits
        .slice(index + 1)
        .flatMap((second) =>
          [null, ...inputs].flatMap((field) =>
            sharedBetween(first, second, field, keysOf(first, field), keysOf(second, field)),
          ),
        ),
    ),
    ids: idFindings(splits.map((split) => [split.name, split.ids ?? []])),
    recorded: dataset.cleaned,
  };
}

/** Keys of every input field, and (under null) of whole rows. */
function splitKeys(split: Split, inputs: readonly string[]): Map<string | null, RowKeys> {
  const result = new Map<string | null, RowKeys>();
  for (const name of inputs) {
    const field = split.fields.get(name);
    if (field !== undefined) result.set(name, fieldKeys(field));
  }
  return result.set(null, joinKeys([...result.values()], split.rows));
}

function sharedBetween(
  first: Split,
  second: Split,
  field: string | null,
  firstKeys: RowKeys,
  secondKeys: RowKeys,
): SharedRows[] {
  const pairs = sharedRows(firstKeys, secondKeys);
  if (pairs.length === 0) return [];
  const examples = examplesOf(first, second, pairs);
  return [{ field, splits: [first.name, second.name], count: pairs.length, examples }];
}

function examplesOf(
  first: Split,
  second: Split,
  pairs: readonly (readonly [number, number])[],
): [string, string][] {
  return pairs.slice(0, 3).map(([one, other]) => [rowName(first, one), rowName(second, other)]);
}

function rowName(split: Split, row: number): string {
  return split.ids?.[row] ?? `row ${row}`;
}

function incompleteRows(split: Split, label: string | null): number {
  const inputs = [...split.fields.values()].filter((field) => field.spec.name !== label);
  let count = 0;
  for (let row = 0; row < split.rows; row++) if (inputs.some((field) => field.present[row] === 0)) count++;
  return count;
}

function fieldReport(field: Field, split: Split, repeatedRows: number): FieldReport {
  const { spec } = field;
  const summary = summarize(field);
  const present = field.present.reduce((sum, flag) => sum + flag, 0);
  return {
    field: spec.name,
    kind: spec.kind,
    width: spec.width,
    split: split.name,
    rows: split.rows,
    present,
    length: lengthsOf(field),
    values: summary.count === 0 ? null : statistics(summary),
    notFinite: summary.notFinite,
    zeroShare: summary.total === 0 ? 0 : summary.zeros / summary.total,
    zeroSteps: summary.zeroSteps,
    constantColumns: spec.kind === "sequence" || spec.kind === "vector" ? summary.constantColumns : [],
    histogram: spec.kind === "score" || spec.kind === "class" ? histogram(field) : null,
    repeatedRows,
  };
}

interface Summary {
  readonly total: number;
  readonly count: number;
  readonly sum: number;
  readonly squares: number;
  readonly min: number;
  readonly max: number;
  readonly notFinite: number;
  readonly zeros: number;
  readonly zeroSteps: number;
  readonly constantColumns: readonly number[];
}

/** One pass over the values inside the lengths of present rows. */
function summarize(field: Field): Summary {
  const { width } = field.spec;
  const low = new Float64Array(width).fill(Infinity);
  const high = new Float64Array(width).fill(-Infinity);
  let [total, count, sum, squares, notFinite, zeros, zeroSteps] = [0, 0, 0, 0, 0, 0, 0];
  eachStep(field, (start) => {
    let allZero = true;
    for (let column = 0; column < width; column++) {
      const value = field.data[start + column] as number;
      total++;
      if (value === 0) zeros++;
      else allZero = false;
      if (!Number.isFinite(value)) {
        notFinite++;
        continue;
      }
      count++;
      sum += value;
      squares += value * value;
      low[column] = Math.min(low[column] as number, value);
      high[column] = Math.max(high[column] as number, value);
    }
    if (allZero) zeroSteps++;
  });
  const constantColumns = count === 0 ? [] : [...low.keys()].filter((column) => low[column] === high[column]);
  const isSequence = field.kind === "sequence";
  const [min, max] = [
    low.reduce((a, b) => Math.min(a, b), Infinity),
    high.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  return {
    total,
    count,
    sum,
    squares,
    min,
    max,
    notFinite,
    zeros,
    zeroSteps: isSequence ? zeroSteps : 0,
    constantColumns,
  };
}

/** Calls `visit` with the offset of every valid step of every present row. */
function eachStep(field: Field, visit: (start: number) => void): void {
  const { spec } = field;
  for (let row = 0; row < field.present.length; row++) {
    if (field.present[row] === 0) continue;
    const steps = field.lengths?.[row] ?? spec.maxLength;
    for (let step = 0; step < steps; step++) visit(row * rowSize(spec) + step * spec.width);
  }
}

function statistics({ count, sum, squares, min, max }: Summary): ValueStatistics {
  const mean = sum / count;
  return { min, max, mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)) };
}

function lengthsOf(field: Field): FieldReport["length"] {
  if (!isRagged(field.kind) || field.lengths === null) return null;
  const lengths = [...field.lengths].filter((_, row) => field.present[row] === 1).sort((a, b) => a - b);
  const [min, max] = [lengths[0], lengths.at(-1)];
  if (min === undefined || max === undefined) return null;
  const middle = lengths.length / 2;
  const median = ((lengths[Math.floor(middle)] ?? 0) + (lengths[Math.ceil(middle) - 1] ?? 0)) / 2;
  return { min, median, max };
}

function histogram(field: Field): { name: string; count: number }[] {
  const counts = new Map<number, number>();
  eachStep(field, (start) => {
    const value = field.data[start] as number;
    const bin = Math.sign(value) * Math.round(Math.abs(value));
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  });
  const bins = [...counts].sort(([a], [b]) => a - b);
  return bins.map(([bin, count]) => ({ name: binName(field.spec, bin), count }));
}

function binName(spec: FieldSpec, bin: number): string {
  return spec.kind === "class" ? (spec.classes?.[bin] ?? String(bin)) : String(bin + 0);
}
