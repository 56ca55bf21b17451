/** The dataset that `--data` names: a folder, or `synth` for generated data of the default size. */
import { loadDataset } from "../data/dataset.ts";
import type { Dataset } from "../data/schema.ts";
import { synthesize } from "../data/synthetic.ts";

/** `--data synth`: nothing is read or written; the seed of the data is always that of `mird data synth`. */
const GENERATED = "synth";

/** Loads a dataset, or generates it. Throws a UserError when the folder cannot be used. */
export function openDataset(folder: string): Dataset {
  return folder === GENERATED ? synthesize({}, "mird train --data synth") : loadDataset(folder);
}
