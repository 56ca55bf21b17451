/**
 * The description of an import, as JSON: which files there are, which rows they give, and which field comes from
 * where. `docs/data.md` is its reference for users. Checked whole before any data file is opened.
 */
import { JsonObject, readJson } from "../json-shape.ts";
import { DataProblems, didYouMean, listNames, SHOWN_IN_DESCRIPTION } from "../problem.ts";
import type { FieldKind } from "../schema.ts";
import type { FieldImport, JoinSpec, Sentinel } from "./field.ts";

const SPLITS = ["train", "valid", "test"] as const;
export type SplitName = (typeof SPLITS)[number];

/** A file, or files by part: by split, or by whatever a field's `part` column names. */
export interface SourceSpec {
  /** Path by part; a single file has the part "". `{split}` in a path stands for the split. */
  readonly files: ReadonlyMap<string, string>;
  readonly header: boolean | readonly string[];
  readonly delimiter: string;
}

/** Splits drawn by whole groups of rows with equal text in the column `by`. */
export interface RandomSplit {
  readonly valid: number;
  readonly test: number;
  readonly seed: number;
  readonly by: string | null;
}

/** A table with one line per row of the dataset. Without it, files of one split hold the same rows in the same order. */
export interface RowsSpec {
  readonly from: string;
  readonly id: string | null;
  readonly split: string | RandomSplit;
}

export interface Manifest {
  readonly name: string;
  readonly sources: ReadonlyMap<string, SourceSpec>;
  readonly rows: RowsSpec | null;
  readonly fields: readonly FieldImport[];
  readonly label: string | null;
  /** The splits that there are when `rows` does not say it. */
  readonly splits: readonly SplitName[];
  /** The JSON as given, for the record. */
  readonly json: unknown;
}

/** Reads and checks a manifest file. Throws a UserError with every mistake in it. */
export function readManifest(path: string): Manifest {
  return parseManifest(path, readJson(path));
}

/** Checks a manifest; `file` says in messages where it stands. */
export function parseManifest(file: string, json: unknown): Manifest {
  const problems = new DataProblems(SHOWN_IN_DESCRIPTION);
  const root = new JsonObject(file, [], json, problems, "data-manifest");
  problems.throwIfAny();
  for (const key of ["name", "sources", "fields"]) root.required(key);
  root.text("note");
  const sourceList = root.object("sources");
  const sources = new Map(sourceList.keys().map((name) => [name, sourceOf(sourceList.object(name))]));
  const rows = root.has("rows") ? rowsOf(root.object("rows"), sources) : null;
  const fieldList = root.object("fields");
  const fields = fieldList.keys().map((name) => fieldOf(name, fieldList.object(name), sources, rows));
  for (const name of fieldList.keys()) {
    if (!/^[A-Za-z_][\w.]*$/.test(name)) {
      fieldList.problem(name, "A field name begins with a letter and holds letters, digits, `_` and `.`.");
    }
  }
  if (fields.length === 0) root.problem("fields", "At least one field is needed.");
  const label = root.text("label");
  if (label !== null && !fields.some((field) => field.name === label)) {
    root.problem(
      "label",
      `There is no field \`${label}\`. There are ${listNames(fields.map((field) => field.name))}.`,
    );
  }
  const manifest = {
    name: root.text("name") ?? "",
    sources,
    rows,
    fields,
    label,
    splits: splitsOf(root, sources),
    json,
  };
  if (rows === null) checkFilesBySplit(root, manifest);
  root.done();
  problems.throwIfAny();
  return manifest;
}

function sourceOf(json: JsonObject): SourceSpec {
  json.text("note");
  const file = json.text("file");
  const parts = json.object("files");
  const files = new Map<string, string>();
  if (file !== null) files.set("", file);
  for (const part of parts.keys()) files.set(part, parts.text(part) ?? "");
  if (json.has("file") === json.has("files")) json.problem(null, "A source has either `file` or `files`.");
  const header = json.get("header", "`true`, `false` or a list of column names", isHeader);
  const delimiter = json.text("delimiter");
  json.done();
  return { files, header: header ?? true, delimiter: delimiter ?? "," };
}

function isHeader(value: unknown): value is boolean | string[] {
  return (
    typeof value === "boolean" || (Array.isArray(value) && value.every((name) => typeof name === "string"))
  );
}

function rowsOf(json: JsonObject, sources: ReadonlyMap<string, SourceSpec>): RowsSpec {
  for (const key of ["from", "split"]) json.required(key);
  const from = knownSource(json, sources);
  if (from !== "" && !sources.get(from)?.files.has(""))
    json.problem("from", "The rows must come from a source with a single `file`.");
  const id = json.text("id");
  const value = json.raw("split");
  const split = typeof value === "string" ? value : randomSplit(json.object("split"));
  json.done();
  return { from, id, split };
}

function randomSplit(json: JsonObject): RandomSplit {
  const share = (key: string) => {
    const value = json.number(key) ?? 0;
    if (value < 0 || value >= 1) json.problem(key, "A share of the rows lies between 0 and 1.");
    return value;
  };
  const split = {
    valid: share("valid"),
    test: share("test"),
    seed: json.whole("seed", 0) ?? 0,
    by: json.text("by"),
  };
  if (split.valid + split.test >= 1)
    json.problem(null, "`valid` and `test` together must leave rows for training.");
  json.done();
  return split;
}

function knownSource(json: JsonObject, sources: ReadonlyMap<string, SourceSpec>): string {
  json.required("from");
  const from = json.text("from") ?? "";
  if (from !== "" && !sources.has(from)) {
    const known = [...sources.keys()];
    json.problem(
      "from",
      `There is no source \`${from}\`. There are ${listNames(known)}.`,
      didYouMean(from, known),
    );
  }
  return from;
}

const COMMON = ["kind", "from", "dataset", "on", "row", "part", "note"];
const FEATURES = ["columns", "scale", "clip", "missing", "sentinels"];
const KEYS: Record<FieldKind, readonly string[]> = {
  sequence: [...FEATURES, "maxLength", "padding"],
  vector: FEATURES,
  tokens: [
    "column",
    "columns",
    "maxLength",
    "minCount",
    "maxVocabulary",
    "lowercase",
    "vocabularySize",
    "vocabularyFile",
    "textSplit",
    "vectors",
  ],
  class: ["column", "classes"],
  score: ["column", "range", "middle"],
};

function fieldOf(
  name: string,
  json: JsonObject,
  sources: ReadonlyMap<string, SourceSpec>,
  rows: RowsSpec | null,
): FieldImport {
  json.required("kind");
  const kind = json.choice("kind", ["sequence", "vector", "tokens", "class", "score"]) ?? "score";
  const allowed = [...COMMON, ...KEYS[kind]];
  for (const key of json.keys()) {
    if (!allowed.includes(key))
      json.problem(
        key,
        `A field of kind \`${kind}\` has no \`${key}\`. It has ${listNames(allowed, 30)}.`,
        didYouMean(key, allowed),
      );
  }
  const column = json.text("column");
  const columns = columnList(json);
  if (column !== null && columns !== null) json.problem(null, "Give either `column` or `columns`.");
  const sentinels = json.objects("sentinels").map(sentinelOf);
  const range = json.get("range", "two numbers, the lower first", isRange);
  const clip = json.number("clip");
  if (clip !== null && clip <= 0) json.problem("clip", "It must be above 0 (in standard deviations).");
  const scale = json.choice("scale", ["standard", "none"]) ?? "standard";
  if (clip !== null && scale === "none")
    json.problem("clip", 'It counts standard deviations and needs `"scale": "standard"`.');
  return {
    name,
    kind,
    from: knownSource(json, sources),
    dataset: json.text("dataset"),
    columns: column === null ? columns : [column],
    isText: column !== null,
    join: joinOf(json, rows),
    maxLength: json.whole("maxLength", 1),
    padding: json.choice("padding", ["zeros", "none"]) ?? "zeros",
    scale,
    clip,
    missing: json.choice("missing", ["mean", "zero", "refuse"]) ?? "mean",
    sentinels,
    minCount: json.whole("minCount", 1) ?? 1,
    maxVocabulary: json.whole("maxVocabulary", 3),
    lowercase: json.flag("lowercase") ?? true,
    vocabularySize: json.whole("vocabularySize", 1),
    vocabularyFile: json.text("vocabularyFile"),
    textSplit: json.choice("textSplit", ["spaces", "bert"]),
    vectors: vectorsOf(json),
    range,
    middle: json.number("middle") ?? 0,
    classes: json.texts("classes"),
    labels: "optional",
  };
}

function vectorsOf(json: JsonObject): FieldImport["vectors"] {
  if (!json.has("vectors")) return null;
  const vectors = json.object("vectors");
  vectors.required("file");
  const found = { file: vectors.text("file") ?? "", words: vectors.text("words") };
  vectors.done();
  return found;
}

function columnList(json: JsonObject): readonly string[] | null {
  const value = json.get(
    "columns",
    "a column, a range `first..last`, or a list of them",
    (item): item is string | string[] => {
      return (
        typeof item === "string" || (Array.isArray(item) && item.every((part) => typeof part === "string"))
      );
    },
  );
  return typeof value === "string" ? [value] : value;
}

function sentinelOf(json: JsonObject): Sentinel {
  for (const key of ["columns", "value"]) json.required(key);
  json.text("note");
  const columns = json.numbers("columns") ?? [];
  if (!columns.every((column) => Number.isInteger(column) && column >= 0)) {
    json.problem("columns", "Columns of a field are counted from 0.");
  }
  const sentinel = { columns, value: json.number("value") ?? 0 };
  json.done();
  return sentinel;
}

function isRange(value: unknown): value is [number, number] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [low, high]: unknown[] = value;
  return typeof low === "number" && typeof high === "number" && low < high;
}

function joinOf(json: JsonObject, rows: RowsSpec | null): JoinSpec {
  const on = json.raw("on");
  const row = json.text("row");
  const part = json.text("part");
  if (rows === null && (on !== undefined || row !== null || part !== null)) {
    json.problem(null, "Joins need `rows`, the table that has one line per row.");
  }
  if (on !== undefined && (row !== null || part !== null))
    json.problem(null, "Join either `on` an id or by `row`.");
  if (part !== null && row === null)
    json.problem("part", "`part` says in which file to look; `row` must say which line.");
  if (typeof on === "string") return { kind: "id", left: on, right: on };
  if (on !== undefined) {
    const pair = json.object("on");
    for (const key of ["rows", "source"]) pair.required(key);
    const join: JoinSpec = { kind: "id", left: pair.text("rows") ?? "", right: pair.text("source") ?? "" };
    pair.done();
    return join;
  }
  return row === null ? { kind: "same-row" } : { kind: "number", row, part };
}

function splitsOf(root: JsonObject, sources: ReadonlyMap<string, SourceSpec>): SplitName[] {
  const given = root.texts("splits");
  for (const name of given ?? []) {
    if (!isSplit(name))
      root.problem("splits", `The splits are ${listNames(SPLITS)}; \`${name}\` is none of them.`);
  }
  if (given !== null) return SPLITS.filter((split) => given.includes(split));
  const named = [...sources.values()]
    .flatMap((source) => [...source.files.keys()])
    .filter((part) => part !== "");
  return named.length === 0 ? [...SPLITS] : SPLITS.filter((split) => named.includes(split));
}

function isSplit(name: string): name is SplitName {
  return SPLITS.some((split) => split === name);
}

/** Without a table of rows, each field needs a place of its own for every split. */
function checkFilesBySplit(root: JsonObject, manifest: Manifest): void {
  for (const [name, source] of manifest.sources) {
    for (const part of source.files.keys()) {
      if (part !== "" && !isSplit(part)) {
        root.problem(
          `sources.${name}.files.${part}`,
          `Without \`rows\`, files are named by split: ${listNames(SPLITS)}.`,
        );
      }
    }
  }
  for (const field of manifest.fields) {
    const single = manifest.sources.get(field.from)?.files.get("");
    if (single === undefined || single.includes("{split}") || field.dataset?.includes("{split}")) continue;
    root.problem(
      `fields.${field.name}`,
      "This gives the same rows to every split. Give files by split, write `{split}` in the path or the dataset, or describe `rows`.",
    );
  }
}

const SPELLINGS: Readonly<Record<string, SplitName>> = {
  dev: "valid",
  val: "valid",
  validation: "valid",
  training: "train",
};

/** The split that a cell names (`val`, `dev` and the like mean `valid`), or null. */
export function splitNamed(cell: string): SplitName | null {
  const name = cell.trim().toLowerCase();
  return isSplit(name) ? name : Object.hasOwn(SPELLINGS, name) ? (SPELLINGS[name] ?? null) : null;
}
