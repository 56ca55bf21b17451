/** A model made ready without a dataset: sizes from the spec and from settings, data out of nowhere, as many rows as one batch of each split. */
import type { CheckedModel } from "../check/checked.ts";
import type { ValueType } from "../check/values.ts";
import type { Dataset } from "../data/schema.ts";
import type { FusionTarget } from "../fuse/target.ts";
import type { MemoryLimits } from "../runtime/limits.ts";
import { trainSettings } from "../train/settings.ts";
import { compileModel, trainBlock } from "./compile.ts";
import { inventData } from "./invented-data.ts";
import { requireRoom } from "./memory.ts";
import type { Prepared } from "./prepare.ts";
import { fixedSizes } from "./prepare.ts";

/** Throws a UserError when the model cannot be trained, or when a size has no value without a dataset. */
export function prepareInvented(request: {
  readonly model: CheckedModel;
  readonly types: ReadonlyMap<object, ValueType>;
  readonly target: FusionTarget;
  /** A model that does not fit them is refused. */
  readonly limits: MemoryLimits;
}): { readonly prepared: Prepared; readonly dataset: Dataset } {
  const { model, types, target } = request;
  const train = trainBlock(model);
  const { batch } = train;
  // A batch to train on, and the labelled rows of one for validation and test each.
  const dataRows = batch.labelled + batch.unlabelled + 2 * batch.labelled;
  const compilation = compileModel({ model, sizes: fixedSizes(model), dataRows, target });
  requireRoom(compilation, request.limits);
  const { compiled } = compilation;
  const { sizes } = compiled;
  const { dataset } = inventData({ model, types, batch, batches: 1, seed: 0, sizes, full: true });
  return { prepared: { model: compiled, settings: trainSettings(train, null), start: null }, dataset };
}
