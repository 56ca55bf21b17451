/** The models of `specs/`, checked with the settings of a case, as the commands do. */
import { fileURLToPath } from "node:url";
import { diskLoader, readSpec } from "../../src/api/sources.ts";
import { requireModel } from "../../src/api/spec.ts";
import type { CheckedModel } from "../../src/check/checked.ts";

const folder = fileURLToPath(new URL("specs", import.meta.url));
const checked = new Map<string, CheckedModel>();

/** A model by the name of its file and its own. Throws a UserError when the spec has mistakes. */
export function specModel(
  spec: string,
  model: string,
  settings: Readonly<Record<string, string>> = {},
): CheckedModel {
  const key = JSON.stringify([spec, model, settings]);
  const known = checked.get(key);
  if (known !== undefined) return known;
  const entry = readSpec(`${folder}/${spec}.mird`, {});
  const found = requireModel({ entry, loadSource: diskLoader({}), settings, model });
  checked.set(key, found.model);
  return found.model;
}
