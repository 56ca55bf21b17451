/** Training from a program: the same runs as `mird train` makes, with callbacks in place of a display. */
import type { Drops } from "../data/drop.ts";
import { runTraining } from "../driver/training.ts";
import type { TrainObserver } from "../train/loop.ts";
import type { BegunRun } from "./begin.ts";
import { beginRun, reopenRun } from "./begin.ts";
import type { GivenData } from "./dataset.ts";
import { Run } from "./load.ts";
import type { DeviceOptions, SpecOptions } from "./options.ts";
import { deviceOf, settingsOf } from "./options.ts";

/** Who hears of a training; callbacks are called between iterations and should return soon. */
export interface TrainCallbacks {
  /** Kernels are being prepared: so many of all. */
  readonly onCompile?: (done: number, all: number) => void;
  /** Training begins or goes on: epochs, iterations per epoch, and where it starts from. */
  readonly onStart?: TrainObserver["start"];
  /** An iteration's losses have arrived. */
  readonly onIteration?: TrainObserver["iteration"];
  /** An epoch has ended: mean losses, validation metrics, the best epoch so far. */
  readonly onEpoch?: TrainObserver["epoch"];
  /** Aborting stops after the iteration in progress, with a checkpoint; `resume` goes on from there. */
  readonly signal?: AbortSignal;
}

export interface TrainOptions extends SpecOptions, DeviceOptions, TrainCallbacks {
  readonly data: GivenData;
  /** Of initial values, batches and dropout; default 0. */
  readonly seed?: number;
  /** Shares of rows that lose a modality: `{ vision: 0.3 }` in every split, `{ "test.vision": 0.3 }` in one. */
  readonly drop?: Drops;
  /** Default: those of the spec. */
  readonly epochs?: number;
  /** The run folder; default: a new one in `runs/`. */
  readonly out?: string;
  /** Folders of weights by the names that the spec loads them by; `none` for drawn numbers. */
  readonly pretrained?: Readonly<Record<string, string>>;
  /** Bring rows to the device batch by batch, also where the dataset would fit. */
  readonly stream?: boolean;
  /** Replace a run that is in the folder of `out`. */
  readonly force?: boolean;
}

export interface ResumeOptions extends DeviceOptions, TrainCallbacks {
  /** Where the dataset is now; default: where it was. */
  readonly data?: GivenData;
}

/**
 * Trains a model and returns its run. `run.info.status` says how it ended: `finished`, `patience`, or `interrupted` by the signal. Throws a
 * UserError with everything that is wrong with spec, settings, data or device, or when a loss stops being a number.
 */
export async function train(options: TrainOptions): Promise<Run> {
  const { spec, model = null, data, seed = 0, epochs = null, out = null, force = false } = options;
  const { pretrained = {}, stream = false, drop = {} } = options;
  const settings = settingsOf(options);
  const device = deviceOf(options);
  const begin = { spec, model, settings, data, seed, drop, epochs, out, force, device, pretrained, stream };
  const command = "train() of the library";
  return await execute(await beginRun({ ...begin, command }), options);
}

/** Goes on with a run that was stopped, bit for bit on the same device. Throws a UserError when it has ended or its data have changed. */
export async function resume(folder: string, options: ResumeOptions = {}): Promise<Run> {
  return await execute(await reopenRun(folder, options.data ?? null, deviceOf(options)), options);
}

async function execute({ device, warnings: _, ...training }: BegunRun, told: TrainCallbacks): Promise<Run> {
  const nothing = () => {};
  const display = {
    compiling: told.onCompile ?? nothing,
    start: told.onStart ?? nothing,
    iteration: told.onIteration ?? nothing,
    epoch: told.onEpoch ?? nothing,
  };
  const signal = told.signal ?? new AbortController().signal;
  try {
    await runTraining({ ...training, backend: device.backend, display, signal });
  } finally {
    device.backend.close();
  }
  return new Run(training.run.folder);
}
