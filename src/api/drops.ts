/** What `--drop` and the functions for programs take away from the rows of a dataset. */
import type { CheckedProgram } from "../check/checked.ts";
import type { Drops } from "../data/drop.ts";
import { dropFields } from "../data/drop.ts";
import type { Dataset } from "../data/schema.ts";
import { dataInputs } from "../driver/prepare.ts";
import { requireDrops } from "../train/bind-drops.ts";

/** Splits that a training evaluates. */
export const EVALUATED: readonly string[] = ["valid", "test"];

/** The dataset as a run with this seed sees it. Throws a UserError for what is no modality of the model and no share of rows. */
export function datasetWithout(
  checked: { readonly program: CheckedProgram; readonly model: CheckedProgram["models"][number] },
  dataset: Dataset,
  drops: Drops,
  seed: number,
): Dataset {
  const inputs = dataInputs(checked.model, checked.program.types);
  requireDrops(drops, inputs, dataset);
  const modalities = inputs.flatMap(({ kind, name }) => (kind === "input" ? [name] : []));
  return dropFields({ dataset, drops, modalities, seed });
}
