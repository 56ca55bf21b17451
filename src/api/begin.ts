/** The begin of a training, new or resumed: everything is read, checked and compiled, and the run folder is open. */
import type { Drops } from "../data/drop.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { resumePoint } from "../driver/run-recorder.ts";
import type { RunTraining } from "../driver/training.ts";
import {
  checkRunFolder,
  newRunFolder,
  RunDirectory,
  readCheckpoint,
  readRun,
} from "../report/run-directory.ts";
import { runError } from "../report/run-error.ts";
import { EVALUATED_SPLITS } from "../train/evaluate.ts";
import type { GivenData } from "./dataset.ts";
import { dataName, openDatasetFor } from "./dataset.ts";
import type { ChosenDevice, DeviceFlags } from "./devices.ts";
import { chooseDevice } from "./devices.ts";
import { datasetWithout } from "./drops.ts";
import { loadedInfo, newRunInfo, prepareFor, recordedSpec, requireSameData } from "./run.ts";
import type { GivenSpec, Sources } from "./sources.ts";
import { diskLoader, readSpec } from "./sources.ts";
import { requireModel } from "./spec.ts";

export interface BeginRequest {
  readonly spec: GivenSpec;
  readonly data: GivenData;
  /** Settings as `--set` gives them, as written. */
  readonly settings: Readonly<Record<string, string>>;
  /** Null: the first model of the file. */
  readonly model: string | null;
  readonly seed: number;
  /** Shares of rows that lose a modality. */
  readonly drop: Drops;
  /** Null: those of the spec. */
  readonly epochs: number | null;
  /** Null: a new folder in `runs/`. */
  readonly out: string | null;
  readonly device: DeviceFlags;
  /** Folders of weights by the names in the spec. */
  readonly pretrained: Readonly<Record<string, string>>;
  /** Bring rows batch by batch, also where the dataset would fit. */
  readonly stream: boolean;
  /** Replace a run that is in the folder. */
  readonly force: boolean;
  /** For the record: what the user typed or called. */
  readonly command: string;
}

/** What a training needs, besides someone to tell about it. Whoever begins a run closes `device.backend`. */
export interface BegunRun extends Pick<RunTraining, "run" | "prepared" | "dataset" | "resume"> {
  readonly device: ChosenDevice;
  readonly warnings: readonly Diagnostic[];
}

/** Begins a new run. Throws a UserError with everything that is wrong with spec, settings, data or device. */
export async function beginRun(request: BeginRequest): Promise<BegunRun> {
  const { settings, data, seed, drop, command, epochs, pretrained } = request;
  const sources: Sources = {};
  const entry = readSpec(request.spec, sources);
  const checked = requireModel({ entry, loadSource: diskLoader(sources), settings, model: request.model });
  const folder = request.out ?? newRunFolder("runs", entry.path, new Date());
  checkRunFolder(folder, request.force);
  const device = await chooseDevice(request.device);
  try {
    const { dataset: whole, stream } = openDatasetFor(data, device.backend.limits, request.stream, [
      checked.model,
    ]);
    const dataset = datasetWithout(checked, whole, drop, seed);
    const dropped = { drops: drop, evaluated: EVALUATED_SPLITS };
    const named = { dataset, folder: dataName(data), pretrained };
    const prepared = prepareFor(device, checked, { ...named, epochs, stream, dropped });
    const facts = { command, entry, sources, settings, seed, drop, ...named };
    const run = RunDirectory.create(folder, newRunInfo(prepared, device, facts), request.force);
    return { run, prepared, dataset, device, resume: undefined, warnings: checked.warnings };
  } catch (error) {
    device.backend.close();
    throw error;
  }
}

/**
 * Begins where a stopped run left off. `data`: where the dataset is now, null when it has not moved. Throws a UserError when there is
 * nothing to go on with or the data have changed.
 */
export async function reopenRun(
  folder: string,
  data: GivenData | null,
  flags: DeviceFlags & { readonly stream?: boolean },
): Promise<BegunRun> {
  const info = readRun(folder);
  if (info.status === "finished" || info.status === "patience") {
    const hint = `Look at it with \`mird eval ${folder}\`.`;
    throw runError("run-unreadable", folder, "The run has ended; there is nothing to go on with.", hint);
  }
  const checked = requireModel(recordedSpec(info));
  const given = data ?? info.dataset.folder;
  const device = await chooseDevice(flags);
  try {
    const { dataset: whole, stream } = openDatasetFor(given, device.backend.limits, flags.stream ?? false, [
      checked.model,
    ]);
    requireSameData(folder, info, whole);
    const dataset = datasetWithout(checked, whole, info.drop, info.seed);
    // A run that was stopped before its first checkpoint begins anew, from the same weights.
    const pretrained = readCheckpoint(folder, "last") === null ? info.pretrained : null;
    const named = { dataset, folder: dataName(given), pretrained };
    const prepared = prepareFor(device, checked, { ...named, epochs: info.epochs, stream });
    const run = RunDirectory.open(folder);
    if (prepared.start !== null) run.info = { ...run.info, loaded: loadedInfo(prepared) };
    run.setStatus("running");
    const resume = resumePoint(run, prepared.model);
    return { run, prepared, dataset, device, resume, warnings: checked.warnings };
  } catch (error) {
    device.backend.close();
    throw error;
  }
}
