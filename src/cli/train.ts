/** `mird train`: from a spec and a dataset to a run folder. */
import type { Command } from "commander";
import type { DeviceFlags } from "../api/devices.ts";
import type { Register, Session } from "./command.ts";
import { addModelOption, wholeNumber } from "./command.ts";
import { addDeviceOption } from "./device-option.ts";
import { addDropOption, splitDrops } from "./drop.ts";
import { addPretrainedOption, splitPretrained } from "./pretrained.ts";
import { addSetOption, splitSettings } from "./settings.ts";
import { resumeRun, startRun } from "./train-run.ts";

interface TrainFlags extends DeviceFlags {
  readonly data?: string;
  readonly set: readonly string[];
  readonly pretrained: readonly string[];
  readonly drop: readonly string[];
  readonly model?: string;
  readonly seed?: number;
  readonly epochs?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly force?: boolean;
  readonly stream?: boolean;
  readonly report: boolean;
}

export const registerTrain: Register = (program, session) => {
  const command = program
    .command("train")
    .summary("train a model")
    .description(
      "Trains a model and writes a run folder: checkpoints, metrics of every iteration, predictions. Ctrl-C stops after the iteration with a checkpoint.",
    )
    .argument("[spec]", "the .mird file; not with --resume")
    .option("--data <dir>", "dataset folder, or `synth` for generated data of the default size")
    .option("--seed <n>", "seed of initial values, batches and dropout (default: 0)", wholeNumber(0))
    .option("--epochs <n>", "epochs instead of those of the spec", wholeNumber(1))
    .option("--out <dir>", "run folder (default: a new one in runs/)")
    .option("--stream", "bring rows to the device batch by batch, also where the dataset would fit")
    .option("--no-report", "do not write report.html at the end")
    .option("--force", "replace a run that is in the folder of --out")
    .option("--resume <run>", "go on with a run that was stopped");
  addDeviceOption(addModelOption(addPretrainedOption(addDropOption(addSetOption(command)))));
  command.action((spec: string | undefined, flags: TrainFlags, self: Command) =>
    train(session, spec, flags, self),
  );
};

async function train(
  session: Session,
  spec: string | undefined,
  flags: TrainFlags,
  command: Command,
): Promise<void> {
  const { resume, data, out, seed = 0, epochs = null, model = null, force = false } = flags;
  if (resume !== undefined) {
    const fixed = [spec, flags.seed, flags.epochs, flags.out, flags.model, flags.force].some(
      (value) => value !== undefined,
    );
    if (fixed || [flags.set, flags.pretrained, flags.drop].some(({ length }) => length > 0)) {
      command.error(
        "error: a resumed run keeps its spec and settings; --resume goes with --data, --stream, --device and --threads only",
      );
    }
    session.exitCode = await resumeRun(session.io, resume, data ?? null, flags);
    return;
  }
  if (spec === undefined) command.error("error: missing argument 'spec', the .mird file to train");
  if (data === undefined) {
    command.error("error: missing option '--data DIR'; `--data synth` trains on generated data");
  }
  const settings = splitSettings(flags.set);
  const request = {
    spec,
    data,
    settings,
    drop: splitDrops(flags.drop) ?? {},
    pretrained: splitPretrained(flags.pretrained),
    model,
    seed,
    epochs,
    out: out ?? null,
    force,
    device: flags,
    stream: flags.stream ?? false,
  };
  session.exitCode = await startRun(session.io, request, flags);
}
