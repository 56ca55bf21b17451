/** Scores and classes, one value per row. An empty or NaN cell means that the row has no label. */
import type { DataProblems } from "../problem.ts";
import { listNames } from "../problem.ts";
import { parseNumber } from "../readers/csv.ts";
import { emptyField, type Field, type FieldSpec } from "../schema.ts";
import { type BuiltField, builtInMemory } from "./features.ts";
import type { FieldImport } from "./field.ts";
import type { RawField, RawRow } from "./rows.ts";

/** Builds a `score` field: a finite number per row, inside `range` if there is one, less `middle`. */
export function buildScore(field: FieldImport, raw: RawField, problems: DataProblems): BuiltField {
  const spec: FieldSpec = { name: field.name, kind: "score", width: 1, maxLength: 1 };
  const [low, high] = field.range ?? [-Infinity, Infinity];
  const splits = fill(spec, raw, (row) => {
    const value = row.source.numbers(row.rows[0] ?? 0)[0] ?? Number.NaN;
    if (Number.isNaN(value)) {
      if (field.labels === "required")
        wrongValue(field, row, "The label is no number (NaN or null).", problems, UNLABELLED);
      return null;
    }
    if (!Number.isFinite(Math.fround(value)) || value < low || value > high) {
      const expected = field.range === null ? "A finite number" : `A number from ${low} to ${high}`;
      wrongValue(field, row, `${expected} was expected; found ${value}.`, problems);
    }
    return value - field.middle;
  });
  return builtInMemory(spec, splits);
}

/** Builds a `class` field; without `classes` they are the values of the training split, in order. */
export function buildClass(field: FieldImport, raw: RawField, problems: DataProblems): BuiltField | null {
  const classes = field.classes ?? trainClasses(raw.get("train") ?? []);
  if (classes.length === 0) {
    const file = [...raw.values()].flat().find((row) => row !== null)?.source.file ?? field.from;
    problems.add(
      "data-split",
      { file, within: [`field "${field.name}"`] },
      "The classes are those of the training split, which has no values here.",
      'List them with `"classes"`.',
    );
    return null;
  }
  const spec: FieldSpec = { name: field.name, kind: "class", width: 1, maxLength: 1, classes };
  const numberOf = new Map(classes.map((name, index) => [name, index]));
  const splits = fill(spec, raw, (row) => {
    const name = className(row);
    if (name === null) return null;
    const number = numberOf.get(name);
    if (number !== undefined) return number;
    const origin = field.classes === null ? "The classes of the training split are" : "The classes are";
    wrongValue(
      field,
      row,
      `\`${name.slice(0, 40)}\` is not a class. ${origin} ${listNames(classes)}.`,
      problems,
    );
    return null;
  });
  return builtInMemory(spec, splits);
}

function fill(spec: FieldSpec, raw: RawField, read: (row: RawRow) => number | null): Map<string, Field> {
  const splits = new Map<string, Field>();
  for (const [split, rows] of raw) {
    const result = emptyField(spec, rows.length);
    rows.forEach((row, index) => {
      const value = row === null ? null : read(row);
      if (value === null) return;
      result.data[index] = value;
      result.present[index] = 1;
    });
    splits.set(split, result);
  }
  return splits;
}

/** A cell as class name; numbers in one spelling (`1.0` and `1` are one class), null if empty or NaN. */
function className(row: RawRow): string | null {
  const text = row.source.text(row.rows[0] ?? 0).trim();
  const number = parseNumber(text);
  if (number === null) return text;
  return Number.isNaN(number) ? null : String(number);
}

function trainClasses(rows: readonly (RawRow | null)[]): string[] {
  const names = new Set(
    rows.map((row) => (row === null ? null : className(row))).filter((name) => name !== null),
  );
  const numeric = [...names].every((name) => parseNumber(name) !== null);
  return [...names].sort((a, b) => (numeric ? Number(a) - Number(b) : a < b ? -1 : 1));
}

const UNLABELLED = "Put rows without a label into a file of their own and add it with `--unlabelled`.";

function wrongValue(
  field: FieldImport,
  row: RawRow,
  text: string,
  problems: DataProblems,
  hint: string | null = null,
): void {
  const place = row.source.place(row.rows[0] ?? 0);
  problems.add(
    "data-value",
    { file: place.file, within: [...(place.within ?? []), `field "${field.name}"`] },
    text,
    hint,
  );
}
