/** `mird compare`: variants of a spec, each trained with several seeds, side by side. */

import type { DeviceFlags } from "../api/devices.ts";
import { parseAxes } from "./axes.ts";
import type { Register } from "./command.ts";
import { addModelOption, collect, wholeNumber } from "./command.ts";
import { compare } from "./compare-run.ts";
import { addDeviceOption } from "./device-option.ts";
import { addDropOption } from "./drop.ts";
import { addPretrainedOption, splitPretrained } from "./pretrained.ts";
import { addSetOption, splitSettings } from "./settings.ts";

interface CompareFlags extends DeviceFlags {
  readonly over: readonly string[];
  readonly seeds: number;
  readonly data: string;
  readonly set: readonly string[];
  readonly pretrained: readonly string[];
  readonly drop: readonly string[];
  readonly model?: string;
  readonly epochs?: number;
  readonly metric: readonly string[];
  readonly out?: string;
  readonly stream?: boolean;
  readonly json?: boolean;
  readonly report: boolean;
}

export const registerCompare: Register = (program, session) => {
  const command = program
    .command("compare")
    .summary("compare variants of a model over seeds")
    .description(
      "Trains every combination of the values of --over with the seeds 0 to N-1 and prints means, standard deviations and paired differences to the first. Runs that are there already are used; after a stop the same command goes on.",
    )
    .argument("<spec>", "the .mird file")
    .option(
      "--over <name=a,b>",
      "a setting, slot or drop.MODALITY and the values to compare; several axes are crossed",
      collect,
      [],
    )
    .option("--seeds <n>", "number of seeds", wholeNumber(1), 3)
    .option("--data <dir>", "dataset folder, or `synth` for generated data of the default size", "synth")
    .option("--epochs <n>", "epochs instead of those of the spec", wholeNumber(1))
    .option("--metric <name>", "a metric or loss to show (default: those that the spec reports)", collect, [])
    .option("--out <dir>", "folder of the comparison (default: one in runs/ that belongs to these settings)")
    .option("--stream", "bring rows to the device batch by batch, also where the dataset would fit")
    .option("--no-report", "do not write report.html at the end")
    .option("--json", "print the table as JSON");
  addDeviceOption(addModelOption(addPretrainedOption(addDropOption(addSetOption(command)))), "cpu");
  command.action(async (spec: string, flags: CompareFlags) => {
    const { over, seeds, data, set, model = null, epochs = null, out = null, json = false } = flags;
    session.json = json;
    if (over.length === 0) command.error("error: missing option '--over NAME=A,B', the values to compare");
    const axes = parseAxes(over);
    const metrics = flags.metric.flatMap((names) => names.split(",")).map((name) => name.trim());
    const settings = splitSettings(set);
    session.exitCode = await compare(session.io, {
      spec,
      axes,
      seeds,
      data,
      settings,
      drop: flags.drop,
      pretrained: splitPretrained(flags.pretrained),
      model,
      epochs,
      metrics,
      out,
      stream: flags.stream ?? false,
      device: flags,
      json,
      report: flags.report,
    });
  });
};
