/**
 * Evaluation metrics, one table for the checker, training and documents: name, label kind, direction, meaning, function. Definitions follow the evaluation scripts shared by
 * the multimodal sentiment literature; where papers differ, both conventions stand beside each other under their own names.
 */
import { at } from "../base/invariant.ts";
import { classF1, confusionMatrix, weightedF1 } from "./confusion.ts";
import type { Pairs } from "./label-sets.ts";
import {
  hammingLoss,
  macroLabelF1,
  meanAveragePrecision,
  microF1,
  subsetAccuracy,
  weightedLabelF1,
} from "./label-sets.ts";

/** One number per row, one class per row, or a yes or no for each of several labels. */
export type LabelKind = "score" | "class" | "set";

/** An axis of a declared type, of which only the rank and steps of rows' own matter here. */
type LabelAxis = { readonly kind: "rest" } | { readonly kind: "axis"; readonly ragged: boolean };

/** What metrics call a label of this type; null where none compares it, as with a sequence for each row. */
export function labelKind(type: {
  readonly element: string;
  readonly axes: readonly LabelAxis[];
}): LabelKind | null {
  const { element, axes } = type;
  const [, second] = axes;
  if (element === "class") return "class";
  if (element !== "f32" || axes.length > 2) return null;
  if (second === undefined) return "score";
  return second.kind === "axis" && !second.ragged ? "set" : null;
}

export interface Metric {
  readonly name: string;
  readonly labels: LabelKind;
  /** Which way is better. */
  readonly better: "lower" | "higher";
  readonly doc: string;
  /** NaN where the metric is not defined for these rows. */
  readonly compute: (pairs: Pairs) => number;
}

/** Every metric that `report` and `select` may name. */
export const METRICS: readonly Metric[] = [
  score("mae", "lower", "Mean absolute error over all rows.", meanAbsoluteError),
  score("mse", "lower", "Mean squared error over all rows.", meanSquaredError),
  score("corr", "higher", "Pearson correlation over all rows; undefined where a side is constant.", pearson),
  score(
    "acc7",
    "higher",
    "Share of equal whole numbers after clipping to [-3, 3]; halves round to even.",
    (p) => roundedAccuracy(p, 3),
  ),
  score(
    "acc5",
    "higher",
    "Share of equal whole numbers after clipping to [-2, 2]; halves round to even.",
    (p) => roundedAccuracy(p, 2),
  ),
  score(
    "acc3",
    "higher",
    "Share of equal whole numbers after clipping to [-1, 1]; halves round to even.",
    (p) => roundedAccuracy(p, 1),
  ),
  score(
    "acc2",
    "higher",
    "Share of agreement in `value >= 0`, over all rows (negative / non-negative).",
    (p) => accuracy(nonNegative(p)),
  ),
  score("f1", "higher", "F1 weighted by true counts, over the rows and classes of `acc2`.", (p) =>
    weightedF1(nonNegative(p)),
  ),
  score(
    "acc2_non0",
    "higher",
    "Share of agreement in `value > 0`, without rows whose label is 0 (negative / positive).",
    (p) => accuracy(positive(p)),
  ),
  score("f1_non0", "higher", "F1 weighted by true counts, over the rows and classes of `acc2_non0`.", (p) =>
    weightedF1(positive(p)),
  ),
  score("sims_acc2", "higher", "CH-SIMS: share of agreement in `value > 0`, over all rows.", (p) =>
    accuracy(binned(p, [0])),
  ),
  score("sims_f1", "higher", "CH-SIMS: F1 weighted by true counts, over the classes of `sims_acc2`.", (p) =>
    weightedF1(binned(p, [0])),
  ),
  score(
    "sims_acc3",
    "higher",
    "CH-SIMS: share of equal classes, cut at -0.1 and 0.1; a cut belongs below.",
    (p) => accuracy(binned(p, [-0.1, 0.1])),
  ),
  score(
    "sims_acc5",
    "higher",
    "CH-SIMS: share of equal classes, cut at -0.7, -0.1, 0.1 and 0.7; a cut belongs below.",
    (p) => accuracy(binned(p, [-0.7, -0.1, 0.1, 0.7])),
  ),
  ofClass("accuracy", "Share of rows whose class is predicted.", accuracy),
  ofClass("f1_macro", "F1, averaged over the classes that occur in labels or predictions.", macroF1),
  ofClass("f1_weighted", "F1, averaged over the classes by their true counts.", weightedF1),
  ofSet("f1_micro", "higher", "F1 of all labels of all rows as one.", microF1),
  ofSet(
    "f1_macro",
    "higher",
    "F1, averaged over the labels that occur in truth or prediction.",
    macroLabelF1,
  ),
  ofSet("f1_weighted", "higher", "F1, averaged over the labels by their true counts.", weightedLabelF1),
  ofSet("subset_accuracy", "higher", "Share of rows of which every label is right.", subsetAccuracy),
  ofSet("hamming_loss", "lower", "Share of wrong labels over all rows and labels.", hammingLoss),
  ofSet(
    "map",
    "higher",
    "Mean average precision: how well chances order the rows, averaged over the labels that occur.",
    meanAveragePrecision,
  ),
];

/** The metric of this name, for the first kind of label that has one; or null. */
export function findMetric(name: string): Metric | null {
  return METRICS.find((metric) => metric.name === name) ?? null;
}

/** All metrics of a label kind by name. */
export function computeMetrics(kind: LabelKind, pairs: Pairs): Map<string, number> {
  const table = METRICS.filter((metric) => metric.labels === kind);
  return new Map(table.map((metric) => [metric.name, metric.compute(pairs)]));
}

function score(name: string, better: Metric["better"], doc: string, compute: Metric["compute"]): Metric {
  return { name, labels: "score", better, doc, compute };
}

function ofClass(name: string, doc: string, compute: Metric["compute"]): Metric {
  return { name, labels: "class", better: "higher", doc, compute };
}

function ofSet(name: string, better: Metric["better"], doc: string, compute: Metric["compute"]): Metric {
  return { name, labels: "set", better, doc, compute };
}

function meanOver({ predicted, truth }: Pairs, term: (prediction: number, label: number) => number): number {
  let sum = 0;
  for (let row = 0; row < truth.length; row++) sum += term(at(predicted, row), at(truth, row));
  return sum / truth.length;
}

function meanAbsoluteError(pairs: Pairs): number {
  return meanOver(pairs, (prediction, label) => Math.abs(prediction - label));
}

function meanSquaredError(pairs: Pairs): number {
  return meanOver(pairs, (prediction, label) => (prediction - label) ** 2);
}

/** Constant means max == min: rounding in a variance would not show it. */
function isConstant(values: ArrayLike<number>): boolean {
  for (let row = 1; row < values.length; row++) if (at(values, row) !== at(values, 0)) return false;
  return true;
}

function pearson({ predicted, truth }: Pairs): number {
  if (isConstant(predicted) || isConstant(truth)) return Number.NaN;
  const meanPredicted = meanOver({ predicted, truth }, (prediction) => prediction);
  const meanTruth = meanOver({ predicted, truth }, (_, label) => label);
  let product = 0;
  let squaresPredicted = 0;
  let squaresTruth = 0;
  for (let row = 0; row < truth.length; row++) {
    const a = at(predicted, row) - meanPredicted;
    const b = at(truth, row) - meanTruth;
    product += a * b;
    squaresPredicted += a * a;
    squaresTruth += b * b;
  }
  return product / Math.sqrt(squaresPredicted * squaresTruth);
}

/** To the nearest whole number, halves to the even one, as the published scripts round. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

function roundedAccuracy(pairs: Pairs, limit: number): number {
  const round = (value: number) => roundHalfEven(Math.min(limit, Math.max(-limit, value)));
  return meanOver(pairs, (prediction, label) => (round(prediction) === round(label) ? 1 : 0));
}

/**
 * The number of cuts below each value, right-closed: a value at a cut belongs to the lower class. Scores are 32-bit floats, so cuts are rounded to them; else a
 * label of 0.1 would lie above the cut at 0.1.
 */
function binned({ predicted, truth }: Pairs, cuts: readonly number[]): Pairs {
  const bin = (value: number) => cuts.filter((cut) => Math.fround(value) > Math.fround(cut)).length;
  return { predicted: Array.from(predicted, bin), truth: Array.from(truth, bin) };
}

/** Negative / non-negative as classes 0 and 1. */
function nonNegative({ predicted, truth }: Pairs): Pairs {
  const sign = (value: number) => (value >= 0 ? 1 : 0);
  return { predicted: Array.from(predicted, sign), truth: Array.from(truth, sign) };
}

/** Negative / positive as classes 0 and 1, without the rows whose label is 0. */
function positive({ predicted, truth }: Pairs): Pairs {
  const sign = (value: number) => (value > 0 ? 1 : 0);
  const rows = Array.from(truth, (label, row) => ({ label, prediction: at(predicted, row) })).filter(
    ({ label }) => label !== 0,
  );
  return {
    predicted: rows.map(({ prediction }) => sign(prediction)),
    truth: rows.map(({ label }) => sign(label)),
  };
}

function accuracy(pairs: Pairs): number {
  return meanOver(pairs, (prediction, label) => (prediction === label ? 1 : 0));
}

function macroF1(pairs: Pairs): number {
  const scores = classF1(confusionMatrix(pairs)).filter(
    ({ trueCount, predictedCount }) => trueCount + predictedCount > 0,
  );
  return scores.reduce((sum, { f1 }) => sum + f1, 0) / scores.length;
}
