/** A run's model on a dataset: what all commands share that evaluate one. */
import type { CheckedModel } from "../check/checked.ts";
import { fingerprint } from "../data/dataset.ts";
import type { Drops } from "../data/drop.ts";
import { readSafetensors } from "../data/safetensors.ts";
import type { Dataset } from "../data/schema.ts";
import { UserError } from "../diagnostics/problems.ts";
import { prepare } from "../driver/prepare.ts";
import { bestParameters } from "../driver/run-recorder.ts";
import { readRun } from "../report/run-directory.ts";
import { parametersFrom } from "../train/checkpoint.ts";
import type { CompiledModel } from "../train/compiled.ts";
import type { Evaluation } from "../train/evaluate.ts";
import { evaluateSplit } from "../train/evaluate.ts";
import { openFeed } from "../train/feed.ts";
import { initialParameters } from "../train/initialise.ts";
import type { TrainSettings } from "../train/settings.ts";
import type { GivenData } from "./dataset.ts";
import { dataName, openDatasetFor } from "./dataset.ts";
import type { DeviceFlags } from "./devices.ts";
import { chooseDevice } from "./devices.ts";
import { datasetWithout } from "./drops.ts";
import { recordedSpec } from "./run.ts";
import { requireModel } from "./spec.ts";

interface EvaluateRequest {
  readonly run: string;
  /** Null: the dataset of the run. */
  readonly data: GivenData | null;
  /** A function chooses among those of the dataset; null: every one. */
  readonly splits: readonly string[] | ((dataset: Dataset) => readonly string[]) | null;
  /** Shares of rows that lose a modality; null or left out: those of the run. */
  readonly drop?: Drops | null;
  readonly device: DeviceFlags;
  /** Rows of a batch; null or left out: as many as in training. Losses that compare rows with each other depend on it. */
  readonly batch?: number | null;
  /** A safetensors file with other parameters than the selected ones. */
  readonly parameters?: string | undefined;
  /** Evaluate the model as it was initialised, too. */
  readonly initial?: boolean;
}

export interface EvaluatedRun {
  readonly model: CompiledModel;
  readonly settings: TrainSettings;
  /** Without what was dropped. */
  readonly dataset: Dataset;
  readonly drop: Drops;
  readonly evaluations: ReadonlyMap<string, Evaluation>;
  /** Of the model before training; empty where it was not asked for. */
  readonly initial: ReadonlyMap<string, Evaluation>;
}

/** Compiles the recorded spec for the dataset, loads the selected parameters, or those that are asked for, and evaluates. */
export async function evaluateRun(request: EvaluateRequest): Promise<EvaluatedRun> {
  const info = readRun(request.run);
  const given = request.data ?? info.dataset.folder;
  const folder = dataName(given);
  const drop = request.drop ?? info.drop;
  const { program, model: recorded, identity } = requireModel(recordedSpec(info));
  const { batch = null } = request;
  const checked = batch === null ? recorded : inBatchesOf(recorded, batch);
  const chosen = await chooseDevice(request.device);
  try {
    const { dataset: whole, stream } = openDatasetFor(given, chosen.backend.limits, false, [checked]);
    const dataset = datasetWithout({ program, model: checked }, whole, drop, info.seed);
    const wanted = request.splits ?? Object.keys(dataset.splits);
    const splits = typeof wanted === "function" ? wanted(dataset) : wanted;
    for (const split of splits)
      if (dataset.splits[split] === undefined) throw noSplit(folder, dataset, split);
    const { model, settings, start } = prepare({
      model: checked,
      types: program.types,
      kept: {
        cache: chosen.cache,
        identity: batch === null ? identity : `${identity} in batches of ${batch}`,
      },
      dataset,
      folder,
      target: chosen.target,
      limits: chosen.backend.limits,
      epochs: info.epochs,
      purpose: "evaluate",
      // What the run began from is needed again where it is evaluated too.
      pretrained: request.initial === true ? info.pretrained : null,
      stream,
      dropped: { drops: drop, evaluated: splits.filter((split) => split !== "train") },
    });
    const hasRows = model.parameters.some(({ perRow }) => perRow);
    const sameRows = !hasRows || fingerprint(dataset) === info.dataset.fingerprint;
    const { parameters: file } = request;
    const parameters =
      file === undefined
        ? bestParameters(request.run, model, sameRows)
        : parametersFrom(model, readSafetensors(file), file, sameRows);
    const device = await chosen.backend.prepare(new Map([["evaluation", model.evaluation.program]]));
    const feed = openFeed(device, model, dataset);
    const { seed } = info;
    const evaluateAll = async (values: Float32Array) => {
      device.write("parameters", values);
      const evaluations = new Map<string, Evaluation>();
      for (const split of splits)
        evaluations.set(split, await evaluateSplit({ model, device, dataset, feed, seed }, split));
      return evaluations;
    };
    const first = initialParameters(model.parameters, model.parameterElements, seed, start?.values);
    const initial = request.initial === true ? await evaluateAll(first) : new Map<string, Evaluation>();
    const evaluations = await evaluateAll(parameters);
    return { model, settings, dataset, drop, evaluations, initial };
  } finally {
    chosen.backend.close();
  }
}

/** The model with batches of so many rows; only training tells them by their labels. */
function inBatchesOf(model: CheckedModel, rows: number): CheckedModel {
  if (!Number.isInteger(rows) || rows < 1)
    throw new UserError([
      {
        code: "number-range",
        severity: "error",
        title: "Number out of range",
        primary: null,
        related: [],
        place: { file: "batch of the evaluation" },
        text: `A batch has a whole number of rows, at least 1; ${rows} was given.`,
      },
    ]);
  const { train } = model;
  return train === null ? model : { ...model, train: { ...train, batch: { labelled: rows, unlabelled: 0 } } };
}

function noSplit(folder: string, dataset: Dataset, split: string): UserError {
  const names = Object.keys(dataset.splits).map((name) => `\`${name}\``);
  return new UserError([
    {
      code: "missing-split",
      severity: "error",
      title: "Split not found",
      primary: null,
      related: [],
      place: { file: folder },
      text: `The dataset has no split \`${split}\`. It has ${names.join(", ")}.`,
    },
  ]);
}
