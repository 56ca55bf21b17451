/** `mird export`: a run's selected model for other tools. */
import { Option } from "commander";
import type { ExportFormat } from "../api/export.ts";
import { EXPORT_FORMATS, exportRun } from "../api/export.ts";
import type { Register } from "./command.ts";
import { wholeNumber } from "./command.ts";

interface ExportFlags {
  readonly to: ExportFormat;
  readonly out?: string;
  readonly batch?: number;
  readonly data?: string;
}

export const registerExport: Register = (program, session) => {
  program
    .command("export")
    .summary("write a run's model for other tools")
    .description(
      "Writes the selected parameters of a run (safetensors, npz), or its model as a function of a batch (onnx). Metadata say which spec, sizes and data it belongs to and how its inputs were scaled.",
    )
    .argument("<run>", "run folder")
    .addOption(new Option("--to <format>", "what to write").choices(EXPORT_FORMATS).makeOptionMandatory())
    .option("-o, --out <file>", "file to write (default: RUN/model.FORMAT)")
    .option("--batch <n>", "rows of a batch of the ONNX model (default: 1)", wholeNumber(1))
    .option("--data <dir>", "where the dataset of the run is now")
    .action((run: string, { to, out = `${run}/model.${to}`, batch, data }: ExportFlags) => {
      const { file, contents, describesInputs } = exportRun(run, {
        to,
        out,
        ...(batch === undefined ? {} : { batch }),
        ...(data === undefined ? {} : { data }),
      });
      session.io.out.write(`${contents.map((line) => `  ${line}\n`).join("")}Written to ${file}\n`);
      if (!describesInputs)
        session.io.err.write(
          "The dataset of the run was not found, so the file does not say how its inputs were scaled; --data names it.\n",
        );
    });
};
