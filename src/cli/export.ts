/** `mird export`: a run's selected model for other tools. */
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
    .summary("write a run's model for other tools")
    .description(
      "Writes the selected parameters of a run (safetensors, npz; huggingface: a folder for each part that was loaded from one, with the names of tensors there), its model as a function of a batch (onnx), or the page of `mird report` (html). Metadata say which spec, sizes and data it belongs to and how its inputs were scaled.",
    )
    .argument("<run>", "run folder")
    .addOption(new Option("--to <format>", "what to write").choices(EXPORT_FORMATS).makeOptionMandatory())
    .option(
      "-o, --out <file>",
      "file to write, of huggingface the folder (default: RUN/model.FORMAT, RUN/huggingface, RUN/report.html)",
    )
    .option("--batch <n>", "rows of a batch of the ONNX model (default: 1)", wholeNumber(1))
    .option("--data <dir>", "where the dataset of the run is now");
  addDeviceOption(command, "cpu").action(async (run: string, flags: ExportFlags) => {
    const { file, contents, missing } = await exportRun(run, flags);
    session.io.out.write(`${contents.map((line) => `  ${line}\n`).join("")}Written to ${file}\n`);
    for (const line of missing) session.io.err.write(`${line}\n`);
  });
};
