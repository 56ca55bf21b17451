/** The folder of a comparison: what is compared (`plan.json`), a run folder per variant and seed, and the tables at the end. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { reason, sha256, writeFileAtomic } from "../data/files.ts";
import { isObject, readJson } from "../data/json-shape.ts";
import type { Comparison, RunValues } from "./comparison.ts";
import { comparisonCsv, comparisonLatex, comparisonMarkdown } from "./comparison-print.ts";
import { lockFolder } from "./lock.ts";
import { readRun } from "./run-directory.ts";
import { runError } from "./run-error.ts";
import { RUN_FILE } from "./run-info.ts";

const PLAN_FILE = "plan.json";
const RESULT_FILE = "comparison.json";
/** Raised when the meaning of these files changes. */
const VERSION = 1;

/** Everything that decides what the runs of a comparison are, but the number of seeds: more can be added later. */
export interface ComparisonPlan {
  readonly spec: string;
  readonly model: string | null;
  /** Of the spec and all that it imports. */
  readonly sources: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
  readonly over: readonly { readonly name: string; readonly values: readonly string[] }[];
  readonly epochs: number | null;
  /** Shares of rows that lose a modality in every variant, as typed. */
  readonly drop: readonly string[];
  /** Folders of weights by the names in the spec, as typed. */
  readonly pretrained: Readonly<Record<string, string>>;
  /** Fingerprint. */
  readonly dataset: string;
  /** The kind of device that the runs are compiled for. */
  readonly target: string;
}

/** A folder below `parent` that belongs to this plan alone, so that the same command finds it again. */
export function comparisonFolder(parent: string, plan: ComparisonPlan): string {
  const name = basename(plan.spec).replace(/\.mird$/, "");
  return join(parent, `compare-${name}-${sha256([printPlan(plan)]).slice(0, 8)}`);
}

/** Makes the folder, or opens one with the same plan; returns the function that gives it back. Throws a UserError for any other folder. */
export function openComparison(folder: string, plan: ComparisonPlan): () => void {
  const path = join(folder, PLAN_FILE);
  if (!existsSync(path)) {
    if (existsSync(folder) && entriesOf(folder).length > 0) {
      throw runError(
        "run-exists",
        folder,
        "The folder holds something that is no comparison.",
        "Give another folder.",
      );
    }
    makeFolder(folder);
    const unlock = lockFolder(folder);
    writeText(path, printPlan(plan));
    return unlock;
  }
  const differing = differences(readJson(path), plan);
  if (differing.length > 0) {
    const text = `The folder holds another comparison; these differ: ${differing.join(", ")}.`;
    throw runError("other-comparison", folder, text, "Give another folder, or none.");
  }
  return lockFolder(folder);
}

/** Whether a run is to be made, gone on with, or has its results already. What a crash left of a run without `run.json` is removed. */
export function runState(folder: string): "new" | "stopped" | "ended" {
  if (!existsSync(join(folder, RUN_FILE))) {
    rmSync(folder, { recursive: true, force: true });
    return "new";
  }
  const { status } = readRun(folder);
  return status === "finished" || status === "patience" ? "ended" : "stopped";
}

/** Metrics and losses of a run that has ended, by split. */
export function runValues(folder: string): RunValues {
  const json = readJson(join(folder, "metrics.json"));
  const splits = isObject(json) && isObject(json.splits) ? json.splits : {};
  return Object.fromEntries(
    Object.entries(splits).map(([split, value]) => {
      const { losses, metrics } = isObject(value) ? value : {};
      return [split, { ...numbers(losses), ...numbers(metrics) }];
    }),
  );
}

/** Writes the tables into the folder. */
export function writeComparison(folder: string, comparison: Comparison): void {
  writeText(join(folder, "comparison.md"), comparisonMarkdown(comparison));
  writeText(join(folder, "comparison.tex"), comparisonLatex(comparison));
  writeText(join(folder, "comparison.csv"), comparisonCsv(comparison));
  writeText(join(folder, RESULT_FILE), `${JSON.stringify({ version: VERSION, ...comparison }, null, 1)}\n`);
}

/** Whether a folder is that of a comparison. */
export function isComparison(folder: string): boolean {
  return existsSync(join(folder, PLAN_FILE));
}

/** What was compared. */
export function readPlan(folder: string): ComparisonPlan {
  return readOwn<ComparisonPlan>(folder, PLAN_FILE);
}

/** The table of a comparison that has ended. Throws a UserError when it has not. */
export function readComparison(folder: string): Comparison {
  if (!existsSync(join(folder, RESULT_FILE))) {
    const hint = "The command that began it goes on.";
    throw runError("run-unreadable", folder, "The comparison has not ended, so there is no table yet.", hint);
  }
  return readOwn<Comparison>(folder, RESULT_FILE);
}

/** A file that this module has written, by its version; it is trusted beyond that. */
function readOwn<T>(folder: string, file: string): T {
  const json = readJson(join(folder, file));
  if (isObject(json) && json.version === VERSION) return json as unknown as T;
  throw runError("run-version", folder, `\`${file}\` was written by another version of mird.`);
}

function numbers(value: unknown): Record<string, number | null> {
  const entries = isObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.map(([name, number]) => [name, typeof number === "number" ? number : null]),
  );
}

function printPlan(plan: ComparisonPlan): string {
  return `${JSON.stringify({ version: VERSION, ...plan }, null, 1)}\n`;
}

/** Names of the parts of a plan that are not the same. */
function differences(found: unknown, plan: ComparisonPlan): string[] {
  const before = isObject(found) ? found : {};
  return Object.entries(plan).flatMap(([name, value]) =>
    JSON.stringify(before[name]) === JSON.stringify(value) ? [] : [name],
  );
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw runError("run-unreadable", folder, `The folder cannot be made: ${reason(error)}.`);
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw runError("run-exists", folder, `This cannot become the folder of a comparison: ${reason(error)}.`);
  }
}

function writeText(path: string, text: string): void {
  writeFileAtomic(path, [new TextEncoder().encode(text)]);
}
