/** The latents of an evaluated model: which rows count, their values as samples, and which rows fit, choose and judge. */
import { at } from "../base/invariant.ts";
import type { RandomStream } from "../base/random.ts";
import type { Dataset } from "../data/schema.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { Matrix } from "../statistics/matrix.ts";
import { matrixOf, sampleRows, takeRows } from "../statistics/matrix.ts";
import type { ProbeRows } from "../statistics/probe.ts";
import type { CompiledModel, RecordedOutput } from "../train/compiled.ts";
import type { Evaluation } from "../train/evaluate.ts";

/** Share of the training rows that only choose: penalties, widths, the epoch of a critic. */
const CHOOSING = 0.2;
/** Most rows of the training split that are used. */
const MOST_FIT_ROWS = 4096;
/** With fewer rows on either side nothing is worth printing. */
const LEAST_ROWS = 20;

/** One latent: training rows for fitting and choosing, and the rows that the results are for. */
export interface LatentSample extends ProbeRows<Matrix> {
  readonly name: string;
}

/** Outputs that predict no label. */
export function latentOutputs({ evaluation: { outputs } }: CompiledModel): readonly RecordedOutput[] {
  return outputs.filter(({ predicts }) => predicts === null);
}

/** The rows of a split that have every field which the model reads besides the label. */
export function completeRows(
  { evaluation, label }: CompiledModel,
  dataset: Dataset,
  split: string,
): Uint32Array {
  const { fields, rows = 0 } = dataset.splits[split] ?? {};
  const fieldsRead = evaluation.data.map(({ field }) => field).filter((field) => field !== label?.name);
  const read = new Set(fieldsRead);
  const flags = [...read].flatMap((name) => fields?.get(name)?.present ?? []);
  const all = Uint32Array.from({ length: rows }, (_, row) => row);
  return all.filter((row) => flags.every((present) => present[row] === 1));
}

/** The values of an output at some rows. */
export function outputMatrix(
  output: RecordedOutput,
  evaluation: Evaluation | undefined,
  rows: Uint32Array,
): Matrix {
  const values = evaluation?.outputs.get(output.name) ?? new Float32Array();
  return takeRows(matrixOf(values, values.length / output.rowElements), rows);
}

/** Rows of the dataset behind a sample. */
export interface SampledRows {
  readonly train: { readonly fit: Uint32Array; readonly choose: Uint32Array };
  readonly split: string;
  readonly test: Uint32Array;
  /** Rows of the split that lack an input, so that a latent says nothing about it. */
  readonly incomplete: number;
}

export interface SampleRequest {
  /** Where the dataset is, for messages. */
  readonly folder: string;
  readonly dataset: Dataset;
  readonly model: CompiledModel;
  readonly split: string;
  /** Most rows of the split that are used. */
  readonly rows: number;
  readonly random: RandomStream;
}

/** Chooses rows that have every input. Throws a UserError where there are too few of them, or the split is the one that is fitted to. */
export function chooseRows(request: SampleRequest): SampledRows {
  const { split, rows, random, folder, dataset, model } = request;
  if (split === "train") {
    throw latentError(
      folder,
      "The training split fits the probes and critics, so it cannot judge them.",
      "Give another split, for example `--split test`.",
    );
  }
  const complete = completeRows(model, dataset, split);
  const test = takeEach(complete, sampleRows(complete.length, rows, random));
  const training = completeRows(model, dataset, "train");
  const order = random.permutation(training.length).slice(0, MOST_FIT_ROWS);
  const choosing = Math.round(CHOOSING * order.length);
  for (const [name, count] of [
    [split, test.length],
    ["train", order.length],
  ] as const) {
    if (count < LEAST_ROWS) {
      throw latentError(
        folder,
        `The split \`${name}\` has ${count} rows with every input that the model reads; at least ${LEAST_ROWS} are needed.`,
      );
    }
  }
  return {
    train: {
      choose: takeEach(training, order.slice(0, choosing)),
      fit: takeEach(training, order.slice(choosing)),
    },
    split,
    test,
    incomplete: (dataset.splits[split]?.rows ?? 0) - complete.length,
  };
}

/** The values of an output at the chosen rows. */
export function latentSample(
  output: RecordedOutput,
  evaluations: ReadonlyMap<string, Evaluation>,
  rows: SampledRows,
): LatentSample {
  const matrix = (split: string, taken: Uint32Array) => outputMatrix(output, evaluations.get(split), taken);
  return {
    name: output.name,
    fit: matrix("train", rows.train.fit),
    choose: matrix("train", rows.train.choose),
    test: matrix(rows.split, rows.test),
  };
}

/** A problem with what latents are asked for. */
export function latentError(file: string, text: string, hint?: string): UserError {
  const more = hint === undefined ? {} : { hint };
  return new UserError([
    {
      code: "no-latents",
      severity: "error",
      title: "Nothing to take apart",
      primary: null,
      related: [],
      place: { file },
      text,
      ...more,
    },
  ]);
}

function takeEach(rows: Uint32Array, places: Uint32Array): Uint32Array {
  return places.map((place) => at(rows, place));
}
