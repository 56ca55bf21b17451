/** What `--drop` and the functions for programs take away from the rows of a dataset. */
import type { CheckedProgram } from "../check/checked.ts";
import type { Drops } from "../data/drop.ts";
import { dropFields } from "../data/drop.ts";
import type { Dataset } from "../data/schema.ts";
import { dataInputs } from "../driver/prepare.ts";
import { requireDrops } from "../train/bind-drops.ts";

interface Checked {
  readonly program: CheckedProgram;
  readonly model: CheckedProgram["models"][number];
}

/** The modalities of the model. Throws a UserError for drops that name no modality or no share of rows. */
export function requireModalities({ program, model }: Checked, dataset: Dataset, drops: Drops): string[] {
  const inputs = dataInputs(model, program.types);
  requireDrops(drops, inputs, dataset);
  return inputs.flatMap(({ kind, name }) => (kind === "input" ? [name] : []));
}

/** The dataset as a run with this seed sees it. Throws as `requireModalities` does. */
export function datasetWithout(checked: Checked, dataset: Dataset, drops: Drops, seed: number): Dataset {
  return dropFields({ dataset, drops, modalities: requireModalities(checked, dataset, drops), seed });
}
