/**
 * The import of data files into a dataset folder: the description is checked, the files are read, rows are joined,
 * fields are built, the folder is written. Problems of all files are collected; nothing is written if there is one.
 */
import { checkOutput, writeDataset } from "./dataset.ts";
import { type BuiltField, buildFeatures } from "./import/features.ts";
import { buildClass, buildScore } from "./import/labels.ts";
import { type FieldImport, type Manifest, parseManifest } from "./import/manifest.ts";
import { Notes } from "./import/notes.ts";
import { alignSplits, joinRows, planRows, type RawField } from "./import/rows.ts";
import { type OpenedPart, Sources } from "./import/sources.ts";
import { buildTokens } from "./import/tokens.ts";
import { DataProblems } from "./problem.ts";
import { type Dataset, emptyField, type Field, rowsByLabel, type Scaling, type Split } from "./schema.ts";

export { readManifest } from "./import/manifest.ts";

export interface ImportOptions {
  readonly manifest: Manifest;
  /** Folder that the paths of the manifest are relative to. */
  readonly from: string;
  /** Folder to make. */
  readonly out: string;
  readonly force?: boolean;
  /** The command as typed, for the record. */
  readonly command?: string;
}

/** Imports into a new dataset folder and returns the dataset. Throws a UserError with every problem found. */
export async function importDataset(options: ImportOptions): Promise<Dataset> {
  checkOutput(options.out, options.force ?? false);
  const dataset = await readSources(options);
  writeDataset(dataset, options.out, { force: options.force ?? false });
  return dataset;
}

async function readSources({ manifest, from, command = "" }: ImportOptions): Promise<Dataset> {
  const problems = new DataProblems();
  const notes = new Notes();
  const sources = new Sources(manifest, from, problems);
  const opened = new Map<string, Map<string, OpenedPart>>();
  for (const field of manifest.fields) opened.set(field.name, await sources.open(field));
  const { raw, rows, ids } = joinAll(manifest, opened, sources, notes, problems);
  problems.throwIfAny();
  const built: BuiltField[] = [];
  for (const field of manifest.fields) {
    const result = buildField(field, raw.get(field.name) ?? new Map(), notes, problems);
    if (result !== null) built.push(result);
    else if (!problems.any)
      problems.add(
        "data-empty",
        { file: field.from, within: [`field "${field.name}"`] },
        "No row has this field.",
      );
  }
  problems.throwIfAny();
  const splits: Record<string, Split> = {};
  for (const [name, count] of rows) {
    const fields = new Map<string, Field>();
    for (const { spec, splits: values } of built)
      fields.set(spec.name, values.get(name) ?? emptyField(spec, count));
    splits[name] = { name, rows: count, ids: ids.get(name) ?? null, fields };
  }
  const scaling: Record<string, Scaling> = {};
  for (const field of built) if (field.scaling !== null) scaling[field.spec.name] = field.scaling;
  return {
    name: manifest.name,
    fields: built.map(({ spec }) => spec),
    label: manifest.label,
    splits,
    scaling,
    provenance: { command, sources: sources.opened, options: manifest.json },
    cleaned: notes.all,
  };
}

interface Joined {
  readonly raw: ReadonlyMap<string, RawField>;
  readonly rows: ReadonlyMap<string, number>;
  readonly ids: ReadonlyMap<string, readonly string[]>;
}

function joinAll(
  manifest: Manifest,
  opened: ReadonlyMap<string, ReadonlyMap<string, OpenedPart>>,
  sources: Sources,
  notes: Notes,
  problems: DataProblems,
): Joined {
  const none = { raw: new Map(), rows: new Map(), ids: new Map() };
  if (manifest.rows === null) {
    problems.throwIfAny();
    const raw = alignSplits(opened, manifest.splits, problems);
    const rows = new Map(
      [...raw.values()].flatMap((splits) => [...splits].map(([split, all]) => [split, all.length])),
    );
    for (const [field, splits] of raw) {
      for (const [split, all] of splits)
        notes.add(
          field,
          split,
          "rows for which the source has nothing",
          all.filter((row) => row === null).length,
        );
    }
    checkTrain(manifest, rows, problems);
    return { raw, rows, ids: new Map() };
  }
  const plan = planRows(manifest.rows, sources, notes, problems);
  if (plan === null) return none;
  const raw = new Map<string, RawField>();
  for (const field of manifest.fields) {
    const parts = opened.get(field.name);
    if (parts !== undefined && parts.size > 0)
      raw.set(field.name, joinRows(field, parts, plan, sources, notes, problems));
  }
  const rows = new Map([...plan.splits].map(([split, lines]) => [split, lines.length]));
  const ids = new Map<string, readonly string[]>();
  for (const [split, lines] of plan.splits) {
    if (plan.ids !== null)
      ids.set(
        split,
        lines.map((line) => plan.ids?.[line] ?? ""),
      );
  }
  if (!problems.any) checkTrain(manifest, rows, problems);
  return { raw, rows, ids };
}

function checkTrain(manifest: Manifest, rows: ReadonlyMap<string, number>, problems: DataProblems): void {
  if ((rows.get("train") ?? 0) > 0) return;
  const [source] = manifest.rows === null ? [...manifest.sources.keys()] : [manifest.rows.from];
  const file = manifest.sources.get(source ?? "")?.files.get("") ?? manifest.name;
  problems.add("data-split", { file }, "The split `train` has no rows.");
}

function buildField(
  field: FieldImport,
  raw: RawField,
  notes: Notes,
  problems: DataProblems,
): BuiltField | null {
  switch (field.kind) {
    case "sequence":
    case "vector":
      return buildFeatures(field, raw, notes, problems);
    case "tokens":
      return buildTokens(field, raw, notes, problems);
    case "class":
      return buildClass(field, raw, problems);
    case "score":
      return buildScore(field, raw, problems);
  }
}

/** The common case in flags instead of JSON: one CSV file with a line per row. */
export interface CsvImport {
  readonly file: string;
  readonly name: string;
  /** Column that identifies a row. */
  readonly id?: string;
  /** Column that names the split, or shares of rows drawn for validation and test. */
  readonly split:
    | string
    | { readonly valid: number; readonly test: number; readonly seed: number; readonly by?: string };
  /** Column of the label, and whether it is a number (`score`) or a name (`class`). */
  readonly label?: { readonly column: string; readonly kind: "score" | "class" };
  /** Fields of words: name and column. */
  readonly tokens?: Readonly<Record<string, string>>;
  /** Fields of numbers: name and columns (names, numbers or ranges `first..last`). */
  readonly vectors?: Readonly<Record<string, readonly string[]>>;
  readonly delimiter?: string;
}

/** The manifest of a single CSV file; the label field is called `y`. */
export function csvManifest(options: CsvImport): Manifest {
  const fields: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(options.tokens ?? {}))
    fields[name] = { kind: "tokens", from: "table", column };
  for (const [name, columns] of Object.entries(options.vectors ?? {}))
    fields[name] = { kind: "vector", from: "table", columns };
  if (options.label !== undefined)
    fields.y = { kind: options.label.kind, from: "table", column: options.label.column };
  const { id, split, delimiter } = options;
  return parseManifest("command line", {
    name: options.name,
    sources: { table: { file: options.file, ...(delimiter === undefined ? {} : { delimiter }) } },
    rows: { from: "table", split, ...(id === undefined ? {} : { id }) },
    fields,
    ...(options.label === undefined ? {} : { label: "y" }),
  });
}

/** What an import made, for people: rows per split, fields, and everything that was cleaned. */
export function describeImport(dataset: Dataset): string {
  const lines = [`Dataset \`${dataset.name}\``];
  for (const split of Object.values(dataset.splits)) {
    const without = rowsByLabel(split, dataset.label).unlabelled.length;
    lines.push(
      `  ${split.name.padEnd(6)} ${split.rows} rows${without > 0 ? `, ${without} of them without a label` : ""}`,
    );
  }
  if (dataset.cleaned.length > 0) lines.push("Cleaned and noticed");
  for (const note of dataset.cleaned) {
    const where = [note.field, note.split].filter((part) => part !== null).join(", ");
    lines.push(`  ${where === "" ? "" : `${where}: `}${note.what}: ${note.count}`);
  }
  return `${lines.join("\n")}\n`;
}
