/** Pickles as columns: a dictionary by split of dictionaries of arrays (MMSA, MIRD), or one dictionary of arrays. */
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { splitNamed } from "../import/manifest.ts";
import { dataError } from "../problem.ts";
import { elementCount, numberArray, type StoredArray } from "../readers/array.ts";
import { readPickle } from "../readers/pickle.ts";
import { listArray } from "../readers/pickle-calls.ts";
import { describeValue, type PyDict, type PyValue } from "../readers/pickle-values.ts";
import { type Column, named, type Part, type Remark, within } from "./columns.ts";

/** Reads the parts of a pickled data set. Throws a UserError if it is no dictionary of arrays and lists. */
export function pickleParts(file: string): { parts: Part[]; remarks: Remark[] } {
  const { value, trailing } = readPickle(file);
  const remarks =
    trailing > 0 ? [{ what: "bytes behind the end of the pickle, not read", count: trailing }] : [];
  if (!isDict(value) || value.entries.size === 0) {
    throw dataError(
      "data-format",
      { file },
      `The pickle holds ${describeValue(value)}; a data set is a dictionary of arrays, or of splits with arrays.`,
    );
  }
  const splits = [...value.entries].filter(
    ([key, entry]) => isDict(entry) && splitNamed(String(key)) !== null,
  );
  if (splits.length === 0) return { parts: [part(null, value, { file })], remarks };
  for (const [key] of value.entries) {
    if (!splits.some(([split]) => split === key))
      remarks.push({
        what: `entries beside the splits, not read: \`${String(key).slice(0, 40)}\``,
        count: 1,
      });
  }
  const parts = splits.flatMap(([key, entry]) =>
    isDict(entry) ? [part(String(key), entry, { file, within: [String(key)] })] : [],
  );
  return { parts, remarks };
}

function isDict(value: PyValue): value is PyDict {
  return typeof value === "object" && value !== null && value.kind === "dict";
}

function part(split: string | null, dict: PyDict, place: FilePlace): Part {
  const columns = new Map<string, Column>();
  for (const [key, value] of dict.entries) {
    const name = String(key);
    columns.set(name, columnOf(value, within(place, name)));
  }
  return { split, columns, place };
}

/** An array, a list of numbers or texts, or a list of arrays or lists of different lengths. */
function columnOf(value: PyValue, place: FilePlace): Column {
  if (typeof value === "object" && value !== null) {
    if (value.kind === "array" && value.array !== null)
      return { kind: "array", array: named(value.array, place) };
    if (value.kind === "list" || value.kind === "tuple") {
      const array = listArray(value.items, place);
      if (array !== null) return { kind: "array", array };
      const rows = value.items.map((item, row) => rowArray(item, within(place, `row ${row}`)));
      return { kind: "rows", rows, place };
    }
  }
  throw dataError("data-format", place, `An array or a list was expected; there is ${describeValue(value)}.`);
}

/** One row: an array, numbers, or steps of numbers. */
function rowArray(value: PyValue, place: FilePlace): StoredArray {
  const refuse = () =>
    dataError(
      "data-format",
      place,
      `A row must be an array or steps of numbers; there is ${describeValue(value)}.`,
    );
  if (typeof value !== "object" || value === null) throw refuse();
  if (value.kind === "array" && value.array !== null) return named(value.array, place);
  if (value.kind !== "list" && value.kind !== "tuple") throw refuse();
  const flat = listArray(value.items, place);
  if (flat !== null) return flat;
  const steps = value.items.map((item) => {
    const array = rowStep(item, place);
    if (array === null) throw refuse();
    return array;
  });
  const width = steps[0]?.shape[0] ?? 0;
  const wrong = steps.findIndex((step) => step.shape.length !== 1 || step.shape[0] !== width || step.isText);
  if (wrong >= 0)
    throw dataError("data-shape", place, `Step ${wrong} does not have ${width} numbers as step 0 has.`);
  const data = new Float64Array(elementCount([steps.length, width]) ?? 0);
  for (const [index, step] of steps.entries()) data.set(step.numbers(0, width), index * width);
  return numberArray(data, [steps.length, width], "<f8", place);
}

function rowStep(value: PyValue, place: FilePlace): StoredArray | null {
  if (typeof value !== "object" || value === null) return null;
  if (value.kind === "array") return value.array;
  return value.kind === "list" || value.kind === "tuple" ? listArray(value.items, place) : null;
}
