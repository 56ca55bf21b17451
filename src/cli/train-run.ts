/** One training from the command line: the display, Ctrl-C, and what is printed at the end. */
import type { BeginRequest, BegunRun } from "../api/begin.ts";
import { beginRun, reopenRun } from "../api/begin.ts";
import type { DeviceFlags } from "../api/devices.ts";
import { writeRunReport } from "../api/report.ts";
import type { Prepared } from "../driver/prepare.ts";
import type { TrainedRun } from "../driver/training.ts";
import { runTraining } from "../driver/training.ts";
import { amount } from "../report/quantity.ts";
import { metricsTable } from "../report/tables.ts";
import type { TrainResult } from "../train/loop.ts";
import { dropText } from "./drop.ts";
import { EXIT, printProblems } from "./failure.ts";
import { catchInterrupts } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { loadedText } from "./pretrained.ts";
import { Progress } from "./progress.ts";
import { attemptReport } from "./report.ts";

/** How a training from the command line runs, besides what it trains. */
type RunFlags = DeviceFlags & {
  /** Write report.html at the end. */
  readonly report: boolean;
};

/** Said where rows are not laid on the device as a whole. */
export const STREAMED = "Rows are brought to the device batch by batch.\n";

/** Trains a spec from the beginning; returns the exit code. */
export async function startRun(
  io: Io,
  request: Omit<BeginRequest, "command">,
  flags: RunFlags,
): Promise<number> {
  return await execute(io, await beginRun({ ...request, command: io.command }), flags);
}

/** Goes on with a run that was stopped; returns the exit code. `data`: where the dataset is now, if it has moved. */
export async function resumeRun(
  io: Io,
  folder: string,
  data: string | null,
  flags: RunFlags & { readonly stream?: boolean },
): Promise<number> {
  const begun = await reopenRun(folder, data, flags);
  const startedOn = begun.run.info.device.name;
  if (begun.device.backend.description !== startedOn) {
    io.err.write(
      `The run was started on ${startedOn}; on another device its numbers can differ in the last digits.\n`,
    );
  }
  return await execute(io, begun, flags);
}

async function execute(
  io: Io,
  { device, warnings, ...training }: BegunRun,
  flags: RunFlags,
): Promise<number> {
  const { run, prepared } = training;
  const { backend } = device;
  printProblems(io, warnings, false);
  if (prepared.model.streamed) io.out.write(STREAMED);
  io.out.write(loadedText(prepared.start));
  io.out.write(dropText(training.dataset, run.info.drop));
  // Who reads that the run has begun may stop it.
  const interrupt = catchInterrupts(io);
  io.out.write(`Device: ${backend.description}. ${device.reason}\nRun folder: ${run.folder}\n`);
  const display = new Progress(io.err, prepared.settings.report);
  const started = performance.now();
  try {
    const trained = await runTraining({ ...training, backend, display, signal: interrupt.signal });
    display.clear();
    if (trained.result.status === "interrupted") {
      io.err.write(
        `Stopped after iteration ${trained.result.state.iteration}. Go on with:\n\n    mird train --resume ${run.folder}\n`,
      );
      return EXIT.interrupted;
    }
    printResults(io, prepared.settings, trained, performance.now() - started);
    if (flags.report) await attemptReport(io, () => writeRunReport(run.folder, training.dataset, flags));
    io.out.write(`Everything is in ${run.folder}\n`);
    return EXIT.ok;
  } catch (error) {
    display.clear();
    throw error;
  } finally {
    interrupt.release();
    backend.close();
  }
}

function printResults(
  io: Io,
  settings: Prepared["settings"],
  { result, results }: TrainedRun,
  milliseconds: number,
): void {
  const { patience } = settings;
  const stopped = result.status === "patience" && patience !== null;
  const why = stopped ? `, stopped after ${amount(patience, "epoch")} without a better one` : "";
  const seconds = (milliseconds / 1000).toFixed(1);
  const best = bestLine(settings.selection, result.state.best);
  io.out.write(`\nTrained ${amount(result.state.epoch, "epoch")} in ${seconds} s${why}. ${best}\n\n`);
  io.out.write(`${metricsTable(results, settings.report)}\n`);
}

function bestLine(selection: Prepared["settings"]["selection"], best: TrainResult["state"]["best"]): string {
  if (selection === null || best === null || best.value === null) return "The last epoch is kept.";
  return `Epoch ${best.epoch + 1} has the best valid.${selection.metric}: ${best.value.toFixed(4)}.`;
}
