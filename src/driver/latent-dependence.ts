/** Dependence of the latents of an evaluated model in one number for each pair: cheap enough to go with every run. `mird disentangle` measures more. */
import type { Dataset } from "../data/schema.ts";
import type { RunDependence } from "../report/run-dependence.ts";
import { gaussianSimilarity, LEAST_ROWS, similarityCorrelation } from "../statistics/centred-correlation.ts";
import { standardised } from "../statistics/matrix.ts";
import type { CompiledModel } from "../train/compiled.ts";
import type { Evaluation } from "../train/evaluate.ts";
import { completeRows, latentOutputs, outputMatrix } from "./latents.ts";

/** Most rows behind a scatter or a heat map. */
const MOST_ROWS = 600;

/** The split that pages look at. */
export function shownSplit(dataset: Dataset): string {
  return dataset.splits.test === undefined ? "valid" : "test";
}

/** The first rows of a split that have every modality. */
export function shownRows(model: CompiledModel, dataset: Dataset, split: string): Uint32Array {
  return completeRows(model, dataset, split).slice(0, MOST_ROWS);
}

/** Normalised HSIC of every pair of latents; null with fewer than two of them, too few rows, or no evaluation of the split. */
export function runDependence(
  model: CompiledModel,
  dataset: Dataset,
  evaluations: ReadonlyMap<string, Evaluation>,
): RunDependence | null {
  const split = shownSplit(dataset);
  const evaluation = evaluations.get(split);
  const rows = shownRows(model, dataset, split);
  const latents = latentOutputs(model);
  if (evaluation === undefined || latents.length < 2 || rows.length < LEAST_ROWS) return null;
  const similarities = latents.map((latent) => {
    const scaled = standardised(outputMatrix(latent, evaluation, rows));
    return scaled.columns === 0 ? null : gaussianSimilarity(scaled);
  });
  const names = latents.map(({ name }) => name);
  const pairs = names.flatMap((first, index) =>
    names.slice(index + 1).map((second, further) => {
      const [a = null, b = null] = [similarities[index], similarities[index + 1 + further]];
      return { first, second, hsic: a === null || b === null ? Number.NaN : similarityCorrelation(a, b) };
    }),
  );
  return { split, rows: rows.length, pairs };
}
