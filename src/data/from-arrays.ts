/** Datasets from values in memory, for programs that have their data already. */
import type { FilePlace } from "../diagnostics/diagnostic.ts";
import { DataProblems, didYouMean, listNames } from "./problem.ts";
import type { Dataset, Field, FieldSpec, Split } from "./schema.ts";
import { emptyField, isRagged, rowSize } from "./schema.ts";

type Numbers = ArrayLike<number>;

/** The rows of a field; `null` where a row does not have it. Sequences: a list of steps, or all steps behind one another. */
export type FieldRows = readonly (Numbers | readonly Numbers[] | number | null)[];

/** What a field holds; sizes that are left out follow from the values of all splits. */
export type FieldDescription =
  | { readonly kind: "sequence"; readonly width: number; readonly maxLength?: number }
  | { readonly kind: "vector"; readonly width: number }
  | { readonly kind: "tokens"; readonly vocabularySize: number; readonly maxLength?: number }
  | { readonly kind: "class"; readonly classes: readonly string[] }
  | { readonly kind: "score" };

export interface ArraysDescription {
  readonly name?: string;
  readonly fields: Readonly<Record<string, FieldDescription>>;
  /** The field that makes a row labelled. */
  readonly label?: string;
  /** Rows of every field by split (`train`, `valid`, `test`); `id` may name the rows. */
  readonly splits: Readonly<Record<string, Readonly<Record<string, FieldRows | readonly string[]>>>>;
}

const SPLITS = ["train", "valid", "test"];
const PLACE = "dataset";

/**
 * A dataset from values in memory. Nothing is scaled and nothing is left out. Throws a UserError that names split, field and row of
 * everything that does not fit.
 */
export function datasetFromArrays(description: ArraysDescription): Dataset {
  const problems = new DataProblems();
  const rows = new Map<string, ReadonlyMap<string, FieldRows>>();
  const { fields, splits, label = null } = description;
  for (const [name, given] of Object.entries(splits)) {
    if (!SPLITS.includes(name))
      problems.add("data-split", place(name), `A split is called ${listNames(SPLITS)}.`);
    rows.set(name, rowsOfSplit(name, given, fields, problems));
  }
  if (label !== null && fields[label] === undefined) {
    const text = `The label \`${label}\` is not among the fields ${listNames(Object.keys(fields))}.`;
    problems.add("data-manifest", { file: PLACE, within: ["label"] }, text);
  }
  problems.throwIfAny();
  const specs = Object.entries(fields).map(([name, field]) => specOf(name, field, [...rows.values()]));
  const built = [...rows].map(([name, values]): [string, Split] => [
    name,
    split(name, specs, values, idsOf(name, splits[name]?.id, values, problems), problems),
  ]);
  problems.throwIfAny();
  return {
    name: description.name ?? "arrays",
    fields: specs,
    label,
    splits: Object.fromEntries(built),
    scaling: {},
    provenance: { command: "values in memory", sources: [], options: null },
    cleaned: [],
  };
}

function place(...within: readonly string[]): FilePlace {
  return { file: PLACE, within: [...within] };
}

/** The rows of every field; all fields must be there, with the same number of rows. */
function rowsOfSplit(
  split: string,
  given: Readonly<Record<string, FieldRows | readonly string[]>>,
  fields: ArraysDescription["fields"],
  problems: DataProblems,
): ReadonlyMap<string, FieldRows> {
  const found = new Map<string, FieldRows>();
  for (const [name, rows] of Object.entries(given)) {
    if (name === "id") continue;
    if (fields[name] !== undefined && isFieldRows(rows)) found.set(name, rows);
    else
      problems.add(
        "data-manifest",
        place(split, `field "${name}"`),
        fields[name] === undefined ? "The field is not described." : "Its rows are texts, not numbers.",
        didYouMean(name, Object.keys(fields)),
      );
  }
  const [first] = found.values();
  for (const name of Object.keys(fields)) {
    const rows = found.get(name);
    if (rows === undefined)
      problems.add("data-shape", place(split, `field "${name}"`), "The field has no rows here.");
    else if (first !== undefined && rows.length !== first.length) {
      const text = `The field has ${rows.length} rows, the first one has ${first.length}.`;
      problems.add("data-shape", place(split, `field "${name}"`), text);
    }
  }
  return found;
}

function isFieldRows(rows: FieldRows | readonly string[]): rows is FieldRows {
  return rows.every((row) => typeof row !== "string");
}

function idsOf(
  split: string,
  given: FieldRows | readonly string[] | undefined,
  values: ReadonlyMap<string, FieldRows>,
  problems: DataProblems,
): readonly string[] | null {
  if (given === undefined) return null;
  const [rows] = values.values();
  if (given.length !== rows?.length) {
    const text = `There are ${given.length} ids for ${rows?.length ?? 0} rows.`;
    problems.add("data-shape", place(split, "id"), text);
  }
  return given.map(String);
}

function specOf(
  name: string,
  field: FieldDescription,
  splits: readonly ReadonlyMap<string, FieldRows>[],
): FieldSpec {
  const lengths = () => splits.flatMap((rows) => (rows.get(name) ?? []).map((row) => steps(field, row)));
  const maxLength = (given: number | undefined) => given ?? lengths().reduce((a, b) => Math.max(a, b), 1);
  switch (field.kind) {
    case "sequence":
      return { name, kind: field.kind, width: field.width, maxLength: maxLength(field.maxLength) };
    case "tokens": {
      const { kind, vocabularySize } = field;
      return { name, kind, width: 1, maxLength: maxLength(field.maxLength), vocabularySize };
    }
    case "vector":
      return { name, kind: field.kind, width: field.width, maxLength: 1 };
    case "class":
      return { name, kind: field.kind, width: 1, maxLength: 1, classes: field.classes };
    case "score":
      return { name, kind: field.kind, width: 1, maxLength: 1 };
  }
}

/** How many steps a row has. */
function steps(field: FieldDescription, row: FieldRows[number]): number {
  const values = flat(row);
  return field.kind === "sequence" ? Math.ceil(values.length / field.width) : values.length;
}

/** All numbers of a row behind one another. */
function flat(row: FieldRows[number]): readonly number[] {
  if (row === null) return [];
  if (typeof row === "number") return [row];
  return Array.from<number | Numbers>(row).flatMap((part) =>
    typeof part === "number" ? [part] : Array.from(part),
  );
}

function split(
  name: string,
  specs: readonly FieldSpec[],
  rows: ReadonlyMap<string, FieldRows>,
  ids: readonly string[] | null,
  problems: DataProblems,
): Split {
  const fields = specs.map((spec): [string, Field] => {
    const values = rows.get(spec.name) ?? [];
    const field = emptyField(spec, values.length);
    for (const [row, value] of values.entries()) {
      if (value === null) continue;
      const where = place(name, `field "${spec.name}"`, `row ${row}`);
      const wrong = fill(field, row, flat(value));
      if (wrong !== null) problems.add(wrong.code, where, wrong.text);
    }
    return [spec.name, field];
  });
  const [first] = rows.values();
  return { name, rows: first?.length ?? 0, ids, fields: new Map(fields) };
}

interface Fault {
  readonly code: "data-shape" | "data-value";
  readonly text: string;
}

/** Writes one row into a field; says what is wrong with it instead. */
function fill(field: Field, row: number, values: readonly number[]): Fault | null {
  const { spec } = field;
  const size = rowSize(spec);
  const shape = shapeFault(spec, values.length, size);
  if (shape !== null) return { code: "data-shape", text: shape };
  const bad = values.find((value) => !accepts(spec, value));
  if (bad !== undefined) return { code: "data-value", text: `${bad} ${wanted(spec)}.` };
  field.data.set(values, row * size);
  field.present[row] = 1;
  if (field.lengths !== null) field.lengths[row] = values.length / spec.width;
  return null;
}

function shapeFault(spec: FieldSpec, count: number, size: number): string | null {
  if (!isRagged(spec.kind))
    return count === size ? null : `It has ${count} numbers, a row of the field has ${size}.`;
  if (count % spec.width !== 0) return `It has ${count} numbers, which are no steps of ${spec.width}.`;
  if (count > size) return `It has ${count / spec.width} steps, the longest row may have ${spec.maxLength}.`;
  return null;
}

function accepts(spec: FieldSpec, value: number): boolean {
  const bound = spec.vocabularySize ?? spec.classes?.length;
  return bound === undefined
    ? Number.isFinite(value)
    : Number.isInteger(value) && value >= 0 && value < bound;
}

function wanted(spec: FieldSpec): string {
  const bound = spec.vocabularySize ?? spec.classes?.length;
  return bound === undefined ? "is no finite number" : `is no whole number from 0 to ${bound - 1}`;
}
