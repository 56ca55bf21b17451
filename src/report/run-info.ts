/** The file `run.json`: everything that determines a run and where it happened. A run can be evaluated or resumed from its folder alone. */
import { join } from "node:path";
import type { Drops } from "../data/drop.ts";
import { sha256 } from "../data/files.ts";
import { isObject, JsonObject, readJson } from "../data/json-shape.ts";
import { DataProblems } from "../data/problem.ts";
import type { LoadedWeights } from "../train/pretrained.ts";
import type { LoadedVectors } from "../train/word-vectors.ts";
import { runError } from "./run-error.ts";

/** Raised when the meaning of the folder changes. */
const VERSION = 1;
export const RUN_FILE = "run.json";
const STATUSES = ["running", "finished", "patience", "interrupted", "failed"] as const;

export type RunStatus = (typeof STATUSES)[number];

export interface RunInfo {
  readonly status: RunStatus;
  /** The command as typed. */
  readonly command: string;
  /** Path of the spec as typed, the key of its text in `sources`. */
  readonly spec: string;
  /** Text of the spec and of every file that it imports, by path. */
  readonly sources: Readonly<Record<string, string>>;
  readonly model: string;
  /** What `--set` changed, as written. */
  readonly settings: Readonly<Record<string, string>>;
  readonly sizes: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly epochs: number;
  /** Shares of rows that lost a modality: `vision` in every split, `test.vision` in one. */
  readonly drop: Drops;
  readonly dataset: { readonly folder: string; readonly name: string; readonly fingerprint: string };
  /** Folders of weights by the names in the spec, as typed. */
  readonly pretrained: Readonly<Record<string, string>>;
  /** What parameters started from besides drawn numbers. */
  readonly loaded: {
    readonly weights: readonly LoadedWeights[];
    readonly vectors: readonly LoadedVectors[];
  };
  readonly device: { readonly target: string; readonly name: string; readonly reason: string };
  readonly versions: Readonly<Record<string, string>>;
  /** Times in ISO 8601. */
  readonly started: string;
  readonly ended: string | null;
}

/** Where parameters come from, as metadata of the files that hold them: the spec with all imports and settings by their hash, sizes, and the data. */
export function provenance(info: RunInfo): Record<string, string> {
  const { sources, settings, model, sizes, seed, drop, dataset, versions } = info;
  return {
    "mird.model": model,
    "mird.spec": sha256([JSON.stringify([sources, settings, model])]),
    "mird.sizes": JSON.stringify(sizes),
    "mird.seed": String(seed),
    "mird.dataset": dataset.fingerprint,
    ...(Object.keys(drop).length === 0 ? {} : { "mird.drop": JSON.stringify(drop) }),
    "mird.version": versions.mird ?? "unknown",
  };
}

/** The text of `run.json`. */
export function printRunInfo(info: RunInfo): string {
  return `${JSON.stringify({ version: VERSION, ...info }, null, 1)}\n`;
}

/** Reads `run.json` of a run folder; throws a UserError when it is none. */
export function readRunInfo(folder: string): RunInfo {
  const path = join(folder, RUN_FILE);
  const problems = new DataProblems();
  const json = new JsonObject(path, [], readJson(path), problems, "data-format");
  problems.throwIfAny();
  const version = json.raw("version");
  if (version !== VERSION) {
    throw runError(
      "run-version",
      folder,
      `The folder was written by another version of mird (run format ${String(version)}, this one reads ${VERSION}).`,
    );
  }
  const dataset = json.object("dataset");
  const device = json.object("device");
  const info: RunInfo = {
    status: json.choice("status", STATUSES) ?? "failed",
    command: json.anyText("command") ?? "",
    spec: json.text("spec") ?? "",
    sources: record(json.raw("sources"), isText),
    model: json.text("model") ?? "",
    settings: record(json.raw("settings"), isText),
    sizes: record(json.raw("sizes"), isNumber),
    seed: json.whole("seed", 0) ?? 0,
    epochs: json.whole("epochs", 1) ?? 1,
    drop: record(json.raw("drop"), isNumber),
    dataset: {
      folder: dataset.text("folder") ?? "",
      name: dataset.anyText("name") ?? "",
      fingerprint: dataset.text("fingerprint") ?? "",
    },
    pretrained: record(json.raw("pretrained"), isText),
    loaded: readLoaded(json.raw("loaded")),
    device: {
      target: device.text("target") ?? "",
      name: device.anyText("name") ?? "",
      reason: device.anyText("reason") ?? "",
    },
    versions: record(json.raw("versions"), isText),
    started: json.anyText("started") ?? "",
    ended: json.raw("ended") === null ? null : json.anyText("ended"),
  };
  problems.throwIfAny();
  return info;
}

/** What was loaded, as it was written; a run that says nothing of it has loaded nothing. An export takes the configuration over. */
function readLoaded(value: unknown): RunInfo["loaded"] {
  const list = (key: string) => (isObject(value) && Array.isArray(value[key]) ? value[key] : []);
  return { weights: list("weights"), vectors: list("vectors") };
}

function record<T>(value: unknown, accepts: (item: unknown) => item is T): Record<string, T> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.flatMap(([key, item]) => (accepts(item) ? [[key, item]] : [])));
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
