/** Metrics of labels that do not exclude each other: every row has or lacks each of several. A label counts as predicted from a chance of a half on. */
import { at } from "../base/invariant.ts";

/** Predictions and labels of the labelled rows of one split, in the same order. Classes are whole numbers. */
export interface Pairs {
  readonly predicted: ArrayLike<number>;
  readonly truth: ArrayLike<number>;
  /** Numbers per row, of a set of labels: both are then row-major, predictions chances from 0 to 1, labels 0 or 1. */
  readonly width?: number;
}

/** From here on a chance is a yes. */
const YES = 0.5;

/** Counts of one label over all rows, and how well its chances order the rows. */
export interface LabelScore {
  readonly hits: number;
  readonly trueCount: number;
  readonly predictedCount: number;
  /** 2 hits / (true count + predicted count); 0 where both are 0. */
  readonly f1: number;
  /** Precision averaged over the steps of recall, from the largest chance down, equal ones together; NaN where no row has the label. */
  readonly averagePrecision: number;
}

/** By label. `predicted` and `truth` are row-major [rows, width]. */
export function labelScores({ predicted, truth, width = 1 }: Pairs): LabelScore[] {
  const rows = truth.length / width;
  return Array.from({ length: width }, (_, label) => {
    const pairs = Array.from({ length: rows }, (_row, row) => ({
      chance: at(predicted, row * width + label),
      has: at(truth, row * width + label) >= YES,
    }));
    const trueCount = pairs.filter(({ has }) => has).length;
    const positive = pairs.filter(({ chance }) => chance >= YES);
    const hits = positive.filter(({ has }) => has).length;
    const all = trueCount + positive.length;
    return {
      hits,
      trueCount,
      predictedCount: positive.length,
      f1: all === 0 ? 0 : (2 * hits) / all,
      averagePrecision: averagePrecision(pairs, trueCount),
    };
  });
}

function averagePrecision(
  pairs: readonly { readonly chance: number; readonly has: boolean }[],
  trueCount: number,
): number {
  if (trueCount === 0) return Number.NaN;
  const sorted = [...pairs].sort((a, b) => b.chance - a.chance);
  let [sum, hits, counted] = [0, 0, 0];
  for (const [index, { chance, has }] of sorted.entries()) {
    if (has) hits++;
    // Rows of one chance are told apart by nothing.
    if (sorted[index + 1]?.chance === chance) continue;
    sum += ((hits - counted) / trueCount) * (hits / (index + 1));
    counted = hits;
  }
  return sum;
}

/** F1 of all labels of all rows as one. */
export function microF1(pairs: Pairs): number {
  const scores = labelScores(pairs);
  const total = (of: (score: LabelScore) => number) => scores.reduce((sum, score) => sum + of(score), 0);
  const all = total(({ trueCount, predictedCount }) => trueCount + predictedCount);
  return all === 0 ? 0 : (2 * total(({ hits }) => hits)) / all;
}

/** F1 averaged over the labels that occur in truth or prediction. */
export function macroLabelF1(pairs: Pairs): number {
  const scores = labelScores(pairs).filter(({ trueCount, predictedCount }) => trueCount + predictedCount > 0);
  return mean(scores.map(({ f1 }) => f1));
}

/** F1 averaged over the labels by their true counts. */
export function weightedLabelF1(pairs: Pairs): number {
  const scores = labelScores(pairs);
  const all = scores.reduce((sum, { trueCount }) => sum + trueCount, 0);
  return scores.reduce((sum, { f1, trueCount }) => sum + f1 * trueCount, 0) / all;
}

/** Share of the rows of which every label is right. */
export function subsetAccuracy(pairs: Pairs): number {
  const { width = 1 } = pairs;
  const wrong = wrongPlaces(pairs);
  const rows = wrong.length / width;
  let right = 0;
  for (let row = 0; row < rows; row++)
    if (!wrong.slice(row * width, (row + 1) * width).includes(true)) right++;
  return right / rows;
}

/** Share of the labels of all rows that are wrong. */
export function hammingLoss(pairs: Pairs): number {
  const wrong = wrongPlaces(pairs);
  return wrong.filter(Boolean).length / wrong.length;
}

/** Average precision, averaged over the labels that some row has. */
export function meanAveragePrecision(pairs: Pairs): number {
  return mean(
    labelScores(pairs)
      .map((score) => score.averagePrecision)
      .filter((value) => !Number.isNaN(value)),
  );
}

function wrongPlaces({ predicted, truth }: Pairs): boolean[] {
  return Array.from(truth, (value, place) => value >= YES !== at(predicted, place) >= YES);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
