/** From joined rows to the fields of a dataset, each by its kind. */
import type { DataProblems } from "../problem.ts";
import { type BuiltField, buildFeatures } from "./features.ts";
import type { FieldImport } from "./field.ts";
import { buildClass, buildScore } from "./labels.ts";
import type { Notes } from "./notes.ts";
import type { RawField } from "./rows.ts";
import { buildTokens } from "./tokens.ts";

/** Builds every field; vocabularies are in `folder`. A UserError with all problems if one cannot be built or has no values. */
export function buildFields(
  fields: readonly FieldImport[],
  raw: ReadonlyMap<string, RawField>,
  folder: string,
  notes: Notes,
  problems: DataProblems,
): BuiltField[] {
  const built: BuiltField[] = [];
  for (const field of fields) {
    const result = buildField(field, raw.get(field.name) ?? new Map(), folder, notes, problems);
    if (result !== null) built.push(result);
    else if (!problems.any) {
      const place = { file: field.from, within: [`field "${field.name}"`] };
      problems.add("data-empty", place, "No row has this field.");
    }
  }
  problems.throwIfAny();
  return built;
}

function buildField(
  field: FieldImport,
  raw: RawField,
  folder: string,
  notes: Notes,
  problems: DataProblems,
): BuiltField | null {
  switch (field.kind) {
    case "sequence":
    case "vector":
      return buildFeatures(field, raw, notes, problems);
    case "tokens":
      return buildTokens(field, raw, folder, notes, problems);
    case "class":
      return buildClass(field, raw, problems);
    case "score":
      return buildScore(field, raw, problems);
  }
}
