/** One shard of a split: its tensors as fields, and the checks that make every later stage trust them. */
import type { DataProblems } from "./problem.ts";
import type { Tensor } from "./safetensors.ts";
import { dataShape, type Field, type FieldSpec, isInteger, isRagged, rowSize } from "./schema.ts";

/** Tensor with the rows' ids; a field cannot be called so, since field names hold no colon. */
export const ID_TENSOR = "row:ids";

export interface ShardValues {
  readonly rows: number;
  readonly ids: readonly string[] | null;
  readonly fields: Map<string, Field>;
}

/** The tensors of a shard as fields, or null if one is missing or has another type or shape (which is reported). */
export function shardValues(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  specs: readonly FieldSpec[],
  rows: number,
  problems: DataProblems,
): ShardValues | null {
  const fields = new Map<string, Field>();
  for (const spec of specs) {
    const whole = isInteger(spec.kind);
    const data = tensor(path, tensors, spec.name, whole ? "I32" : "F32", dataShape(spec, rows), problems);
    const present = tensor(path, tensors, `${spec.name}.present`, "U8", [rows], problems);
    const ragged = isRagged(spec.kind);
    const lengths = ragged ? tensor(path, tensors, `${spec.name}.length`, "I32", [rows], problems) : null;
    if (!(data instanceof Float32Array || data instanceof Int32Array) || !(present instanceof Uint8Array))
      continue;
    if (ragged && !(lengths instanceof Int32Array)) continue;
    fields.set(spec.name, {
      spec,
      kind: spec.kind,
      data,
      present,
      lengths: lengths instanceof Int32Array ? lengths : null,
    });
  }
  if (fields.size < specs.length) return null;
  return { rows, ids: readIds(path, tensors, rows, problems), fields };
}

function tensor(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  dtype: string,
  shape: readonly number[],
  problems: DataProblems,
): Tensor["data"] | null {
  const found = tensors.get(name);
  const place = { file: path, within: [`field "${name}"`] };
  const expected = `${dtype} [${shape.join(", ")}]`;
  if (found === undefined) {
    problems.add(
      "data-shape",
      place,
      `The shard has no tensor \`${name}\`; \`dataset.json\` expects ${expected}.`,
    );
    return null;
  }
  if (found.dtype !== dtype || found.shape.join() !== shape.join()) {
    const is = `${found.dtype} [${found.shape.join(", ")}]`;
    problems.add("data-shape", place, `The tensor is ${is}; \`dataset.json\` expects ${expected}.`);
    return null;
  }
  return found.data;
}

/** The ids of a shard's rows, stored as JSON text. */
function readIds(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  rows: number,
  problems: DataProblems,
): string[] | null {
  const found = tensors.get(ID_TENSOR);
  if (found === undefined) return null;
  let ids: unknown = null;
  try {
    ids =
      found.data instanceof Uint8Array
        ? JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(found.data))
        : null;
  } catch {
    ids = null;
  }
  if (Array.isArray(ids) && ids.length === rows && ids.every((id) => typeof id === "string")) return ids;
  const place = { file: path, within: [`tensor "${ID_TENSOR}"`] };
  problems.add("data-format", place, `The ids must be a JSON list of ${rows} texts.`);
  return null;
}
/** Checks every value: presence 0 or 1, lengths in range, finite numbers, ids below their limit, zero padding. */
export function checkShard(path: string, shard: ShardValues, problems: DataProblems): void {
  for (const field of shard.fields.values()) checkRows(path, field, 0, problems);
}

/** The same for some rows of one field; `first` is the number that the first of them has in the shard. */
export function checkRows(path: string, field: Field, first: number, problems: DataProblems): void {
  for (let row = 0; row < field.present.length; row++) {
    const text = rowProblem(field, row);
    if (text !== null)
      problems.add(
        "data-value",
        { file: path, within: [`field "${field.spec.name}"`, `row ${first + row}`] },
        text,
      );
  }
}

/** What is wrong with one row of a field, or null. */
function rowProblem(field: Field, row: number): string | null {
  const { spec, data } = field;
  const size = rowSize(spec);
  const start = row * size;
  const present = field.present[row] as number;
  if (present > 1) return `Presence must be 0 or 1, not ${present}.`;
  let steps = present === 1 ? spec.maxLength : 0;
  if (field.lengths !== null) {
    steps = field.lengths[row] as number;
    if (steps < 0 || steps > spec.maxLength)
      return `The length is ${steps}; it must lie between 0 and ${spec.maxLength}.`;
    if (present === 0 && steps > 0) return `The row is absent, but its length is ${steps}.`;
    if (present === 1 && steps === 0) return "The row is present, but its length is 0.";
  }
  const limit = idLimit(spec);
  const valid = start + steps * spec.width;
  for (let index = start; index < valid; index++) {
    const value = data[index] as number;
    if (!Number.isFinite(value))
      return `The value at ${position(spec, index - start)} is ${value}, not a finite number.`;
    if (limit !== null && (value < 0 || value >= limit)) {
      return `The id at ${position(spec, index - start)} is ${value}; it must lie between 0 and ${limit - 1}.`;
    }
  }
  for (let index = valid; index < start + size; index++) {
    if (data[index] !== 0)
      return `The value at ${position(spec, index - start)} lies behind the row's end and must be 0.`;
  }
  return null;
}

/** Ids or class numbers of this field lie below it; null for fields of real numbers. */
function idLimit(spec: FieldSpec): number | null {
  if (spec.kind === "tokens") return spec.vocabularySize ?? 0;
  return spec.kind === "class" ? (spec.classes?.length ?? 0) : null;
}

function position(spec: FieldSpec, offset: number): string {
  if (!isRagged(spec.kind)) return `column ${offset}`;
  const step = `step ${Math.floor(offset / spec.width)}`;
  return spec.width === 1 ? step : `${step}, column ${offset % spec.width}`;
}
