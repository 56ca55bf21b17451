/** One training into its run folder: programs on the device, the loop, and the results at the end. Nothing is printed here. */
import type { Dataset } from "../data/schema.ts";
import { DEPENDENCE_FILE } from "../report/run-dependence.ts";
import type { RunDirectory } from "../report/run-directory.ts";
import type { SplitResult } from "../report/tables.ts";
import { metricsJson } from "../report/tables.ts";
import type { Backend } from "../runtime/backend.ts";
import type { TrainRequest, TrainResult } from "../train/loop.ts";
import { train } from "../train/loop.ts";
import { runDependence } from "./latent-dependence.ts";
import type { Prepared } from "./prepare.ts";
import { predictionsCsv, splitResults } from "./results.ts";
import type { TrainDisplay } from "./run-recorder.ts";
import { recordRun } from "./run-recorder.ts";

export interface RunTraining {
  /** Closed at the end, whatever happens. */
  readonly run: RunDirectory;
  readonly prepared: Prepared;
  readonly dataset: Dataset;
  readonly backend: Backend;
  readonly resume: TrainRequest["resume"];
  readonly display: TrainDisplay & { readonly compiling: (done: number, all: number) => void };
  readonly signal: AbortSignal;
}

export interface TrainedRun {
  readonly result: TrainResult;
  /** Metrics and losses by split; empty when interrupted. */
  readonly results: readonly SplitResult[];
}

/** Trains and writes everything; a run whose status says that it has ended has all its files. */
export async function runTraining(request: RunTraining): Promise<TrainedRun> {
  const { run, prepared, dataset, backend, resume, display, signal } = request;
  const { model, settings } = prepared;
  try {
    const device = await backend.prepare(
      new Map([["iteration", model.iteration.program]]),
      display.compiling,
    );
    try {
      const observer = recordRun(run, model, display);
      const start = resume === undefined ? { given: prepared.start?.values ?? new Map() } : { resume };
      const { seed } = run.info;
      const result = await train({ model, settings, dataset, device, seed, observer, signal, ...start });
      const results = splitResults(result.evaluations);
      if (result.status !== "interrupted") writeResults(request, result, results);
      run.setStatus(result.status);
      return { result, results };
    } finally {
      device.dispose();
    }
  } catch (error) {
    run.setStatus("failed");
    throw error;
  } finally {
    run.close();
  }
}

function writeResults(
  { run, prepared, dataset }: RunTraining,
  result: TrainResult,
  results: readonly SplitResult[],
): void {
  const { model, settings } = prepared;
  const { best } = result.state;
  run.writeJson("metrics.json", { selection: settings.selection, best, splits: metricsJson(results) });
  const dependence = runDependence(model, dataset, result.evaluations);
  if (dependence !== null) run.writeJson(DEPENDENCE_FILE, dependence);
  const predictions = predictionsCsv(model, dataset, result.evaluations);
  if (predictions !== null) run.writeText("predictions.csv", predictions);
}
