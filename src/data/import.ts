/**
 * The import of data files into a dataset folder: the description is checked, the files are read, rows are joined,
 * fields are built, the folder is written. Problems of all files are collected; nothing is written if there is one.
 */
import { checkOutput } from "./dataset.ts";
import { buildFields } from "./import/fields.ts";
import { type Manifest, parseManifest } from "./import/manifest.ts";
import { Notes } from "./import/notes.ts";
import { alignSplits, joinRows, planRows, type RawField } from "./import/rows.ts";
import { type OpenedPart, Sources } from "./import/sources.ts";
import { type ImportPlan, type ImportSummary, writeImport } from "./import/write.ts";
import { describeNote } from "./inspect-table.ts";
import { DataProblems } from "./problem.ts";
import { type Dataset, rowsByLabel } from "./schema.ts";

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

/** Imports into a new dataset folder. Throws a UserError with every problem found. */
export async function importDataset(options: ImportOptions): Promise<ImportSummary> {
  checkOutput(options.out, options.force ?? false);
  return writeImport(await planImport(options), options.out, options.force ?? false);
}

async function planImport({ manifest, from, command = "" }: ImportOptions): Promise<ImportPlan> {
  const problems = new DataProblems();
  const notes = new Notes();
  const sources = new Sources(manifest, from, problems);
  const opened = new Map<string, Map<string, OpenedPart>>();
  for (const field of manifest.fields) opened.set(field.name, await sources.open(field));
  const { raw, rows, ids } = joinAll(manifest, opened, sources, notes, problems);
  problems.throwIfAny();
  const built = buildFields(manifest.fields, raw, from, notes, problems);
  const provenance = { command, sources: sources.opened, options: manifest.json };
  return { name: manifest.name, label: manifest.label, built, rows, ids, provenance, notes };
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

/** What an import or generator made. */
export function summarize(dataset: Dataset): ImportSummary {
  const splits = Object.values(dataset.splits).map((split) => ({
    name: split.name,
    rows: split.rows,
    unlabelled: rowsByLabel(split, dataset.label).unlabelled.length,
  }));
  return { name: dataset.name, splits, cleaned: dataset.cleaned };
}

/** A summary for people: rows per split, and everything that was cleaned or noticed. */
export function describeImport({ name, splits, cleaned }: ImportSummary): string {
  const lines = [`Dataset \`${name}\``];
  for (const split of splits) {
    const without = split.unlabelled > 0 ? `, ${split.unlabelled} of them without a label` : "";
    lines.push(`  ${split.name.padEnd(6)} ${split.rows} rows${without}`);
  }
  if (cleaned.length > 0) lines.push("Cleaned and noticed");
  for (const note of cleaned) lines.push(`  ${describeNote(note)}`);
  return `${lines.join("\n")}\n`;
}
