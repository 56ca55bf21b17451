/**
 * One pass over a split: losses averaged over the rows they apply to, outputs row by row, metrics of the predictions.
 * Losses are sums divided by counts, not means of batch means, which would overweight a short last batch.
 */
import { at, invariant } from "../base/invariant.ts";
import type { Dataset, Split } from "../data/schema.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { Confusion } from "../statistics/confusion.ts";
import { namedConfusion } from "../statistics/confusion.ts";
import type { Pairs } from "../statistics/label-sets.ts";
import { computeMetrics } from "../statistics/metrics.ts";
import type { CompiledEvaluation, CompiledModel, RecordedOutput } from "./compiled.ts";
import type { RowRange } from "./data-arenas.ts";
import { fieldOf, rowRanges } from "./data-arenas.ts";
import type { TrainingDevice } from "./device.ts";
import type { BatchFeed } from "./feed.ts";
import { Inflight } from "./inflight.ts";

/** Splits that a training evaluates with the parameters that it selects, where the dataset has them. */
export const EVALUATED_SPLITS: readonly string[] = ["valid", "test"];

export interface Evaluation {
  /** Mean of each loss over the rows that have what it reads; losses that apply to no row are left out. */
  readonly losses: ReadonlyMap<string, number>;
  /** Metrics over the labelled rows that have a prediction; empty when the model predicts no label. */
  readonly metrics: ReadonlyMap<string, number>;
  /** Row-major values of each output, for every row of the split; NaN in rows that lack something that the output needs. */
  readonly outputs: ReadonlyMap<string, Float32Array>;
  /** The predicted score or class of every row, of a set of labels the chances (row-major), NaN where there is none; null when the model predicts no label that metrics compare. */
  readonly predictions: Float32Array | null;
  /** Predictions and labels of the labelled rows that have a prediction, which the metrics are over; null where no metric compares. */
  readonly pairs: Pairs | null;
  /** Classes against predicted classes of these rows; null of other labels. */
  readonly confusion: Confusion | null;
  /** Labelled rows without a prediction, and the fields that they lack; null when every one has one. */
  readonly unpredicted: Unpredicted | null;
}

export interface Unpredicted {
  readonly rows: number;
  readonly labelled: number;
  readonly lacking: readonly string[];
}

interface EvaluationRequest {
  readonly model: CompiledModel;
  readonly device: TrainingDevice;
  readonly dataset: Dataset;
  readonly feed: BatchFeed;
  /** That of the run. */
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/**
 * Evaluates the device's current parameters on a split; the first time, the evaluation is compiled and prepared. Ends early, with the rows so far, when the signal aborts.
 */
export async function evaluateSplit(request: EvaluationRequest, splitName: string): Promise<Evaluation> {
  const { model, device, dataset, feed, seed } = request;
  const { program, rows: batchRows, outputs: recorded } = model.evaluation;
  if (!device.has("evaluation")) await device.add("evaluation", program);
  const range = rowRanges(dataset).get(splitName);
  const split = dataset.splits[splitName];
  invariant(range !== undefined && split !== undefined, `there is a split ${splitName}`);
  const totals = new LossTotals(model.evaluation.losses);
  const outputs = new Map(
    recorded.map((output) => [output.name, new Float32Array(range.rows * output.rowElements)]),
  );
  const inflight = new Inflight();
  const batches = evaluationBatches(range, batchRows);
  for (const [index, batch] of batches.entries()) {
    if (request.signal?.aborted === true) break;
    const first = index * batchRows;
    const rows = Math.min(batchRows, range.rows - first);
    await feed.batch(model.evaluation, batch, batches[index + 1] ?? null);
    // What shuffles in evaluation too draws anew for each batch, and never what an iteration of training draws: those count from 0 up.
    if (program.arenas.has("random")) device.write("random", Int32Array.of(seed, -1 - index));
    device.run("evaluation");
    const reads = [
      device.read("losses"),
      recorded.length > 0 ? device.read("outputs") : new Float32Array(),
    ] as const;
    await inflight.add(
      Promise.all(reads).then(([losses, values]) => {
        totals.add(losses);
        for (const output of recorded) {
          const taken = values.subarray(output.offset, output.offset + rows * output.rowElements);
          outputs.get(output.name)?.set(taken, first * output.rowElements);
        }
      }),
    );
    await device.ready();
  }
  await inflight.drain();
  for (const output of recorded) leaveOut(outputs.get(output.name), output, split);
  const predictions = predictionsOf(model, outputs, range.rows);
  return { losses: totals.means(), ...compared(model, split, predictions), outputs, predictions };
}

/** Puts NaN where a row lacks something that an output needs: what the program computes there says nothing. */
function leaveOut(
  values: Float32Array | undefined,
  { needs, rowElements }: RecordedOutput,
  split: Split,
): void {
  for (let row = 0; row < split.rows; row++)
    if (!hasAll(split, needs, row)) values?.fill(Number.NaN, row * rowElements, (row + 1) * rowElements);
}

function hasAll(split: Split, fields: readonly string[], row: number): boolean {
  return fields.every((field) => fieldOf(split, field).present[row] === 1);
}

/** All rows of a split in order; the last batch is filled with absent rows. */
function evaluationBatches({ first, rows }: RowRange, size: number): Int32Array[] {
  return Array.from({ length: Math.ceil(rows / size) }, (_, batch) =>
    Int32Array.from({ length: size }, (_row, place) => {
      const row = batch * size + place;
      return row < rows ? first + row : -1;
    }),
  );
}

/** Weighted sums of the evaluation losses, in the order of the batches. */
class LossTotals {
  private readonly losses: CompiledEvaluation["losses"];
  private readonly sums: Float64Array;
  private readonly weights: Float64Array;

  constructor(losses: CompiledEvaluation["losses"]) {
    this.losses = losses;
    this.sums = new Float64Array(losses.length);
    this.weights = new Float64Array(losses.length);
  }

  add(values: Float32Array): void {
    for (const [index, loss] of this.losses.entries()) {
      const weight = at(values, loss.weight);
      // A loss over no rows is 0 / 0; it says nothing.
      if (weight === 0) continue;
      this.sums[index] = at(this.sums, index) + weight * at(values, loss.offset);
      this.weights[index] = at(this.weights, index) + weight;
    }
  }

  means(): Map<string, number> {
    const means = new Map<string, number>();
    for (const [index, { name }] of this.losses.entries()) {
      const weight = at(this.weights, index);
      if (weight > 0) means.set(name, at(this.sums, index) / weight);
    }
    return means;
  }
}

/** The output that predicts the label of the model. */
function predictingOutput({ label, evaluation }: CompiledModel): RecordedOutput | undefined {
  return evaluation.outputs.find(({ predicts }) => label !== null && predicts === label.name);
}

function predictionsOf(
  model: CompiledModel,
  outputs: ReadonlyMap<string, Float32Array>,
  rows: number,
): Float32Array | null {
  const { label } = model;
  const output = predictingOutput(model);
  if (label === null || label.kind === null || output === undefined) return null;
  const values = outputs.get(output.name);
  invariant(values !== undefined, `the output ${output.name} was recorded`);
  return label.kind === "class" ? classes(values, output, rows) : values;
}

/** The class with the largest score in each row, the first of equals. */
function classes(values: Float32Array, { rowElements }: RecordedOutput, rows: number): Float32Array {
  return Float32Array.from({ length: rows }, (_, row) => {
    const scores = values.subarray(row * rowElements, (row + 1) * rowElements);
    if (Number.isNaN(scores[0])) return Number.NaN;
    return scores.reduce((best, score, index) => (score > at(scores, best) ? index : best), 0);
  });
}

/** Throws a UserError when an output predicts a set of labels by what is no chance: a half would not divide yes and no. */
function requireChances(
  { name, predicts }: RecordedOutput,
  split: Split,
  predicted: readonly number[],
): void {
  const wrong = predicted.find((value) => value < 0 || value > 1);
  if (wrong === undefined) return;
  throw new UserError([
    {
      code: "not-a-chance",
      severity: "error",
      title: "Prediction is no chance",
      primary: null,
      related: [],
      text: `The output \`${name}\` predicts \`${predicts}\`, a yes or no for each of several labels, by chances from 0 to 1. In the split \`${split.name}\` it gives ${wrong}.`,
      hint: `If \`${name}\` holds scores, \`sigmoid\` of them are chances.`,
    },
  ]);
}

/** Metrics of the labelled rows that have a prediction, and how many have none. */
function compared(
  model: CompiledModel,
  split: Split,
  predictions: Float32Array | null,
): Pick<Evaluation, "metrics" | "pairs" | "confusion" | "unpredicted"> {
  const { label } = model;
  const output = predictingOutput(model);
  const field = label === null ? undefined : split.fields.get(label.name);
  if (label === null || label.kind === null || field === undefined || !output || predictions === null)
    return { metrics: new Map(), pairs: null, confusion: null, unpredicted: null };
  const labelled = Array.from(field.present.keys()).filter((row) => field.present[row] === 1);
  const { needs } = output;
  const rows = labelled.filter((row) => hasAll(split, needs, row));
  const { width } = field.spec;
  const taken = (values: ArrayLike<number>) =>
    rows.flatMap((row) => Array.from({ length: width }, (_, place) => at(values, row * width + place)));
  const predicted = taken(predictions);
  if (label.kind === "set") requireChances(output, split, predicted);
  const truth = taken(field.data);
  const pairs = { predicted, truth, width };
  const metrics = computeMetrics(label.kind, pairs);
  const classes = field.spec.classes ?? [];
  const confusion = label.kind === "class" ? namedConfusion(pairs, classes) : null;
  if (rows.length === labelled.length) return { metrics, pairs, confusion, unpredicted: null };
  const lacking = needs.filter((name) => labelled.some((row) => !hasAll(split, [name], row)));
  const without = labelled.length - rows.length;
  return { metrics, pairs, confusion, unpredicted: { rows: without, labelled: labelled.length, lacking } };
}
