/** A checked model and a dataset, brought together for training or evaluation: sizes, rows, settings, compiled programs. */
import type { Cache } from "../base/cache.ts";
import { NO_CACHE } from "../base/cache.ts";
import { once } from "../base/once.ts";
import type { OnStage } from "../base/stopwatch.ts";
import { builtins, operators } from "../builtins/index.ts";
import type { CheckedModel } from "../check/checked.ts";
import { evaluate } from "../check/evaluate.ts";
import type { ValueType } from "../check/values.ts";
import type { Drops } from "../data/drop.ts";
import type { Dataset } from "../data/schema.ts";
import type { FusionTarget } from "../fuse/target.ts";
import type { MemoryLimits } from "../runtime/limits.ts";
import { shareOf } from "../runtime/limits.ts";
import type { DataInput, FixedSize } from "../train/bind-data.ts";
import { datasetSizes } from "../train/bind-data.ts";
import type { DeclaredOutput } from "../train/bind-drops.ts";
import { requirePredictions } from "../train/bind-drops.ts";
import { requireBinary, requireRows } from "../train/bind-rows.ts";
import type { CompiledModel, ModelLayout } from "../train/compiled.ts";
import type { TrainSettings } from "../train/settings.ts";
import { trainSettings } from "../train/settings.ts";
import type { StartingValues } from "../train/starting-values.ts";
import { openPretrained, startingValues } from "../train/starting-values.ts";
import type { Compilation, CompileRequest, Programs } from "./compile.ts";
import { compiledModel, compileModel, labelOf, trainBlock, trainingSetup } from "./compile.ts";
import { placeParameters } from "./iteration.ts";
import type { ProgramName } from "./memory.ts";
import { brokenLimit, PROGRAMS, requireRoom } from "./memory.ts";

/** Where compiled models are kept, and by what name this one is known there. */
export interface Kept {
  readonly cache: Cache;
  /** Equal for models of equal texts and settings. */
  readonly identity: string;
}

/** Share of a device from which on an iteration takes much of it. */
const MUCH = 1 / 4;

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
  const compile = once(() => compileModel(compilation));
  const { layout, programs } = keptModel(compilation, compile);
  const compiled = compiledModel(layout, withRoom(programs, compile, request));
  const { dropped, purpose } = request;
  if (dropped !== undefined)
    requirePredictions({ ...dropped, purpose }, compiled.evaluation.outputs, outputNames(model));
  const named = { dataset, folder, model: compiled, loads };
  // The instances are no part of what is kept; to find them, nothing has to be compiled.
  const instances = () => placeParameters(trainingSetup(compilation)).instances;
  const start = folders === null ? null : startingValues({ ...named, folders, instances });
  return { model: compiled, settings, start };
}

/** What a model is compiled to, from the cache as far as it is there. */
function keptModel(
  request: CompileRequest & Pick<PrepareRequest, "kept">,
  compile: () => Compilation,
): { readonly layout: ModelLayout; readonly programs: Programs } {
  const { kept, dataRows, streamed, target } = request;
  const cache = kept?.cache ?? NO_CACHE;
  const key = JSON.stringify([kept?.identity, [...request.sizes], dataRows, streamed, target]);
  return {
    layout: cache.remember("model", key, () => compile().layout),
    programs: {
      iteration: () => cache.remember("iteration", key, () => compile().compiled.iteration),
      evaluation: () => cache.remember("evaluation", key, () => compile().compiled.evaluation),
    },
  };
}

/**
 * The programs with a look at the memory that they need. An evaluation keeps nothing for gradients and so fits where an iteration does; it is compiled
 * and looked at when it is first needed, but before a training begins if the iteration takes much of the device: no run shall end at its first
 * evaluation. Throws a UserError with exit code 3 when there is no room.
 */
function withRoom(
  programs: Programs,
  compile: () => Compilation,
  { limits, purpose }: Pick<PrepareRequest, "limits" | "purpose">,
): Programs {
  const iteration = once(programs.iteration);
  const evaluation = once(programs.evaluation);
  const made = { iteration, evaluation };
  const lookAt = (names: readonly ProgramName[]) => {
    const looked = names.map((name) => made[name]().program);
    if (brokenLimit(looked, limits) !== null) requireRoom(compile(), limits, names);
  };
  if (purpose === "evaluate") {
    lookAt(["evaluation"]);
    return made;
  }
  lookAt(["iteration"]);
  const all = once(() => lookAt(PROGRAMS));
  if (brokenLimit([iteration().program], shareOf(limits, MUCH)) !== null) all();
  return {
    iteration,
    evaluation: () => {
      all();
      return evaluation();
    },
  };
}

export interface CompileOnlyRequest extends Pick<PrepareRequest, "model" | "types" | "target"> {
  readonly data: { readonly dataset: Dataset; readonly folder: string } | null;
  readonly onStage?: OnStage;
}

/** Compiles without starting anything; the sizes that only data bring must come from a dataset or from settings. */
export function compileOnly(request: CompileOnlyRequest): Compilation {
  return compileModel(compileRequest(request));
}

/** The compiled model alone, from the cache as far as it is there. */
export function compileKept(request: CompileOnlyRequest & { readonly kept: Kept }): CompiledModel {
  const whole = { ...compileRequest(request), kept: request.kept };
  const { layout, programs } = keptModel(
    whole,
    once(() => compileModel(whole)),
  );
  return compiledModel(layout, programs);
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
