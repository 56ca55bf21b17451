/** What a finished run leaves for people and programs: metrics by split, predictions row by row, latents. */
import { at } from "../base/invariant.ts";
import type { Tensor } from "../data/safetensors.ts";
import type { Dataset, Split } from "../data/schema.ts";
import type { SplitResult } from "../report/tables.ts";
import { csv } from "../report/tables.ts";
import type { CompiledModel } from "../train/compiled.ts";
import type { Evaluation } from "../train/evaluate.ts";

/** Metrics and losses in the form of the tables. */
export function splitResults(evaluations: ReadonlyMap<string, Evaluation>): SplitResult[] {
  return [...evaluations].map(([split, { metrics, losses, confusion, unpredicted }]) => ({
    split,
    metrics,
    losses,
    confusion,
    unpredicted,
  }));
}

/** Split, row, id, label and prediction of every row; empty cells where a row has none of them. Null when the model predicts nothing. */
export function predictionsCsv(
  model: CompiledModel,
  dataset: Dataset,
  evaluations: ReadonlyMap<string, Evaluation>,
): string | null {
  const rows: (string | number | null)[][] = [];
  const width = labelWidth(model, dataset);
  for (const [name, { predictions }] of evaluations) {
    const split = dataset.splits[name];
    if (split === undefined || predictions === null) continue;
    for (let row = 0; row < split.rows; row++) {
      const own = predictions.subarray(row * width, (row + 1) * width);
      rows.push([...rowHead(model, split, row, width), ...Array.from(own, valueOrNone)]);
    }
  }
  const header = ["split", "row", "id", ...columnNames("label", width), ...columnNames("prediction", width)];
  return rows.length === 0 ? null : csv(header, rows);
}

/** Nothing in place of NaN, which stands in rows that lack what an output needs. */
function valueOrNone(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** A table: its columns, and a cell for each in every row. */
export interface OutputTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** One line per row of every split: split, row, id, label, and one column per number of every output. */
export function outputTable(
  model: CompiledModel,
  dataset: Dataset,
  evaluations: ReadonlyMap<string, Evaluation>,
): OutputTable {
  const columns = model.evaluation.outputs.flatMap(({ name, rowElements }) => columnNames(name, rowElements));
  const width = labelWidth(model, dataset);
  const rows: (string | number | null)[][] = [];
  for (const [name, { outputs }] of evaluations) {
    const split = dataset.splits[name];
    if (split === undefined) continue;
    for (let row = 0; row < split.rows; row++) {
      const values = model.evaluation.outputs.flatMap((output) => {
        const all = outputs.get(output.name) ?? new Float32Array();
        const own = all.subarray(row * output.rowElements, (row + 1) * output.rowElements);
        return Array.from(own, valueOrNone);
      });
      rows.push([...rowHead(model, split, row, width), ...values]);
    }
  }
  return { header: ["split", "row", "id", ...columnNames("label", width), ...columns], rows };
}

/** Outputs by `SPLIT.OUTPUT`, each [rows, numbers per row]; NaN in rows that lack what an output needs. */
export function outputTensors(
  model: CompiledModel,
  dataset: Dataset,
  evaluations: ReadonlyMap<string, Evaluation>,
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, { outputs }] of evaluations) {
    const rows = dataset.splits[name]?.rows ?? 0;
    for (const { name: output, rowElements } of model.evaluation.outputs) {
      const data = outputs.get(output) ?? new Float32Array();
      tensors.set(`${name}.${output}`, { dtype: "F32", shape: [rows, rowElements], data });
    }
  }
  return tensors;
}

/** One name for each number: the name itself where there is one. */
function columnNames(name: string, width: number): string[] {
  return width === 1 ? [name] : Array.from({ length: width }, (_, index) => `${name}.${index}`);
}

/** Numbers of a label per row. */
function labelWidth({ label }: CompiledModel, dataset: Dataset): number {
  return dataset.fields.find(({ name }) => name === label?.name)?.width ?? 1;
}

function rowHead(model: CompiledModel, split: Split, row: number, width: number): (string | number | null)[] {
  const field = model.label === null ? undefined : split.fields.get(model.label.name);
  const label = Array.from({ length: width }, (_, place) =>
    field !== undefined && field.present[row] === 1 ? at(field.data, row * width + place) : null,
  );
  return [split.name, row, split.ids?.[row] ?? null, ...label];
}
