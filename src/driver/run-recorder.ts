/** Writes a training into its run folder while it happens, and reads back what a resumed one needs. */
import type { RunDirectory } from "../report/run-directory.ts";
import { checkpointPath, readCheckpoint } from "../report/run-directory.ts";
import { runError } from "../report/run-error.ts";
import { provenance } from "../report/run-info.ts";
import { checkpointFrom, checkpointTensors, parametersFrom, parameterTensors } from "../train/checkpoint.ts";
import type { CompiledModel } from "../train/compiled.ts";
import type { Evaluation } from "../train/evaluate.ts";
import type { TrainObserver, TrainRequest } from "../train/loop.ts";

/** What is shown while training; recording goes on behind it. */
export type TrainDisplay = Pick<TrainObserver, "start" | "iteration" | "epoch">;

/** An observer that keeps the run folder up to date and passes on what is shown. */
export function recordRun(run: RunDirectory, model: CompiledModel, display: TrainDisplay): TrainObserver {
  let epochStart = performance.now();
  return {
    start: (plan) => {
      epochStart = performance.now();
      display.start(plan);
    },
    iteration: (event) => {
      const { iteration, epoch, losses } = event;
      run.addToLog({ kind: "iteration", iteration, epoch, losses: Object.fromEntries(losses) });
      display.iteration(event);
    },
    epoch: (event) => {
      const { epoch, iteration, train, valid, best, improved } = event;
      const seconds = Math.round(performance.now() - epochStart) / 1000;
      epochStart = performance.now();
      run.addToLog({
        kind: "epoch",
        epoch,
        iteration,
        train: Object.fromEntries(train),
        valid: valid === null ? null : evaluationEntry(valid),
        best,
        improved,
        seconds,
      });
      display.epoch(event);
    },
    checkpoint: (checkpoint) => {
      const { tensors, metadata } = checkpointTensors(model, checkpoint);
      run.writeCheckpoint("last", tensors, { ...provenance(run.info), ...metadata });
    },
    best: (parameters) =>
      run.writeCheckpoint("best", parameterTensors(model, parameters), provenance(run.info)),
  };
}

function evaluationEntry({ losses, metrics }: Evaluation) {
  return { losses: Object.fromEntries(losses), metrics: Object.fromEntries(metrics) };
}

/** Where a run goes on: its last checkpoint, after the log has been cut back to it. Undefined when it has none: it then starts anew. */
export function resumePoint(run: RunDirectory, model: CompiledModel): TrainRequest["resume"] {
  const { folder } = run;
  const last = readCheckpoint(folder, "last");
  if (last === null) {
    run.trimLog(() => false);
    return undefined;
  }
  const checkpoint = checkpointFrom(model, last, checkpointPath(folder, "last"));
  const { epoch, iteration, best } = checkpoint.state;
  run.trimLog((entry) =>
    entry.kind === "epoch" ? Number(entry.epoch) < epoch : Number(entry.iteration) < iteration,
  );
  return { checkpoint, best: best === null ? null : bestParameters(folder, model) };
}

/** The selected parameters and states of a run; `sameRows`: they are for the dataset of the run. Throws a UserError when it has none yet. */
export function bestParameters(folder: string, model: CompiledModel, sameRows = true): Float32Array {
  const best = readCheckpoint(folder, "best");
  if (best === null) {
    throw runError(
      "run-unreadable",
      folder,
      "The run has not finished its first epoch, so it has no parameters to use.",
    );
  }
  return parametersFrom(model, best, checkpointPath(folder, "best"), sameRows);
}
