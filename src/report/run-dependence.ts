/** `dependence.json` of a run: how much the latents of the selected model depend on each other. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isObject, readJson } from "../data/json-shape.ts";

export const DEPENDENCE_FILE = "dependence.json";

export interface RunDependence {
  readonly split: string;
  /** Rows with every modality that it was measured on. */
  readonly rows: number;
  /** Normalised HSIC, unbiased: about 0 for independent latents; NaN where one does not vary. */
  readonly pairs: readonly { readonly first: string; readonly second: string; readonly hsic: number }[];
}

/** What a run folder holds of it; null where it was not measured. */
export function readDependence(folder: string): RunDependence | null {
  const path = join(folder, DEPENDENCE_FILE);
  if (!existsSync(path)) return null;
  const json = readJson(path);
  if (!isObject(json) || !Array.isArray(json.pairs)) return null;
  const pairs = json.pairs.flatMap((pair: unknown) =>
    isObject(pair)
      ? [
          {
            first: String(pair.first),
            second: String(pair.second),
            // NaN is written as null.
            hsic: typeof pair.hsic === "number" ? pair.hsic : Number.NaN,
          },
        ]
      : [],
  );
  return { split: String(json.split), rows: Number(json.rows), pairs };
}
