/** One training from the command line: the run folder, the display, Ctrl-C, and what is written at the end. */
import type { CheckedProgram } from "../check/checked.ts";
import { fingerprint } from "../data/dataset.ts";
import type { Dataset } from "../data/schema.ts";
import type { Source } from "../diagnostics/source.ts";
import type { Prepared } from "../driver/prepare.ts";
import { prepare } from "../driver/prepare.ts";
import { resumePoint } from "../driver/run-recorder.ts";
import type { RunTraining, TrainedRun } from "../driver/training.ts";
import { runTraining } from "../driver/training.ts";
import { checkRunFolder, newRunFolder, RunDirectory, readRun } from "../report/run-directory.ts";
import { runError } from "../report/run-error.ts";
import type { RunInfo } from "../report/run-info.ts";
import { metricsTable } from "../report/tables.ts";
import type { TrainResult } from "../train/loop.ts";
import { openDataset } from "./dataset.ts";
import type { ChosenDevice, DeviceFlags } from "./devices.ts";
import { chooseDevice } from "./devices.ts";
import { EXIT, printProblems } from "./failure.ts";
import { catchInterrupts } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { version } from "./io.ts";
import { Progress } from "./progress.ts";
import type { Sources } from "./sources.ts";
import { diskLoader, readSpec, recordLoader } from "./sources.ts";
import type { SpecRequest } from "./spec.ts";
import { requireModel } from "./spec.ts";

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

/** What a run that starts now says about itself. */
export function newRunInfo(
  prepared: Prepared,
  device: ChosenDevice,
  facts: Pick<RunInfo, "command" | "sources" | "settings" | "seed"> & {
    readonly entry: Source;
    readonly dataset: Dataset;
    /** The dataset as the user named it. */
    readonly folder: string;
  },
): RunInfo {
  const { command, entry, sources, settings, seed, dataset, folder } = facts;
  return {
    status: "running",
    command,
    spec: entry.path,
    sources,
    model: prepared.model.name,
    settings,
    sizes: Object.fromEntries(prepared.model.sizes),
    seed,
    epochs: prepared.settings.epochs,
    dataset: { folder, name: dataset.name, fingerprint: fingerprint(dataset) },
    device: { target: device.target.name, name: device.backend.description, reason: device.reason },
    versions: { mird: version(), node: process.version, system: `${process.platform} ${process.arch}` },
    started: new Date().toISOString(),
    ended: null,
  };
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

/** The spec as it was when a run was started. */
export function recordedSpec(info: RunInfo): SpecRequest {
  const text = info.sources[info.spec] ?? "";
  return {
    entry: { path: info.spec, text },
    loadSource: recordLoader(info.sources),
    settings: info.settings,
    model: info.model,
  };
}

function requireSameData(folder: string, info: RunInfo, dataset: Dataset): void {
  if (fingerprint(dataset) === info.dataset.fingerprint) return;
  const text = `The dataset \`${info.dataset.folder}\` is not the one that the run was started with: its contents have changed.`;
  throw runError(
    "run-unreadable",
    folder,
    text,
    "Give the unchanged dataset by `--data DIR`, or start a new run.",
  );
}

function requireChecked(io: Io, request: SpecRequest) {
  const checked = requireModel(request);
  printProblems(io, checked.warnings, false);
  return checked;
}

/** Compiles a checked model for a device and a dataset. */
export function prepareFor(
  device: ChosenDevice,
  checked: { readonly program: CheckedProgram; readonly model: CheckedProgram["models"][number] },
  data: { readonly dataset: Dataset; readonly folder: string; readonly epochs: number | null },
): Prepared {
  const { model, program } = checked;
  return prepare({ model, types: program.types, target: device.target, purpose: "train", ...data });
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
