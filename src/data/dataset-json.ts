/** The file `dataset.json`: everything about a dataset but its values. Read with every mistake named, written by us. */

import { JsonObject, readJson } from "./json-shape.ts";
import { DataProblems, SHOWN_IN_DESCRIPTION } from "./problem.ts";
import type {
  CleaningNote,
  Dataset,
  FieldKind,
  FieldSpec,
  Provenance,
  Scaling,
  VectorsFile,
} from "./schema.ts";

/** Raised when the meaning of the folder changes; older programs then refuse it by name. */
const VERSION = 1;
const KINDS: readonly FieldKind[] = ["sequence", "vector", "tokens", "class", "score"];

export interface ShardFile {
  readonly file: string;
  readonly rows: number;
}

interface SplitFile {
  readonly rows: number;
  readonly shards: readonly ShardFile[];
}

/** What `dataset.json` says. */
export interface DatasetFile extends Omit<Dataset, "splits"> {
  readonly splits: Readonly<Record<string, SplitFile>>;
}

/** A split as written: its shards, and how many of its rows have no label. */
export interface WrittenSplit {
  readonly rows: number;
  readonly unlabelled: number;
  readonly shards: readonly ShardFile[];
}

/** The text of `dataset.json`. Nothing in it depends on the time or the machine: equal data give equal folders. */
export function printDatasetFile(
  dataset: Omit<Dataset, "splits">,
  splits: Readonly<Record<string, WrittenSplit>>,
): string {
  const { name, label, fields, scaling, cleaned, provenance, vectors } = dataset;
  const assets = vectors === undefined ? {} : { vectors };
  const all = { version: VERSION, name, label, splits, fields, ...assets, scaling, cleaned, provenance };
  return `${JSON.stringify(all, null, 1)}\n`;
}

/** Reads and checks `dataset.json`. */
export function readDatasetFile(path: string): DatasetFile {
  const problems = new DataProblems(SHOWN_IN_DESCRIPTION);
  const json = new JsonObject(path, [], readJson(path), problems, "data-format");
  problems.throwIfAny();
  const version = json.raw("version");
  if (version !== VERSION) {
    problems.add(
      "data-version",
      { file: path, within: ["version"] },
      `The folder has version ${JSON.stringify(version) ?? "missing"}; this program reads version ${VERSION}.`,
    );
    problems.throwIfAny();
  }
  for (const key of ["name", "splits", "fields"]) json.required(key);
  const fields = json.objects("fields").map(fieldSpec);
  const names = fields.map((field) => field.name);
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) {
    json.problem("fields", `The field \`${name}\` is listed twice.`);
  }
  const label = json.raw("label") === null ? null : json.text("label");
  if (label !== null && !names.includes(label)) json.problem("label", `There is no field \`${label}\`.`);
  const result: DatasetFile = {
    name: json.text("name") ?? "",
    fields,
    label,
    splits: record(json.object("splits"), splitFile),
    scaling: record(json.object("scaling"), scalingOf),
    provenance: provenanceOf(json.object("provenance")),
    cleaned: json.objects("cleaned").map(noteOf),
    ...(json.has("vectors") ? { vectors: record(json.object("vectors"), vectorsOf) } : {}),
  };
  problems.throwIfAny();
  return result;
}

function record<T>(json: JsonObject, read: (item: JsonObject) => T): Record<string, T> {
  return Object.fromEntries(json.keys().map((key) => [key, read(json.object(key))]));
}

function fieldSpec(json: JsonObject): FieldSpec {
  for (const key of ["name", "kind", "width", "maxLength"]) json.required(key);
  const kind = json.choice("kind", KINDS) ?? "score";
  const vocabularySize = json.whole("vocabularySize", 1);
  const vocabulary = json.texts("vocabulary");
  const classes = json.texts("classes");
  if (kind === "tokens" && vocabularySize === null) json.problem(null, "Tokens need a `vocabularySize`.");
  if (kind === "class" && classes === null) json.problem(null, "A class needs its `classes`.");
  if (vocabulary !== null && vocabulary.length !== vocabularySize) {
    json.problem(
      "vocabulary",
      `It has ${vocabulary.length} words, but \`vocabularySize\` is ${vocabularySize}.`,
    );
  }
  const spec = {
    name: json.text("name") ?? "",
    kind,
    width: json.whole("width", 1) ?? 1,
    maxLength: json.whole("maxLength", 1) ?? 1,
    ...(vocabularySize === null ? {} : { vocabularySize }),
    ...(vocabulary === null ? {} : { vocabulary }),
    ...(classes === null ? {} : { classes }),
  };
  json.done();
  return spec;
}

function splitFile(json: JsonObject): SplitFile {
  for (const key of ["rows", "shards"]) json.required(key);
  const shards = json.objects("shards").map((shard) => {
    for (const key of ["file", "rows"]) shard.required(key);
    const file = shard.text("file") ?? "";
    if (isOutside(file)) shard.problem("file", "A shard must lie in the folder itself.");
    return { file, rows: shard.whole("rows", 0) ?? 0 };
  });
  const rows = json.whole("rows", 0) ?? 0;
  const sum = shards.reduce((total, shard) => total + shard.rows, 0);
  if (sum !== rows) json.problem("shards", `The shards have ${sum} rows together, the split has ${rows}.`);
  return { rows, shards };
}

function vectorsOf(json: JsonObject): VectorsFile {
  for (const key of ["file", "width", "found"]) json.required(key);
  const file = json.text("file") ?? "";
  if (isOutside(file)) json.problem("file", "The file must lie in the folder itself.");
  return { file, width: json.whole("width", 1) ?? 1, found: json.whole("found", 0) ?? 0 };
}

/** A dataset folder is closed: it never makes a reader open files elsewhere. */
function isOutside(file: string): boolean {
  return /[/\\]/.test(file) || file === "..";
}

function scalingOf(json: JsonObject): Scaling {
  for (const key of ["mean", "deviation"]) json.required(key);
  return {
    mean: json.numbers("mean") ?? [],
    deviation: json.numbers("deviation") ?? [],
    constant: json.numbers("constant") ?? [],
    clip: json.raw("clip") === null ? null : json.number("clip"),
    fittedOn: json.whole("fittedOn", 0) ?? 0,
  };
}

function provenanceOf(json: JsonObject): Provenance {
  const sources = json.objects("sources").map((source) => ({
    file: source.text("file") ?? "",
    sha256: source.text("sha256") ?? "",
    bytes: source.whole("bytes", 0) ?? 0,
  }));
  return { command: json.anyText("command") ?? "", sources, options: json.raw("options") ?? null };
}

function noteOf(json: JsonObject): CleaningNote {
  const textOrNull = (key: string) => (json.raw(key) === null ? null : json.text(key));
  const examples = json.texts("examples");
  return {
    field: textOrNull("field"),
    split: textOrNull("split"),
    what: json.text("what") ?? "",
    count: json.whole("count", 0) ?? 0,
    ...(examples === null ? {} : { examples }),
  };
}
