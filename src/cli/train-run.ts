/** One training from the command line: the run folder, the display, Ctrl-C, and what is written at the end. */

import { openDataset } from "../api/dataset.ts";
import type { ChosenDevice, DeviceFlags } from "../api/devices.ts";
import { chooseDevice } from "../api/devices.ts";
import { newRunInfo, prepareFor, recordedSpec, requireSameData } from "../api/run.ts";
import type { Sources } from "../api/sources.ts";
import { diskLoader, readSpec } from "../api/sources.ts";
import type { SpecRequest } from "../api/spec.ts";
import { requireModel } from "../api/spec.ts";
import type { Prepared } from "../driver/prepare.ts";
import { resumePoint } from "../driver/run-recorder.ts";
import type { RunTraining, TrainedRun } from "../driver/training.ts";
import { runTraining } from "../driver/training.ts";
import { checkRunFolder, newRunFolder, RunDirectory, readRun } from "../report/run-directory.ts";
import { runError } from "../report/run-error.ts";
import { metricsTable } from "../report/tables.ts";
import type { TrainResult } from "../train/loop.ts";
import { EXIT, printProblems } from "./failure.ts";
import { catchInterrupts } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { Progress } from "./progress.ts";

export interface StartRequest {
  readonly spec: string;
  readonly data: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly model: string | null;
  readonly seed: number;
  readonly epochs: number | null;
  readonly out: string | null;
  readonly device: DeviceFlags;
  /** Replace a run that is in the folder. */
  readonly force: boolean;
}

/** Trains a spec from the beginning; returns the exit code. */
export async function startRun(io: Io, request: StartRequest): Promise<number> {
  const sources: Sources = {};
  const { spec, settings, data, seed } = request;
  const entry = readSpec(spec, sources);
  const checked = requireChecked(io, {
    entry,
    loadSource: diskLoader(sources),
    settings,
    model: request.model,
  });
  const folder = request.out ?? newRunFolder("runs", spec, new Date());
  checkRunFolder(folder, request.force);
  const dataset = openDataset(data);
  const device = await chooseDevice(request.device);
  try {
    const prepared = prepareFor(device, checked, { dataset, folder: data, epochs: request.epochs });
    const facts = { command: io.command, entry, sources, settings, seed, dataset, folder: data };
    const info = newRunInfo(prepared, device, facts);
    const run = RunDirectory.create(folder, info, request.force);
    return await execute(io, { run, prepared, dataset, device, resume: undefined });
  } finally {
    device.backend.close();
  }
}

/** Goes on with a run that was stopped; returns the exit code. `data`: where the dataset is now, if it has moved. */
export async function resumeRun(
  io: Io,
  folder: string,
  data: string | null,
  flags: DeviceFlags,
): Promise<number> {
  const info = readRun(folder);
  if (info.status === "finished" || info.status === "patience") {
    const hint = `Look at it with \`mird eval ${folder}\`.`;
    throw runError("run-unreadable", folder, "The run has ended; there is nothing to go on with.", hint);
  }
  const checked = requireChecked(io, recordedSpec(info));
  const dataFolder = data ?? info.dataset.folder;
  const dataset = openDataset(dataFolder);
  requireSameData(folder, info, dataset);
  const device = await chooseDevice(flags);
  try {
    if (device.backend.description !== info.device.name) {
      io.err.write(
        `The run was started on ${info.device.name}; on another device its numbers can differ in the last digits.\n`,
      );
    }
    const prepared = prepareFor(device, checked, { dataset, folder: dataFolder, epochs: info.epochs });
    const run = RunDirectory.open(folder);
    run.setStatus("running");
    return await execute(io, { run, prepared, dataset, device, resume: resumePoint(run, prepared.model) });
  } finally {
    device.backend.close();
  }
}

function requireChecked(io: Io, request: SpecRequest) {
  const checked = requireModel(request);
  printProblems(io, checked.warnings, false);
  return checked;
}

interface Execution extends Omit<RunTraining, "backend" | "display" | "signal"> {
  readonly device: ChosenDevice;
}

async function execute(io: Io, { device, ...execution }: Execution): Promise<number> {
  const { run, prepared } = execution;
  const { backend } = device;
  io.out.write(`Device: ${backend.description}. ${device.reason}\nRun folder: ${run.folder}\n`);
  const interrupt = catchInterrupts(io);
  const display = new Progress(io.err, prepared.settings.report);
  const started = performance.now();
  try {
    const trained = await runTraining({ ...execution, backend, display, signal: interrupt.signal });
    display.clear();
    if (trained.result.status === "interrupted") {
      io.err.write(
        `Stopped after iteration ${trained.result.state.iteration}. Go on with:\n\n    mird train --resume ${run.folder}\n`,
      );
      return EXIT.interrupted;
    }
    printResults(io, run.folder, prepared.settings, trained, performance.now() - started);
    return EXIT.ok;
  } catch (error) {
    display.clear();
    throw error;
  } finally {
    interrupt.release();
  }
}

function printResults(
  io: Io,
  folder: string,
  settings: Prepared["settings"],
  { result, results }: TrainedRun,
  milliseconds: number,
): void {
  const why =
    result.status === "patience" ? `, stopped after ${settings.patience} epochs without a better one` : "";
  const seconds = (milliseconds / 1000).toFixed(1);
  const best = bestLine(settings.selection, result.state.best);
  io.out.write(`\nTrained ${result.state.epoch} epochs in ${seconds} s${why}. ${best}\n\n`);
  io.out.write(`${metricsTable(results, settings.report)}\nEverything is in ${folder}\n`);
}

function bestLine(selection: Prepared["settings"]["selection"], best: TrainResult["state"]["best"]): string {
  if (selection === null || best === null || best.value === null) return "The last epoch is kept.";
  return `Epoch ${best.epoch + 1} has the best valid.${selection.metric}: ${best.value.toFixed(4)}.`;
}
