/** `mird predict`: a run's predictions and latents for a dataset. */
import type { Command } from "commander";
import type { DeviceFlags } from "../api/devices.ts";
import { evaluateRun } from "../api/evaluate-run.ts";
import { writeFileAtomic } from "../data/files.ts";
import { writeSafetensors } from "../data/safetensors.ts";
import { outputsCsv, outputTensors } from "../driver/results.ts";
import type { Register } from "./command.ts";
import { collect } from "./command.ts";
import { addDeviceOption } from "./device-option.ts";

interface PredictFlags extends DeviceFlags {
  readonly data?: string;
  readonly out: string;
  readonly split: readonly string[];
}

export const registerPredict: Register = (program, session) => {
  const command = program
    .command("predict")
    .summary("write predictions and latents of a run")
    .description(
      "Writes what the selected model of a run gives for every row: predictions, and the other outputs of the spec (latents).",
    )
    .argument("<run>", "run folder")
    .requiredOption(
      "-o, --out <file>",
      "file to write: .csv, or .safetensors with one tensor per split and output",
    )
    .option("--data <dir>", "dataset (default: that of the run)")
    .option("--split <name>", "split; may be given several times (default: all)", collect, []);
  addDeviceOption(command).action(async (run: string, flags: PredictFlags, self: Command) => {
    const { out, data = null, split } = flags;
    const asTensors = out.endsWith(".safetensors");
    if (!asTensors && !out.endsWith(".csv")) self.error("error: --out must end with .csv or .safetensors");
    const splits = split.length > 0 ? split : null;
    const { model, dataset, evaluations } = await evaluateRun({ run, data, splits, device: flags });
    if (asTensors) writeSafetensors(out, outputTensors(model, dataset, evaluations), { "mird.run": run });
    else writeFileAtomic(out, [new TextEncoder().encode(outputsCsv(model, dataset, evaluations))]);
    const rows = [...evaluations.keys()].reduce((sum, name) => sum + (dataset.splits[name]?.rows ?? 0), 0);
    const names = model.outputs.map(({ name }) => name).join(", ");
    session.io.out.write(`${rows} rows of ${names} written to ${out}\n`);
  });
};
