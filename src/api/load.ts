/** A run folder as a value: what was trained, how it went, and the parameters that were selected. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { JsonObject, readJson } from "../data/json-shape.ts";
import { DataProblems } from "../data/problem.ts";
import type { Tensor } from "../data/safetensors.ts";
import type { LogEntry } from "../report/log.ts";
import { readLog } from "../report/log.ts";
import { readCheckpoint, readRun } from "../report/run-directory.ts";
import { runError } from "../report/run-error.ts";
import type { RunInfo } from "../report/run-info.ts";

/** Metrics and losses of a split by name; null where one is not defined. */
export interface SplitMetrics {
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly losses: Readonly<Record<string, number | null>>;
}

/** A trained (or stopped) run. It reads its folder when it is asked. */
export class Run {
  readonly folder: string;
  /** Spec with all imports, settings, sizes, seed, dataset, device, versions and status. */
  readonly info: RunInfo;

  constructor(folder: string) {
    this.folder = folder;
    this.info = readRun(folder);
  }

  /** Metrics and losses of the selected model by split; empty while the run has not ended. */
  metrics(): Readonly<Record<string, SplitMetrics>> {
    const path = join(this.folder, "metrics.json");
    if (!existsSync(path)) return {};
    const problems = new DataProblems();
    const json = new JsonObject(path, [], readJson(path), problems, "data-format");
    problems.throwIfAny();
    const splits = json.object("splits");
    return Object.fromEntries(
      splits.keys().map((name) => {
        const split = splits.object(name);
        return [name, { metrics: numbers(split.raw("metrics")), losses: numbers(split.raw("losses")) }];
      }),
    );
  }

  /** The lines of `metrics.jsonl`: one for every iteration and epoch. */
  history(): readonly LogEntry[] {
    return readLog(join(this.folder, "metrics.jsonl"));
  }

  /** The selected parameters by their path in the spec. Throws a UserError before the first epoch has ended. */
  parameters(): ReadonlyMap<string, Tensor> {
    const best = readCheckpoint(this.folder, "best");
    if (best !== null) return best.tensors;
    const text = "The run has not finished its first epoch, so it has no parameters to use.";
    throw runError("run-unreadable", this.folder, text);
  }
}

function numbers(value: unknown): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(Object(value)).map(([name, item]) => [name, typeof item === "number" ? item : null]),
  );
}

/** Opens a run folder. Throws a UserError when it is none. */
export function load(folder: string): Run {
  return new Run(folder);
}
