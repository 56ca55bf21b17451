/**
 * Sequences and vectors of numbers: padding trimmed on both sides, missing values filled, and every column scaled with
 * mean and deviation of the training split's valid steps.
 */
import { at } from "../../base/invariant.ts";
import type { DataProblems } from "../problem.ts";
import { emptyField, type Field, type FieldSpec, rowSize, type Scaling } from "../schema.ts";
import type { FieldImport } from "./manifest.ts";
import type { Notes } from "./notes.ts";
import type { RawField, RawRow } from "./rows.ts";

/** Values of one row, steps × width; NaN where missing. Null where the row is absent. */
type Steps = Float64Array | null;

/** A field in all splits, and how it was scaled. */
export interface BuiltField {
  readonly spec: FieldSpec;
  readonly splits: ReadonlyMap<string, Field>;
  readonly scaling: Scaling | null;
}

/** Builds a `sequence` or `vector` field; null if nothing usable was read (which is reported). */
export function buildFeatures(
  field: FieldImport,
  raw: RawField,
  notes: Notes,
  problems: DataProblems,
): BuiltField | null {
  const width = commonWidth(field, raw, problems);
  if (width === null) return null;
  for (const { columns } of field.sentinels) {
    const outside = columns.find((column) => column >= width);
    if (outside === undefined) continue;
    problems.add(
      "data-manifest",
      fieldPlace(field, raw),
      `A sentinel names column ${outside}; the field has the columns 0 to ${width - 1}.`,
    );
    return null;
  }
  const values = new Map<string, Steps[]>();
  for (const [split, rows] of raw) {
    values.set(
      split,
      rows.map((row) => (row === null ? null : readSteps(field, row, width, split, notes, problems))),
    );
  }
  const scaling = fitScaling(field, values.get("train") ?? [], width);
  if (scaling === null && field.scale === "standard") {
    problems.add(
      "data-split",
      fieldPlace(field, raw),
      "Scaling is fitted on the training split, where this field has no values.",
      'Write `"scale": "none"` for this field.',
    );
    return null;
  }
  notes.add(
    field.name,
    "train",
    "constant columns, only centred",
    field.scale === "none" ? 0 : (scaling?.constant.length ?? 0),
  );
  const longest = [...values.values()]
    .flat()
    .reduce((most, row) => Math.max(most, (row?.length ?? 0) / width), 1);
  const maxLength = field.kind === "vector" ? 1 : longest;
  const spec: FieldSpec = { name: field.name, kind: field.kind, width, maxLength };
  const splits = new Map<string, Field>();
  for (const [split, rows] of values) splits.set(split, pack(field, spec, rows, scaling, split, notes));
  return { spec, splits, scaling: field.scale === "none" ? null : scaling };
}

function fieldPlace(field: FieldImport, raw: RawField): { file: string; within: string[] } {
  const first = [...raw.values()].flat().find((row) => row !== null);
  return { file: first?.source.file ?? field.from, within: [`field "${field.name}"`] };
}

/** Numbers per step: the same in all files of a field. */
function commonWidth(field: FieldImport, raw: RawField, problems: DataProblems): number | null {
  let first: RawRow | null = null;
  const wrong = new Set<string>();
  for (const row of [...raw.values()].flat()) {
    if (row === null) continue;
    first ??= row;
    const { file, width } = row.source;
    if (width === first.source.width || wrong.has(file)) continue;
    wrong.add(file);
    problems.add(
      "data-shape",
      { file, within: [`field "${field.name}"`] },
      `There are ${width} numbers per step; ${first.source.file} has ${first.source.width}.`,
    );
  }
  return first === null || wrong.size > 0 ? null : first.source.width;
}

function readSteps(
  field: FieldImport,
  row: RawRow,
  width: number,
  split: string,
  notes: Notes,
  problems: DataProblems,
): Steps {
  let values = joinPieces(row.rows.map((index) => row.source.numbers(index)));
  if (field.kind === "sequence" && field.padding === "zeros" && row.source.steps > 1)
    values = trim(field, values, width, split, notes);
  const most = (field.maxLength ?? Infinity) * width;
  if (field.kind === "sequence" && values.length > most) {
    notes.add(field.name, split, `rows cut to ${field.maxLength} steps`);
    values = values.slice(0, most);
  }
  for (const { columns, value } of field.sentinels) {
    for (const column of columns) {
      for (let index = column; index < values.length; index += width) {
        if (values[index] !== value) continue;
        notes.add(field.name, split, `values ${value} in column ${column}, taken as missing`);
        values[index] = Number.NaN;
      }
    }
  }
  markMissing(field, row, values, width, split, notes, problems);
  return values.length === 0 ? null : values;
}

/** A copy of the pieces end to end. */
function joinPieces(pieces: readonly Float64Array[]): Float64Array<ArrayBuffer> {
  const joined = new Float64Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}

/** Everything but finite numbers that fit into 32 bits counts as missing (the sentinels are NaN already). */
function markMissing(
  field: FieldImport,
  row: RawRow,
  values: Float64Array,
  width: number,
  split: string,
  notes: Notes,
  problems: DataProblems,
): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    if (Number.isFinite(Math.fround(value))) continue;
    if (field.missing === "refuse") {
      const place = row.source.place(at(row.rows, Math.min(row.rows.length - 1, Math.floor(index / width))));
      const within = [...(place.within ?? []), `field "${field.name}"`, `column ${index % width}`];
      problems.add(
        "data-value",
        { file: place.file, within },
        `A finite number was expected; found ${value}.`,
        'Fill missing values with `"missing": "mean"`.',
      );
    }
    const kind = Number.isNaN(value) ? "missing (NaN, empty or sentinel)" : "infinite or beyond 32-bit range";
    notes.add(
      field.name,
      split,
      `values ${kind}, set to ${field.missing === "zero" ? "0" : "the training mean"}`,
    );
    values[index] = Number.NaN;
  }
}

/** Takes away all-zero steps in front and behind; zero steps between others are data and stay. */
function trim(
  field: FieldImport,
  values: Float64Array,
  width: number,
  split: string,
  notes: Notes,
): Float64Array<ArrayBuffer> {
  const steps = values.length / width;
  const isZero = (step: number) =>
    values.subarray(step * width, (step + 1) * width).every((value) => value === 0);
  let first = 0;
  let last = steps;
  while (first < last && isZero(first)) first++;
  while (last > first && isZero(last - 1)) last--;
  if (first === last) notes.add(field.name, split, "rows with zeros only, taken as absent");
  else {
    notes.add(field.name, split, "rows padded in front, moved to the start", first > 0 ? 1 : 0);
    notes.add(field.name, split, "rows padded behind", last < steps ? 1 : 0);
  }
  return values.slice(first * width, last * width);
}

/** Mean and deviation (of the population) per column over the finite values of the training rows, in two passes. */
function fitScaling(field: FieldImport, rows: readonly Steps[], width: number): Scaling | null {
  const count = new Float64Array(width);
  const sum = new Float64Array(width);
  const squares = new Float64Array(width);
  const low = new Float64Array(width).fill(Infinity);
  const high = new Float64Array(width).fill(-Infinity);
  eachValue(rows, width, (value, column) => {
    count[column] = (count[column] as number) + 1;
    sum[column] = (sum[column] as number) + value;
    low[column] = Math.min(low[column] as number, value);
    high[column] = Math.max(high[column] as number, value);
  });
  const mean = Array.from(sum, (total, column) => total / Math.max(1, count[column] as number));
  eachValue(rows, width, (value, column) => {
    squares[column] = (squares[column] as number) + (value - (mean[column] as number)) ** 2;
  });
  // A column is constant if its values are equal; the deviation of equal values need not come out as 0.
  const isConstant = (column: number) => !((high[column] as number) > (low[column] as number));
  const deviation = Array.from(squares, (total, column) =>
    isConstant(column) ? 1 : Math.sqrt(total / (count[column] as number)),
  );
  const fittedOn = rows.reduce((steps, row) => steps + (row?.length ?? 0) / width, 0);
  if (fittedOn === 0) return null;
  const constant = mean.map((_, column) => column).filter(isConstant);
  return { mean, deviation, constant, clip: field.clip, fittedOn };
}

function eachValue(
  rows: readonly Steps[],
  width: number,
  visit: (value: number, column: number) => void,
): void {
  for (const row of rows) {
    if (row === null) continue;
    for (let index = 0; index < row.length; index++) {
      const value = row[index] as number;
      if (!Number.isNaN(value)) visit(value, index % width);
    }
  }
}

function pack(
  field: FieldImport,
  spec: FieldSpec,
  rows: readonly Steps[],
  scaling: Scaling | null,
  split: string,
  notes: Notes,
): Field {
  const result = emptyField(spec, rows.length);
  const scaled = field.scale === "standard" && scaling !== null;
  const clip = field.clip ?? Infinity;
  let clipped = 0;
  rows.forEach((values, row) => {
    if (values === null) return;
    const start = row * rowSize(spec);
    for (let index = 0; index < values.length; index++) {
      const column = index % spec.width;
      const mean = scaling?.mean[column] ?? 0;
      const known = values[index] as number;
      const value = Number.isNaN(known) ? (field.missing === "mean" ? mean : 0) : known;
      const out = scaled ? (value - mean) / (scaling.deviation[column] ?? 1) : value;
      if (Math.abs(out) > clip) clipped++;
      result.data[start + index] = Math.max(-clip, Math.min(clip, out));
    }
    result.present[row] = 1;
    if (result.lengths !== null) result.lengths[row] = values.length / spec.width;
  });
  notes.add(field.name, split, `values beyond ${clip} deviations, clipped`, clipped);
  return result;
}
