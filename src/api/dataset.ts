/** The dataset that a command or program names: a folder, `synth` for generated data of the default size, or values in memory. */
import type { CheckedModel } from "../check/checked.ts";
import { describedDataset, loadDataset } from "../data/dataset.ts";
import type { Dataset } from "../data/schema.ts";
import { fieldElements, openStreamed } from "../data/streamed.ts";
import { synthesize } from "../data/synthetic.ts";
import { labelOf } from "../driver/compile.ts";
import type { MemoryLimits } from "../runtime/limits.ts";

/** `--data synth`: nothing is read or written; the seed of the data is always that of `mird data synth`. */
const GENERATED = "synth";
/** Stands for the folder of a dataset that never was in one. */
const IN_MEMORY = "(values in memory)";

/** A folder, `synth`, or a dataset that is loaded already. */
export type GivenData = string | Dataset;

/** Loads a dataset, or generates it. Throws a UserError when the folder cannot be used. */
export function openDataset(data: GivenData): Dataset {
  if (typeof data !== "string") return data;
  return data === GENERATED ? synthesize({}, "mird train --data synth") : loadDataset(data);
}

export interface OpenedDataset {
  readonly dataset: Dataset;
  /** Rows go to the device batch by batch. */
  readonly stream: boolean;
}

/** Share of a device's memory that a dataset may take as a whole; the rest is for the model. */
const SHARE = 0.5;

/**
 * Opens a dataset for a device. One that takes more than half of its memory, one with a field that a kernel could not read as a whole, and any with
 * `stream`, is brought batch by batch, from its shard files where it has some; the labels of the models stay in memory.
 */
export function openDatasetFor(
  data: GivenData,
  limits: MemoryLimits,
  stream: boolean,
  models: readonly CheckedModel[],
): OpenedDataset {
  const described = typeof data !== "string" ? data : data === GENERATED ? null : describedDataset(data);
  if (described === null) return { dataset: openDataset(data), stream };
  const fields = fieldElements(described).map((elements) => elements * limits.elementBytes);
  const all = fields.reduce((sum, bytes) => sum + bytes, 0);
  const most = Math.min(limits.arena.bytes, limits.operand.bytes);
  const large = stream || all > SHARE * limits.total.bytes || Math.max(0, ...fields) > most;
  if (typeof data !== "string") return { dataset: data, stream: large };
  return {
    dataset: large
      ? openStreamed(
          data,
          models.flatMap((model) => labelOf(model)?.name ?? []),
        )
      : loadDataset(data),
    stream: large,
  };
}

/** What messages and records call the data. */
export function dataName(data: GivenData): string {
  return typeof data === "string" ? data : IN_MEMORY;
}
