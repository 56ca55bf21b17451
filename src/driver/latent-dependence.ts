/** Dependence of the latents of an evaluated model in one number for each pair: cheap enough to go with every run. `mird disentangle` measures more. */
import type { Dataset } from "../data/schema.ts";
import type { RunDependence } from "../report/run-dependence.ts";
import { gaussianSimilarity, LEAST_ROWS, similarityCorrelation } from "../statistics/centred-correlation.ts";
import type { Matrix } from "../statistics/matrix.ts";
import { fitStandardiser, matrixOf, standardise, takeRows } from "../statistics/matrix.ts";
import type { CompiledModel } from "../train/compiled.ts";
import type { Evaluation } from "../train/evaluate.ts";

/** Most rows behind a scatter or a heat map. */
const MOST_ROWS = 600;

/** The split that pages look at. */
export function shownSplit(dataset: Dataset): string {
  return dataset.splits.test === undefined ? "valid" : "test";
}

/** The first rows of a split that have every field which the model reads besides the label. */
export function completeRows(model: CompiledModel, dataset: Dataset, split: string): Uint32Array {
  const { fields, rows = 0 } = dataset.splits[split] ?? {};
  const read = new Set(model.data.map(({ field }) => field).filter((field) => field !== model.label?.name));
  const flags = [...read].flatMap((name) => fields?.get(name)?.present ?? []);
  const complete = Uint32Array.from({ length: rows }, (_, row) => row);
  return complete.filter((row) => flags.every((present) => present[row] === 1)).slice(0, MOST_ROWS);
}

/** Names of the outputs that predict no label. */
export function latentNames(model: CompiledModel): string[] {
  return model.outputs.flatMap(({ name, predicts }) => (predicts === null ? [name] : []));
}

/** The values of an output at some rows. */
export function outputMatrix(
  model: CompiledModel,
  evaluation: Evaluation,
  name: string,
  rows: Uint32Array,
): Matrix {
  const width = model.outputs.find((output) => output.name === name)?.rowElements ?? 1;
  const values = evaluation.outputs.get(name) ?? new Float32Array();
  return takeRows(matrixOf(values, values.length / width), rows);
}

/** Normalised HSIC of every pair of latents; null with fewer than two of them, too few rows, or no evaluation of the split. */
export function runDependence(
  model: CompiledModel,
  dataset: Dataset,
  evaluations: ReadonlyMap<string, Evaluation>,
): RunDependence | null {
  const split = shownSplit(dataset);
  const evaluation = evaluations.get(split);
  const rows = completeRows(model, dataset, split);
  const names = latentNames(model);
  if (evaluation === undefined || names.length < 2 || rows.length < LEAST_ROWS) return null;
  const similarities = names.map((name) => {
    const sample = outputMatrix(model, evaluation, name, rows);
    const scaled = standardise(sample, fitStandardiser(sample));
    return scaled.columns === 0 ? null : gaussianSimilarity(scaled);
  });
  const pairs = names.flatMap((first, index) =>
    names.slice(index + 1).map((second, further) => {
      const [a = null, b = null] = [similarities[index], similarities[index + 1 + further]];
      return { first, second, hsic: a === null || b === null ? Number.NaN : similarityCorrelation(a, b) };
    }),
  );
  return { split, rows: rows.length, pairs };
}
