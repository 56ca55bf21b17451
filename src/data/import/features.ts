/**
 * Sequences and vectors of numbers. A first pass finds lengths and what is missing, and fits the scaling on the
 * training split's valid steps; a second one makes the values block by block while they are written, so that the data
 * need not fit into memory.
 */
import type { DataProblems } from "../problem.ts";
import { emptyField, type Field, type FieldSpec, rowSize, type Scaling } from "../schema.ts";
import type { WordVectors } from "../vectors.ts";
import type { FieldImport } from "./field.ts";
import type { Notes } from "./notes.ts";
import type { RawField, RawRow } from "./rows.ts";
import { ColumnStatistics } from "./statistics.ts";
import { type Findings, readSteps } from "./steps.ts";

/** A field of all splits, and how it is scaled. */
export interface BuiltField {
  readonly spec: FieldSpec;
  readonly scaling: Scaling | null;
  /** Word vectors of the vocabulary, where they were asked for. */
  readonly vectors?: WordVectors;
  /** The values of rows `first` to `last` (exclusive) of a split. */
  block(split: string, first: number, last: number): Field;
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
  const { longest, scaling } = scan(field, raw, width, notes, problems);
  if (scaling === null && field.scale === "standard") {
    problems.add(
      "data-split",
      fieldPlace(field, raw),
      "Scaling is fitted on the training split, where this field has no values.",
      'Write `"scale": "none"` for this field.',
    );
    return null;
  }
  const maxLength = field.kind === "vector" ? 1 : longest;
  const spec: FieldSpec = { name: field.name, kind: field.kind, width, maxLength };
  return {
    spec,
    scaling: field.scale === "none" ? null : scaling,
    block: (split, first, last) =>
      pack(field, spec, (raw.get(split) ?? []).slice(first, last), last - first, scaling, split, notes),
  };
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
    const { width } = row.source;
    const { file, within = [] } = row.source.place(row.rows[0] ?? 0);
    const source = [file, ...within.slice(0, -1)].join(" | ");
    if (width === first.source.width || wrong.has(source)) continue;
    wrong.add(source);
    const other = first.source.place(first.rows[0] ?? 0);
    const where = [other.file, ...(other.within?.slice(0, -1) ?? [])].join(", ");
    problems.add(
      "data-shape",
      { file, within: [...within.slice(0, -1), `field "${field.name}"`] },
      `There are ${width} numbers per step; ${where} has ${first.source.width}.`,
    );
  }
  return first === null || wrong.size > 0 ? null : first.source.width;
}

/** The first pass: the longest row of all splits, the scaling of the training split, and everything noticed. */
function scan(
  field: FieldImport,
  raw: RawField,
  width: number,
  notes: Notes,
  problems: DataProblems,
): { longest: number; scaling: Scaling | null } {
  let longest = 1;
  let scaling: Scaling | null = null;
  for (const [split, rows] of raw) {
    const findings: Findings = { notes, problems, split };
    const statistics = new ColumnStatistics(width);
    for (const row of rows) {
      const values = row === null ? null : readSteps(field, row, width, findings);
      if (values === null) continue;
      longest = Math.max(longest, values.length / width);
      statistics.add(values);
    }
    const fitted = statistics.scaling(field.clip);
    if (split === "train") scaling = fitted;
    report(field, split, statistics, fitted, notes);
  }
  return { longest, scaling };
}

function report(
  field: FieldImport,
  split: string,
  statistics: ColumnStatistics,
  fitted: Scaling | null,
  notes: Notes,
): void {
  const columns = (list: readonly number[]) => list.map((column) => `column ${column}`);
  const constant = fitted?.constant ?? [];
  if (split === "train") {
    const what = field.scale === "none" ? "constant columns" : "constant columns, only centred";
    notes.add(field.name, split, what, constant.length, columns(constant));
  }
  const { huge, suspects } = statistics;
  notes.add(
    field.name,
    split,
    "columns with values beyond 1e18, whose squares overflow",
    huge.length,
    columns(huge),
  );
  notes.add(
    field.name,
    split,
    "columns that may hold a stand-in for missing values, kept as they are",
    suspects.length,
    suspects.map(
      ({ column, value, count, others: [low, high] }) =>
        `column ${column}: ${count} × ${short(value)}, all others ${short(low)} to ${short(high)}`,
    ),
  );
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function pack(
  field: FieldImport,
  spec: FieldSpec,
  rows: readonly (RawRow | null)[],
  count: number,
  scaling: Scaling | null,
  split: string,
  notes: Notes,
): Field {
  const result = emptyField(spec, count);
  const scaled = field.scale === "standard" && scaling !== null;
  const clip = field.clip ?? Infinity;
  const means = Float64Array.from({ length: spec.width }, (_, column) => scaling?.mean[column] ?? 0);
  const deviations = Float64Array.from(
    { length: spec.width },
    (_, column) => scaling?.deviation[column] ?? 1,
  );
  let clipped = 0;
  rows.forEach((row, index) => {
    const values = row === null ? null : readSteps(field, row, spec.width, null);
    if (values === null) return;
    const start = index * rowSize(spec);
    for (let place = 0; place < values.length; place++) {
      const column = place % spec.width;
      const mean = means[column] as number;
      const known = values[place] as number;
      const value = Number.isNaN(known) ? (field.missing === "mean" ? mean : 0) : known;
      const out = scaled ? (value - mean) / (deviations[column] as number) : value;
      if (Math.abs(out) > clip) clipped++;
      result.data[start + place] = Math.max(-clip, Math.min(clip, out));
    }
    result.present[index] = 1;
    if (result.lengths !== null) result.lengths[index] = values.length / spec.width;
  });
  notes.add(field.name, split, `values beyond ${clip} deviations, clipped`, clipped);
  return result;
}

/** A field that is in memory already: blocks are views of it. */
export function builtInMemory(spec: FieldSpec, splits: ReadonlyMap<string, Field>): BuiltField {
  return {
    spec,
    scaling: null,
    block: (split, first, last) => {
      const field = splits.get(split);
      if (field === undefined) return emptyField(spec, last - first);
      return {
        ...field,
        data: field.data.subarray(first * rowSize(spec), last * rowSize(spec)),
        present: field.present.subarray(first, last),
        lengths: field.lengths?.subarray(first, last) ?? null,
      };
    },
  };
}
