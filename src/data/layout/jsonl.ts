/** Lines of JSON objects as columns: texts, numbers, numbers in lists, and names of array files. */
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { readText } from "../files.ts";
import { isObject } from "../json-shape.ts";
import { DataProblems, dataError } from "../problem.ts";
import { elementCount, numberArray, type StoredArray, textArray } from "../readers/array.ts";
import { isArrayPath, openArrayFile } from "./array-files.ts";
import type { Column, Part, Remark } from "./columns.ts";
import { splitRows } from "./split-rows.ts";

/** Reads a .jsonl file (or a JSON list of objects). Every mistake is a UserError with its line. */
export function jsonlParts(file: string): { parts: Part[]; remarks: Remark[] } {
  const problems = new DataProblems();
  const remarks: Remark[] = [];
  const rows = readLines(file, problems);
  problems.throwIfAny();
  if (rows.length === 0) throw dataError("data-empty", { file }, "The file holds no rows.");
  const keys = new Set(rows.flatMap(({ values }) => [...values.keys()]));
  const columns = new Map<string, Column>();
  for (const key of keys) {
    if (key === "__proto__") {
      remarks.push({ what: "keys called `__proto__`, not read", count: 1 });
      continue;
    }
    const column = problems.attempt(() => columnOf(file, key, rows, problems, remarks));
    if (column !== null) columns.set(key, column);
  }
  problems.throwIfAny();
  return {
    parts: splitRows({ split: null, columns, place: { file } }, (row) => rows[row]?.place ?? { file }),
    remarks,
  };
}

interface Line {
  readonly place: FilePlace;
  readonly values: ReadonlyMap<string, unknown>;
}

function readLines(file: string, problems: DataProblems): Line[] {
  const text = readText(file);
  if (text.trimStart().startsWith("[")) {
    const whole = parse(text);
    if (Array.isArray(whole) && whole.every(isObject))
      return whole.map((item, index) => line({ file, within: [`item ${index}`] }, item));
  }
  const rows: Line[] = [];
  text.split("\n").forEach((source, index) => {
    if (source.trim() === "") return;
    const place = { file, within: [`line ${index + 1}`] };
    const value = parse(source);
    if (isObject(value)) rows.push(line(place, value));
    else if (value === undefined) {
      const nan = /[:[,\s](NaN|-?Infinity)[,\]}\s]/.exec(source)?.[1];
      const hint = nan === undefined ? null : `JSON has no \`${nan}\`. Write \`null\`, or leave the key out.`;
      problems.add("data-format", place, "The line is not JSON.", hint);
    } else problems.add("data-format", place, "The line is not a JSON object in braces.");
  });
  return rows;
}

function line(place: FilePlace, value: Record<string, unknown>): Line {
  return { place, values: new Map(Object.entries(value)) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Shape = "text" | "number" | "list" | "path";

function shapeOf(value: unknown): Shape | null {
  if (typeof value === "string") return isArrayPath(value) ? "path" : "text";
  if (typeof value === "number" || typeof value === "boolean") return "number";
  return Array.isArray(value) ? "list" : null;
}

function columnOf(
  file: string,
  key: string,
  rows: readonly Line[],
  problems: DataProblems,
  remarks: Remark[],
): Column {
  const place = { file, within: [`"${key}"`] };
  const values = rows.map((row) => row.values.get(key));
  const shape = values.map(shapeOf).find((found) => found !== null) ?? "text";
  const arrays = values.map((value, row) => {
    const here = { file, within: [...(rows[row]?.place.within ?? []), `"${key}"`] };
    // A missing key means that the row has none; null does so for arrays and texts, and is no number for numbers.
    if (value === undefined) return null;
    if (value === null)
      return shape === "number" ? numberArray(Float64Array.of(Number.NaN), [], "<f8", here) : null;
    if (shapeOf(value) !== shape) {
      problems.add(
        "data-value",
        here,
        `A ${WORDS[shape]} was expected; found ${JSON.stringify(value).slice(0, 40)}.`,
      );
      return null;
    }
    return problems.attempt(() => arrayOf(file, value, shape, here, remarks));
  });
  if (shape !== "text") return { kind: "rows", rows: arrays, place };
  const texts = values.map((value) => (typeof value === "string" ? value : ""));
  return { kind: "array", array: textArray(texts, [texts.length], place) };
}

const WORDS: Record<Shape, string> = {
  text: "text",
  number: "number",
  list: "list of numbers",
  path: "name of an .npy file",
};

function arrayOf(
  file: string,
  value: unknown,
  shape: Shape,
  place: FilePlace,
  remarks: Remark[],
): StoredArray | null {
  if (shape === "path" && typeof value === "string") return openArrayFile(file, value, place, remarks);
  if (shape === "number") return numberArray(Float64Array.of(Number(value)), [], "<f8", place);
  return Array.isArray(value) ? listOf(value, place) : null;
}

/** Numbers, or steps of as many numbers each; an empty list is no value. Empty numbers (null) are NaN. */
function listOf(value: readonly unknown[], place: FilePlace): StoredArray | null {
  const [first] = value;
  if (first === undefined) return null;
  const nested = Array.isArray(first);
  const width = nested ? first.length : 1;
  const shape = nested ? [value.length, width] : [value.length];
  const data = new Float64Array(elementCount(shape) ?? 0);
  let whole = true;
  value.forEach((step: unknown, index) => {
    const items: readonly unknown[] = nested ? (Array.isArray(step) ? step : []) : [step];
    if (items.length !== width)
      throw dataError("data-shape", place, `Step ${index} does not have ${width} numbers as step 0 has.`);
    items.forEach((item, column) => {
      if (typeof item !== "number" && item !== null)
        throw dataError(
          "data-value",
          place,
          `A number was expected in step ${index}; found ${JSON.stringify(item)}.`,
        );
      whole &&= Number.isInteger(item);
      data[index * width + column] = item ?? Number.NaN;
    });
  });
  return numberArray(data, shape, whole && !nested ? "<i8" : "<f8", place);
}
