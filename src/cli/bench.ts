/** `mird bench`: how long an iteration takes, and where the time goes. */

import { openDataset } from "../api/dataset.ts";
import type { ChosenDevice, DeviceFlags } from "../api/devices.ts";
import { chooseDevice } from "../api/devices.ts";
import { diskLoader, readSpec } from "../api/sources.ts";
import { requireModel } from "../api/spec.ts";
import { NO_CACHE } from "../base/cache.ts";
import type { BenchResult } from "../driver/bench.ts";
import { bench } from "../driver/bench.ts";
import type { Ceilings } from "../driver/ceilings.ts";
import { higherCeilings, measureCeilings } from "../driver/ceilings.ts";
import { prepare } from "../driver/prepare.ts";
import { prepareInvented } from "../driver/prepare-invented.ts";
import { benchJson, describeBench } from "./bench-table.ts";
import type { Register, Session } from "./command.ts";
import { addModelOption, numberBetween, wholeNumber } from "./command.ts";
import { addDeviceOption } from "./device-option.ts";
import { printProblems } from "./failure.ts";
import type { Io } from "./io.ts";
import { Progress } from "./progress.ts";
import { addSetOption, splitSettings } from "./settings.ts";

interface BenchFlags extends DeviceFlags {
  readonly set: readonly string[];
  readonly model?: string;
  readonly data?: string;
  readonly seconds: number;
  readonly top: number;
  readonly json?: boolean;
}

/** Everything that one invocation has found out. */
export interface BenchReport extends BenchResult {
  readonly model: string;
  readonly sizes: ReadonlyMap<string, number>;
  /** The dataset as the user named it; null: invented. */
  readonly data: string | null;
  readonly device: { readonly target: string; readonly name: string; readonly reason: string };
  /** Milliseconds until the programs are ready, by stage. */
  readonly ready: { readonly check: number; readonly compile: number; readonly prepare: number };
  readonly ceilings: Ceilings;
}

export const registerBench: Register = (program, session) => {
  const command = program
    .command("bench")
    .summary("measure an iteration, its phases and kernels")
    .description(
      "Measures a training iteration on a device: the whole, each phase and each kernel with the spec line that it comes from, and how near its arithmetic and memory traffic come to what the device reaches in a large matrix product and a large copy.",
    )
    .argument("<spec>", "the .mird file")
    .option("--data <dir>", "dataset, or `synth`; without it data are invented, every row with all its steps")
    .option(
      "--seconds <n>",
      "time for the iteration, and as much again for the kernels",
      numberBetween(0, 3600),
      3,
    )
    .option("--top <n>", "kernels to show, the most expensive first", wholeNumber(1), 15)
    .option("--json", "print all measurements as JSON");
  addDeviceOption(addModelOption(addSetOption(command)));
  command.action((spec: string, flags: BenchFlags) => run(session, spec, flags));
};

async function run(session: Session, spec: string, flags: BenchFlags): Promise<void> {
  session.json = flags.json === true;
  const { io } = session;
  const start = performance.now();
  const checked = requireModel({
    entry: readSpec(spec, {}),
    loadSource: diskLoader({}),
    settings: splitSettings(flags.set),
    model: flags.model ?? null,
    // What is kept would make the time of checking that of a file read.
    cache: NO_CACHE,
  });
  const check = performance.now() - start;
  if (!session.json) printProblems(io, checked.warnings, false);
  const chosen = await chooseDevice(flags, NO_CACHE);
  try {
    const report = await measure(io, checked, flags, chosen, check);
    io.out.write(
      session.json ? `${JSON.stringify(benchJson(report), null, 1)}\n` : describeBench(report, flags.top),
    );
  } finally {
    chosen.backend.close();
  }
}

async function measure(
  io: Io,
  { model, program }: ReturnType<typeof requireModel>,
  flags: BenchFlags,
  { backend, target, reason }: ChosenDevice,
  check: number,
): Promise<BenchReport> {
  const { data: folder = null, seconds } = flags;
  const request = { model, types: program.types, target, limits: backend.limits };
  const given = folder === null ? null : openDataset(folder);
  const start = performance.now();
  const { prepared, dataset } =
    folder === null || given === null
      ? prepareInvented(request)
      : {
          prepared: prepare({
            ...request,
            dataset: given,
            folder,
            epochs: null,
            purpose: "train",
            pretrained: null,
            stream: false,
          }),
          dataset: given,
        };
  const compile = performance.now() - start;
  const before = await measureCeilings(backend, target, seconds / 4);
  const progress = new Progress(io.err, []).compiling;
  const result = await bench({ prepared, dataset, backend, seconds, progress });
  return {
    ...result,
    model: prepared.model.name,
    sizes: prepared.model.sizes,
    data: folder,
    device: { target: target.name, name: backend.description, reason },
    ready: { check, compile, prepare: result.prepareMilliseconds },
    ceilings: higherCeilings(before, await measureCeilings(backend, target, seconds / 4)),
  };
}
