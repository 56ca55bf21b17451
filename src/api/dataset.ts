/** The dataset that a command or program names: a folder, `synth` for generated data of the default size, or values in memory. */
import { loadDataset } from "../data/dataset.ts";
import type { Dataset } from "../data/schema.ts";
import { synthesize } from "../data/synthetic.ts";

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

/** What messages and records call the data. */
export function dataName(data: GivenData): string {
  return typeof data === "string" ? data : IN_MEMORY;
}
