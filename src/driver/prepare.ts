/** A checked model and a dataset, brought together for training or evaluation: sizes, rows, settings, compiled programs. */
import type { Cache } from "../base/cache.ts";
import type { OnStage } from "../base/stopwatch.ts";
import { builtins, operators } from "../builtins/index.ts";
import type { CheckedModel } from "../check/checked.ts";
import { evaluate } from "../check/evaluate.ts";
import type { ValueType } from "../check/values.ts";
import type { Drops } from "../data/drop.ts";
import type { Dataset } from "../data/schema.ts";
import type { FusionTarget } from "../fuse/target.ts";
import type { MemoryLimits } from "../runtime/limits.ts";
import type { DataInput, FixedSize } from "../train/bind-data.ts";
import { datasetSizes } from "../train/bind-data.ts";
import type { DeclaredOutput } from "../train/bind-drops.ts";
import { requirePredictions } from "../train/bind-drops.ts";
import { requireBinary, requireRows } from "../train/bind-rows.ts";
import type { CompiledModel } from "../train/compiled.ts";
import type { TrainSettings } from "../train/settings.ts";
import { trainSettings } from "../train/settings.ts";
import type { StartingValues } from "../train/starting-values.ts";
import { openPretrained, startingValues } from "../train/starting-values.ts";
import type { Compilation, CompileRequest } from "./compile.ts";
import { compileModel, labelOf, trainBlock, trainingSetup } from "./compile.ts";
import { placeParameters } from "./iteration.ts";
import { brokenLimit, requireRoom } from "./memory.ts";

/** Where compiled models are kept, and by what name this one is known there. */
export interface Kept {
  readonly cache: Cache;
  /** Equal for models of equal texts and settings. */
  readonly identity: string;
}

export interface PrepareRequest {
  readonly model: CheckedModel;
  /** Types of inputs and labels, by their nodes. */
  readonly types: ReadonlyMap<object, ValueType>;
  /** Where compiled models are kept; without it the model is compiled anew. */
  readonly kept?: Kept;
  readonly dataset: Dataset;
  /** The dataset as the user named it, for messages. */
  readonly folder: string;
  readonly target: FusionTarget;
  /** A model that does not fit them is refused. */
  readonly limits: MemoryLimits;
  /** Replaces the epochs of the spec. */
  readonly epochs: number | null;
  /** `evaluate`: the rows that only training needs may be missing. */
  readonly purpose: "train" | "evaluate";
  /** Bring rows batch by batch instead of laying the whole dataset on the device. */
  readonly stream: boolean;
  /** Modalities that rows of the dataset have lost, and the splits that will be evaluated: their rows must still get a prediction. */
  readonly dropped?: { readonly drops: Drops; readonly evaluated: readonly string[] };
  /** Folders of weights by the names in the spec, for a run that begins; null where its parameters are there already. */
  readonly pretrained: Readonly<Record<string, string>> | null;
}

export interface Prepared {
  readonly model: CompiledModel;
  readonly settings: TrainSettings;
  /** What parameters start from instead of drawn numbers; null where a run goes on or is evaluated. */
  readonly start: StartingValues | null;
}

/** Binds, checks and compiles. Throws a UserError with everything that does not fit. */
export function prepare(request: PrepareRequest): Prepared {
  const { model, dataset, folder } = request;
  const train = trainBlock(model);
  const sizes = modelSizes(model, request.types, dataset, folder);
  const settings = trainSettings(train, request.epochs);
  const label = labelOf(model)?.name ?? null;
  if (request.purpose === "train") requireRows({ dataset, folder, label, batch: train.batch, settings });
  requireYesOrNo(model, dataset, folder);
  const { loads } = train;
  const folders = request.pretrained === null ? null : openPretrained(loads, request.pretrained);
  const dataRows = rowCount(dataset);
  const compilation = { ...request, sizes, dataRows, streamed: request.stream };
  const { compiled, compile } = cachedModel(compilation);
  const { dropped } = request;
  if (dropped !== undefined)
    requirePredictions({ ...dropped, purpose: request.purpose }, compiled, outputNames(model));
  if (brokenLimit(compiled, request.limits, request.purpose) !== null)
    requireRoom(compile(), request.limits, request.purpose);
  const named = { dataset, folder, model: compiled, loads };
  // The instances are no part of what is kept; to find them, nothing has to be compiled.
  const instances = () => placeParameters(trainingSetup(compilation)).instances;
  const start = folders === null ? null : startingValues({ ...named, folders, instances });
  return { model: compiled, settings, start };
}

/** The compiled model, from the cache where it is there; `compile` gives what the cache does not hold, too. */
function cachedModel(request: CompileRequest & Pick<PrepareRequest, "kept">): {
  readonly compiled: CompiledModel;
  readonly compile: () => Compilation;
} {
  let compilation: Compilation | null = null;
  const compile = () => {
    compilation ??= compileModel(request);
    return compilation;
  };
  const { kept, dataRows, streamed, target } = request;
  if (kept === undefined) return { compiled: compile().compiled, compile };
  const key = JSON.stringify([kept.identity, [...request.sizes], dataRows, streamed, target]);
  return { compiled: kept.cache.remember("model", key, () => compile().compiled), compile };
}

export interface CompileOnlyRequest extends Pick<PrepareRequest, "model" | "types" | "target"> {
  readonly data: { readonly dataset: Dataset; readonly folder: string } | null;
  readonly onStage?: OnStage;
}

/** Compiles without starting anything; the sizes that only data bring must come from a dataset or from settings. */
export function compileOnly(request: CompileOnlyRequest): Compilation {
  return compileModel(compileRequest(request));
}

/** The compiled model alone, from the cache where it is there. */
export function compiledModel(request: CompileOnlyRequest & { readonly kept: Kept }): CompiledModel {
  return cachedModel({ ...compileRequest(request), kept: request.kept }).compiled;
}

function compileRequest(request: CompileOnlyRequest): CompileRequest {
  const { model, types, target, data, onStage } = request;
  const watch = onStage === undefined ? {} : { onStage };
  const sizes = data === null ? fixedSizes(model) : modelSizes(model, types, data.dataset, data.folder);
  const { batch } = trainBlock(model);
  const dataRows = data === null ? batch.labelled + batch.unlabelled : rowCount(data.dataset);
  return { model, sizes, dataRows, target, ...watch };
}

function rowCount(dataset: Dataset): number {
  return Object.values(dataset.splits).reduce((sum, split) => sum + split.rows, 0);
}

/** Sizes from the dataset, and those that are fixed by hand. */
function modelSizes(
  model: CheckedModel,
  types: ReadonlyMap<object, ValueType>,
  dataset: Dataset,
  folder: string,
): Map<string, number> {
  const fixed = sizesWithOrigin(model);
  const found = datasetSizes({ inputs: dataInputs(model, types), dataset, folder, fixed });
  return new Map([...fixedSizes(model), ...found]);
}

/** The inputs and labels of a model with their types. */
export function dataInputs(model: CheckedModel, types: ReadonlyMap<object, ValueType>): DataInput[] {
  return model.declaration.members.flatMap((member): DataInput[] => {
    if (member.kind !== "input" && member.kind !== "label") return [];
    const type = types.get(member);
    return type?.kind === "tensor"
      ? [{ kind: member.kind, name: member.name.name, type, span: member.name.span }]
      : [];
  });
}

/** Sizes that a variant or `--set` gives: a dataset must fit them, while a default of the model gives way. */
export function fixedSizes(model: CheckedModel): Map<string, number> {
  return new Map([...sizesWithOrigin(model)].map(([name, { value }]) => [name, value]));
}

function sizesWithOrigin(model: CheckedModel): Map<string, FixedSize> {
  const sizes = new Map<string, FixedSize>();
  for (const member of model.declaration.members) {
    const override = member.kind === "size" ? model.overrides.get(member.name.name) : undefined;
    if (override === undefined || member.kind !== "size") continue;
    const value = evaluate(override.value, { lookup: () => null, builtins, operators });
    if (typeof value === "number") sizes.set(member.name.name, { value, variant: override.variant });
  }
  return sizes;
}

/** A label with several numbers per row that an output predicts must hold 0 or 1, or metrics would make yes and no of other numbers. */
function requireYesOrNo(model: CheckedModel, dataset: Dataset, folder: string): void {
  const label = labelOf(model);
  const predicted = model.declaration.members.some(
    (member) => member.kind === "output" && member.predicts?.name === label?.name,
  );
  if (predicted && label?.kind === "set") requireBinary(dataset, label.name, folder);
}

/** Outputs with the places that name them. */
function outputNames(model: CheckedModel): DeclaredOutput[] {
  return model.declaration.members.flatMap((member) => (member.kind === "output" ? member.names : []));
}
