/** Predictions, latents and metrics of a run's selected model, as values. */
import { at } from "../base/invariant.ts";
import type { Drops } from "../data/drop.ts";
import type { GivenData } from "./dataset.ts";
import { evaluateRun } from "./evaluate-run.ts";
import type { Run } from "./load.ts";
import type { DeviceOptions } from "./options.ts";
import { deviceOf } from "./options.ts";

export interface PredictOptions extends DeviceOptions {
  /** Default: the dataset of the run. */
  readonly data?: GivenData;
  /** Shares of rows that lose a modality, by the seed of the run; default: what the run dropped, `{}` for nothing. */
  readonly drop?: Drops;
  /** Default: every split of the dataset. */
  readonly splits?: readonly string[];
  /** Rows of a batch, on which losses that compare rows with each other depend; default: as many as in training. */
  readonly batch?: number;
  /** A safetensors file of parameters, as an export writes it, instead of the selected ones of the run. */
  readonly parameters?: string;
}

/** What the model says about one split, row by row. */
export interface SplitPrediction {
  readonly rows: number;
  readonly ids: readonly string[] | null;
  /** The label of every row, of several numbers row-major, NaN where it has none; null when the model has no label. */
  readonly labels: Float32Array | null;
  /** The predicted score or class of every row, NaN where a row lacks what the prediction needs; null when the model predicts nothing. */
  readonly predictions: Float32Array | null;
  /** Every output of the spec, latents included: row-major [rows, width], NaN where a row lacks what it needs. */
  readonly outputs: ReadonlyMap<string, { readonly width: number; readonly values: Float32Array }>;
  readonly metrics: ReadonlyMap<string, number>;
  readonly losses: ReadonlyMap<string, number>;
}

/** Evaluates a run's selected model, by split. Throws a UserError when the data do not fit the run's spec. */
export async function predict(
  run: Run | string,
  options: PredictOptions = {},
): Promise<ReadonlyMap<string, SplitPrediction>> {
  const folder = typeof run === "string" ? run : run.folder;
  const { data = null, splits = null, drop = null, batch = null, parameters } = options;
  const device = deviceOf(options);
  const evaluated = await evaluateRun({ run: folder, data, splits, drop, batch, parameters, device });
  const { model, dataset, evaluations } = evaluated;
  const result = new Map<string, SplitPrediction>();
  for (const [name, { predictions, outputs, metrics, losses }] of evaluations) {
    const split = dataset.splits[name];
    const field = model.label === null ? undefined : split?.fields.get(model.label.name);
    const labels =
      field === undefined
        ? null
        : Float32Array.from(field.data, (value, place) =>
            at(field.present, Math.floor(place / field.spec.width)) === 1 ? value : Number.NaN,
          );
    const values = model.evaluation.outputs.map(({ name: output, rowElements }) => {
      const all = outputs.get(output) ?? new Float32Array();
      return [output, { width: rowElements, values: all }] as const;
    });
    result.set(name, {
      rows: split?.rows ?? 0,
      ids: split?.ids ?? null,
      labels,
      predictions,
      outputs: new Map(values),
      metrics,
      losses,
    });
  }
  return result;
}
