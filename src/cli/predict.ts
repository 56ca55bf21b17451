/** `mird predict`: a run's predictions and latents for a dataset. */
import type { Command } from "commander";
import type { DeviceFlags } from "../api/devices.ts";
import { evaluateRun } from "../api/evaluate-run.ts";
import { writeFileAtomic } from "../data/files.ts";
import { writeSafetensors } from "../data/safetensors.ts";
import type { OutputTable } from "../driver/results.ts";
import { outputTable, outputTensors } from "../driver/results.ts";
import { npz } from "../export/npz.ts";
import type { TableColumn } from "../export/parquet.ts";
import { parquet } from "../export/parquet.ts";
import { amount } from "../report/quantity.ts";
import { csv } from "../report/tables.ts";
import type { Register } from "./command.ts";
import { collect } from "./command.ts";
import { addDeviceOption } from "./device-option.ts";
import { addDropOption, dropText, splitDrops } from "./drop.ts";

interface PredictFlags extends DeviceFlags {
  readonly data?: string;
  readonly drop: readonly string[];
  readonly out: string;
  readonly parameters?: string;
  readonly split: readonly string[];
}

const FORMATS = [".csv", ".parquet", ".npz", ".safetensors"] as const;

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
      "file to write: .csv or .parquet, a line per row; .npz or .safetensors, one array per split and output",
    )
    .option("--data <dir>", "dataset (default: that of the run)")
    .option(
      "--parameters <file>",
      "a safetensors file of `mird export` or a checkpoint, instead of the selected parameters",
    )
    .option("--split <name>", "split; may be given several times (default: all)", collect, []);
  addDeviceOption(addDropOption(command, { instead: true })).action(
    async (run: string, flags: PredictFlags, self: Command) => {
      const { out, data = null, split, parameters } = flags;
      const format = FORMATS.find((ending) => out.endsWith(ending));
      if (format === undefined) self.error(`error: --out must end with ${FORMATS.join(", ")}`);
      const splits = split.length > 0 ? split : null;
      const drop = splitDrops(flags.drop);
      const evaluated = await evaluateRun({ run, data, splits, drop, parameters, device: flags });
      const { model, dataset, evaluations } = evaluated;
      const table = () => outputTable(model, dataset, evaluations);
      const tensors = () => outputTensors(model, dataset, evaluations);
      if (format === ".safetensors") writeSafetensors(out, tensors(), { "mird.run": run });
      else if (format === ".npz") writeFileAtomic(out, [npz(tensors())]);
      else if (format === ".parquet") writeFileAtomic(out, [parquet(columnsOf(table()))]);
      else writeFileAtomic(out, [new TextEncoder().encode(csvText(table()))]);
      const rows = [...evaluations.keys()].reduce((sum, name) => sum + (dataset.splits[name]?.rows ?? 0), 0);
      const names = model.evaluation.outputs.map(({ name }) => name).join(", ");
      session.io.out.write(dropText(dataset, evaluated.drop));
      session.io.out.write(`${amount(rows, "row")} of ${names} written to ${out}\n`);
    },
  );
};

function csvText({ header, rows }: OutputTable): string {
  return csv(header, rows);
}

/** Columns with the types of their values: the split and the id are texts, the row is a whole number. */
function columnsOf({ header, rows }: OutputTable): TableColumn[] {
  const types: Readonly<Record<string, TableColumn["type"]>> = {
    split: "STRING",
    id: "STRING",
    row: "INT32",
  };
  return header.map((name, column) => ({
    name,
    type: types[name] ?? "FLOAT",
    values: rows.map((row) => row[column] ?? null),
  }));
}
