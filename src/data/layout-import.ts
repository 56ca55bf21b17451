/**
 * Import of files in the layouts that people have, without a description: pickles of MMSA and MIRD, computational
 * sequences, HDF5, .npz, .npy, CSV and JSON lines. Every finding is reported; what is unclear is refused.
 */
import { checkOutput } from "./dataset.ts";
import { idFindings } from "./ids.ts";
import { buildFields } from "./import/fields.ts";
import type { SplitName } from "./import/manifest.ts";
import { Notes } from "./import/notes.ts";
import type { RawField, RawRow } from "./import/rows.ts";
import { type ImportPlan, type ImportSummary, writeImport } from "./import/write.ts";
import { type ChosenField, chooseFields, relevantKeys, type Wishes } from "./layout/choose.ts";
import { type Column, columnNumbers, columnPlace, columnRows, within } from "./layout/columns.ts";
import { type Block, type GivenSource, mergeSources, type Shares } from "./layout/merge.ts";
import { detect, type Format, openSequences, openSource } from "./layout/open.ts";
import { columnSource, maskLengths } from "./layout/rows.ts";
import { DataProblems, dataError, listNames } from "./problem.ts";

/** A file or folder, and the split that all of its rows belong to, if the user says so. */
export interface SourcePath {
  readonly path: string;
  readonly split: SplitName | "unlabelled" | null;
}

export interface LayoutImport extends Wishes {
  readonly name: string;
  readonly sources: readonly SourcePath[];
  readonly format: Format;
  /** The computational sequence whose steps are the rows; null for the labels. */
  readonly align: string | null;
  readonly delimiter: string | null;
  readonly shares: Shares;
  readonly out: string;
  readonly force: boolean;
  readonly command: string;
}

/** What is assumed where nothing is asked for. */
export const LAYOUT_DEFAULTS = {
  format: "auto",
  align: null,
  delimiter: null,
  shares: { valid: 0, test: 0, seed: 0 },
  fields: new Map(),
  without: [],
  range: null,
  middle: 0,
  vocabularyFile: null,
  textSplit: null,
  clip: null,
  vectors: new Map(),
  force: false,
  command: "",
} as const satisfies Partial<LayoutImport>;

/** The scale of MOSI and MOSEI, which scores of MMSA and MIRD files are compared with when no range is given. */
const USUAL_RANGE = [-3, 3] as const;

/** Imports into a new dataset folder. Throws a UserError with every problem found. */
export async function importLayout(options: LayoutImport): Promise<ImportSummary> {
  checkOutput(options.out, options.force);
  return writeImport(await planLayout(options), options.out, options.force);
}

async function planLayout(options: LayoutImport): Promise<ImportPlan> {
  const problems = new DataProblems();
  const notes = new Notes();
  const sources = await openAll(options, problems);
  problems.throwIfAny();
  const formats = sources.map(({ opened }) => opened.format);
  const lazily = formats.every((format) => format === "npz" || format === "mmsa" || format === "mird");
  const relevant = (keys: readonly string[]) => relevantKeys(keys, options, !lazily);
  const blocks = mergeSources(sources, options.shares, relevant, notes, problems);
  const first = options.sources[0]?.path ?? "";
  if (!blocks.some((block) => block.split === "train"))
    throw dataError("data-split", { file: first }, "The split `train` has no rows.");
  for (const split of ["valid", "test"] as const) {
    if (!blocks.some((block) => block.split === split)) notes.add(null, split, "split that no source has", 1);
  }
  const { chosen, left } = chooseFields(blocks, options, !lazily);
  notes.add(null, null, "columns that became no field (name one with `--field`)", left.length, left);
  checkPresence(chosen, blocks, notes, problems);
  const raw = rawFields(chosen, blocks, problems);
  const named = blocks.map(({ split, ids }): [string, readonly string[]] => [split, ids ?? []]);
  for (const { split, what, count, examples } of idFindings(named))
    notes.add(null, split, `${what}, kept`, count, examples);
  noteScores(chosen, blocks, formats, options, notes);
  problems.throwIfAny();
  if (chosen.length === 0)
    throw dataError("data-empty", { file: first }, "The file holds no column that could be a field.");
  const fields = chosen.map(({ field }) => field);
  const built = buildFields(fields, raw, "", notes, problems);
  const rows = new Map<string, number>();
  const ids = new Map<string, readonly string[]>();
  for (const { split, rows: count } of blocks) rows.set(split, (rows.get(split) ?? 0) + count);
  if (blocks.every((block) => block.ids !== null))
    for (const block of blocks) ids.set(block.split, [...(ids.get(block.split) ?? []), ...(block.ids ?? [])]);
  noteIncomplete(raw, rows, notes);
  const label = fields.find(({ name }) => name === "y") ?? fields.find(({ kind }) => kind === "class");
  if (label === undefined) notes.add(null, null, "no label: every row counts as one without", 1);
  const { out: _out, force: _force, command, ...asked } = options;
  const provenance = {
    command,
    sources: sources.flatMap(({ opened }) => opened.files),
    options: {
      ...asked,
      fields: Object.fromEntries(options.fields),
      vectors: Object.fromEntries(options.vectors),
    },
  };
  return { name: options.name, label: label?.name ?? null, built, rows, ids, provenance, notes };
}

/** Opens the sources in order; computational sequences are opened together, in the place of the first of them. */
async function openAll(options: LayoutImport, problems: DataProblems): Promise<GivenSource[]> {
  const opened: GivenSource[] = [];
  const sequences: string[] = [];
  let place = 0;
  for (const { path, split } of options.sources) {
    try {
      const isSequence =
        split === null &&
        (options.format === "csd" || (options.format === "auto" && (await isSequenceFile(path))));
      if (!isSequence) opened.push({ opened: await openSource(path, options), split });
      else if (sequences.push(path) === 1) place = opened.length;
    } catch (error) {
      problems.absorb(error);
    }
  }
  problems.throwIfAny();
  if (sequences.length > 0)
    opened.splice(place, 0, { opened: await openSequences(sequences, options.align), split: null });
  return opened;
}

async function isSequenceFile(path: string): Promise<boolean> {
  try {
    return (await detect(path)) === "csd";
  } catch {
    // Whatever is wrong with it is reported when it is opened.
    return false;
  }
}

const LABELS = ["score", "class"];

/** A field must be in all labelled blocks or in none; unlabelled ones may lack it, and it is then absent there. */
function checkPresence(
  chosen: readonly ChosenField[],
  blocks: readonly Block[],
  notes: Notes,
  problems: DataProblems,
): void {
  for (const { field, key } of chosen) {
    for (const block of blocks) {
      if (block.columns.has(key)) continue;
      if (!block.labelled) {
        if (!LABELS.includes(field.kind))
          notes.add(field.name, block.split, "unlabelled rows that lack it", block.rows);
        continue;
      }
      problems.add(
        "data-missing-column",
        block.place,
        `Split \`${block.split}\` has no \`${key}\`, which other splits have. It has ${listNames([...block.columns.keys()])}.`,
        `Leave it out everywhere with \`--without ${key}\`.`,
      );
    }
  }
  const modalities = ["text", "audio", "vision"];
  const there = chosen.map(({ field }) => field.name);
  const usual = modalities.filter((name) => there.includes(name));
  if (usual.length > 0 && usual.length < modalities.length)
    notes.add(
      null,
      null,
      "modalities that no source has",
      modalities.length - usual.length,
      modalities.filter((name) => !there.includes(name)),
    );
}

function rawFields(
  chosen: readonly ChosenField[],
  blocks: readonly Block[],
  problems: DataProblems,
): Map<string, RawField> {
  const raw = new Map<string, RawField>();
  for (const { field, key, lengths } of chosen) {
    const splits = new Map<string, (RawRow | null)[]>();
    for (const block of blocks) {
      const rows = splits.get(block.split) ?? [];
      splits.set(block.split, rows);
      const column = block.columns.get(key);
      const absent = column === undefined || (!block.labelled && LABELS.includes(field.kind));
      const source = absent
        ? null
        : problems.attempt(() =>
            columnSource(field.kind, column, lengthColumn(key, lengths, column, block), block, problems),
          );
      for (let row = 0; row < block.rows; row++) {
        const has = source !== null && (column?.kind !== "rows" || column.rows[row] !== null);
        rows.push(has && source !== null ? { source, rows: [row] } : null);
      }
    }
    raw.set(field.name, splits);
  }
  return raw;
}

/** The lengths of a column: recorded beside it, or for MMSA's text features by the mask of `text_bert`. */
function lengthColumn(key: string, lengths: string | null, column: Column, block: Block): Column | null {
  const masked = block.columns.get("text_bert");
  if (lengths !== null) return block.columns.get(lengths) ?? null;
  return key === "text" && masked !== undefined ? maskLengths(masked, column) : null;
}

/** Scores outside the usual scale, and splits in which all are the same. */
function noteScores(
  chosen: readonly ChosenField[],
  blocks: readonly Block[],
  formats: readonly string[],
  { range }: LayoutImport,
  notes: Notes,
): void {
  const score = chosen.find(({ field }) => field.name === "y" && field.kind === "score");
  if (score === undefined) return;
  const usual = formats.every(
    (format) => format === "mmsa" || format === "mird" || format === "jsonl" || format === "csv",
  );
  for (const block of blocks) {
    const column = block.columns.get(score.key);
    if (column === undefined || !block.labelled) continue;
    if (column.kind === "array" && column.array.isText) {
      throw dataError(
        "data-value",
        columnPlace(column),
        "The labels are texts; numbers were expected.",
        "Save them as numbers, or name another column with `--field y=…`.",
      );
    }
    const values = columnNumbers(column);
    const first = values[0] ?? 0;
    if (values.length > 1 && values.every((value) => value === first))
      notes.add(
        "y",
        block.split,
        "rows with one and the same label: correlation is not defined",
        columnRows(column),
        [String(first)],
      );
    values.forEach((value, row) => {
      if (range !== null || !usual || !(value < USUAL_RANGE[0] || value > USUAL_RANGE[1])) return;
      const place = within(columnPlace(column), `row ${row}`).within?.at(-1) ?? "";
      notes.add(
        "y",
        block.split,
        "scores outside -3 to 3, the usual scale, kept (refuse them with `--range`)",
        1,
        [`${block.ids?.[row] ?? place}: ${value}`],
      );
    });
  }
}

/** Rows in which a feature has no values at all. */
function noteIncomplete(
  raw: ReadonlyMap<string, RawField>,
  rows: ReadonlyMap<string, number>,
  notes: Notes,
): void {
  for (const [field, splits] of raw) {
    for (const [split, all] of splits) {
      const absent = all.filter((row) => row === null).length;
      if (absent < (rows.get(split) ?? 0))
        notes.add(field, split, "rows for which the source has nothing", absent);
    }
  }
}
