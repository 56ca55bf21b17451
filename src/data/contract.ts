/** What an input must look like for a model that was trained on a dataset: it travels with exported models. */
import type { Dataset, FieldSpec, Scaling } from "./schema.ts";

export interface FieldContract extends FieldSpec {
  /** How the values were scaled before training; other values must be scaled the same way. Null: they were taken as they are. */
  readonly scaling: Scaling | null;
}

/** Every field of a dataset with its kind, sizes, vocabulary and scaling. */
export function fieldContracts(dataset: Dataset): FieldContract[] {
  return dataset.fields.map((spec) => ({ ...spec, scaling: dataset.scaling[spec.name] ?? null }));
}
