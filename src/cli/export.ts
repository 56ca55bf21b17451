/** `mird export`: the selected models of runs, and their curves, for other tools. */
import type { Command } from "commander";
import { Option } from "commander";
import type { DeviceFlags } from "../api/devices.ts";
import type { ExportFormat } from "../api/export.ts";
import { EXPORT_FORMATS, exportRun } from "../api/export.ts";
import type { Register } from "./command.ts";
import { wholeNumber } from "./command.ts";
import { addDeviceOption } from "./device-option.ts";

interface ExportFlags extends DeviceFlags {
  readonly to: ExportFormat;
  readonly out?: string;
  readonly batch?: number;
  readonly data?: string;
}

export const registerExport: Register = (program, session) => {
  const command = program
    .command("export")
    .summary("write runs and their models for other tools")
    .description(
      "Writes the selected parameters of a run (safetensors, npz; huggingface: a folder for each part that was loaded from one, with the names of tensors there), its model as a function of a batch (onnx), its curves as event files (tensorboard), or the page of `mird report` (html). Of several runs each gets its own files. Metadata say which spec, sizes and data it belongs to and how its inputs were scaled.",
    )
    .argument("<run...>", "run folders")
    .addOption(new Option("--to <format>", "what to write").choices(EXPORT_FORMATS).makeOptionMandatory())
    .option(
      "-o, --out <file>",
      "file to write, of huggingface and tensorboard the folder (default: RUN/model.FORMAT, RUN/huggingface, RUN/tensorboard, RUN/report.html)",
    )
    .option("--batch <n>", "rows of a batch of the ONNX model (default: 1)", wholeNumber(1))
    .option("--data <dir>", "where the dataset of the run is now");
  addDeviceOption(command, "cpu").action(async (runs: string[], flags: ExportFlags, self: Command) => {
    if (runs.length > 1 && flags.out !== undefined)
      self.error("error: --out goes with one run; several runs get their files in their own folders");
    for (const run of runs) {
      const { file, contents, missing } = await exportRun(run, flags);
      session.io.out.write(`${contents.map((line) => `  ${line}\n`).join("")}Written to ${file}\n`);
      for (const line of missing) session.io.err.write(`${line}\n`);
    }
  });
};
