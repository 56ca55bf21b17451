/** A checked model and a dataset, brought together for training or evaluation: sizes, rows, settings, compiled programs. */
import type { OnStage } from "../base/stopwatch.ts";
import { builtins, operators } from "../builtins/index.ts";
import type { CheckedModel } from "../check/checked.ts";
import { evaluate } from "../check/evaluate.ts";
import type { ValueType } from "../check/values.ts";
import type { Dataset } from "../data/schema.ts";
import type { FusionTarget } from "../fuse/target.ts";
import type { MemoryLimits } from "../runtime/limits.ts";
import type { DataInput } from "../train/bind-data.ts";
import { datasetSizes } from "../train/bind-data.ts";
import { requireRows } from "../train/bind-rows.ts";
import type { CompiledModel } from "../train/compiled.ts";
import type { TrainSettings } from "../train/settings.ts";
import { trainSettings } from "../train/settings.ts";
import type { StartingValues } from "../train/starting-values.ts";
import { openPretrained, startingValues } from "../train/starting-values.ts";
import type { Compilation } from "./compile.ts";
import { compileModel, trainBlock } from "./compile.ts";
import { requireRoom } from "./memory.ts";

export interface PrepareRequest {
  readonly model: CheckedModel;
  /** Types of inputs and labels, by their nodes. */
  readonly types: ReadonlyMap<object, ValueType>;
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
  const { model, dataset, folder, target } = request;
  const train = trainBlock(model);
  const sizes = modelSizes(model, request.types, dataset, folder);
  const settings = trainSettings(train, request.epochs);
  const label = labelName(model);
  if (request.purpose === "train") requireRows({ dataset, folder, label, batch: train.batch, settings });
  const { loads } = train;
  const folders = request.pretrained === null ? null : openPretrained(loads, request.pretrained);
  const dataRows = rowCount(dataset);
  const compilation = compileModel({ model, sizes, dataRows, streamed: request.stream, target });
  requireRoom(compilation, request.limits, request.purpose);
  const { compiled, instances } = compilation;
  const start =
    folders === null ? null : startingValues({ model: compiled, loads, instances, folders, dataset, folder });
  return { model: compiled, settings, start };
}

/** Compiles without starting anything; the sizes that only data bring must come from a dataset or from settings. */
export function compileOnly(
  request: Pick<PrepareRequest, "model" | "types" | "target"> & {
    readonly data: { readonly dataset: Dataset; readonly folder: string } | null;
    readonly onStage?: OnStage;
  },
): Compilation {
  const { model, types, target, data, onStage } = request;
  const watch = onStage === undefined ? {} : { onStage };
  const sizes = data === null ? fixedSizes(model) : modelSizes(model, types, data.dataset, data.folder);
  const { batch } = trainBlock(model);
  const dataRows = data === null ? batch.labelled + batch.unlabelled : rowCount(data.dataset);
  return compileModel({ model, sizes, dataRows, target, ...watch });
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
  const fixed = fixedSizes(model);
  return new Map([...fixed, ...datasetSizes({ inputs: dataInputs(model, types), dataset, folder, fixed })]);
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
  const sizes = new Map<string, number>();
  for (const member of model.declaration.members) {
    const override = member.kind === "size" ? model.overrides.get(member.name.name) : undefined;
    if (override === undefined || member.kind !== "size") continue;
    const value = evaluate(override.value, { lookup: () => null, builtins, operators });
    if (typeof value === "number") sizes.set(member.name.name, value);
  }
  return sizes;
}

function labelName(model: CheckedModel): string | null {
  for (const member of model.declaration.members) if (member.kind === "label") return member.name.name;
  return null;
}
