/**
 * CSV tables as columns. `f0`, `f1`, … are one field of numbers; cells that end in .npy name arrays; a table with the
 * columns `id` and `step` has one line per step.
 */
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { DataProblems, dataError } from "../problem.ts";
import { numberArray, textArray } from "../readers/array.ts";
import { type CsvTable, csvRows, parseNumber, readCsv } from "../readers/csv.ts";
import { isArrayPath, openArrayFile } from "./array-files.ts";
import { type Column, columnNumbers, columnTexts, type Part, type Remark } from "./columns.ts";
import { splitRows } from "./split-rows.ts";

/** Columns that hold texts whatever is in them. */
const TEXT_NAMES = ["id", "split", "text", "raw_text", "transcript", "annotations", "video", "speaker"];

/** Reads a CSV file with a header line. Every mistake is a UserError with its line and column. */
export function csvParts(file: string, delimiter: string): { parts: Part[]; remarks: Remark[] } {
  const table = readCsv(file, { header: true, delimiter });
  if (table.columns.length === 1 && /[;\t|]/.test(table.columns[0] ?? "")) {
    const hint = "Give the character between cells with `--delimiter`.";
    throw dataError(
      "data-format",
      { file, within: ["line 1"] },
      "The header has one column, which holds separators.",
      hint,
    );
  }
  const problems = new DataProblems();
  const remarks: Remark[] = [];
  const columns = new Map<string, Column>();
  const groups = numberedGroups(table.columns);
  table.columns.forEach((name, index) => {
    if ([...groups.values()].some((members) => members.includes(index))) return;
    const column = problems.attempt(() => singleColumn(table, index, problems, remarks));
    if (column !== null) columns.set(name, column);
  });
  for (const [name, members] of groups) {
    const rows = csvRows(table, members, problems);
    const data = new Float64Array(rows.rows * members.length);
    for (let row = 0; row < rows.rows; row++) data.set(rows.numbers(row), row * members.length);
    const place = { file, within: [`columns "${name}…"`] };
    columns.set(name, { kind: "array", array: numberArray(data, [rows.rows, members.length], "<f8", place) });
  }
  problems.throwIfAny();
  const part: Part = { split: null, columns, place: { file } };
  const grouped = stepRows(part);
  const placeOf = (row: number): FilePlace => ({ file, within: [`row ${row} (line ${table.lines[row]})`] });
  return { parts: splitRows(grouped ?? part, placeOf), remarks };
}

/** Columns with one stem and the numbers 0, 1, … (or 1, 2, …) in order: at least two of them are one field. */
function numberedGroups(names: readonly string[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  names.forEach((name, index) => {
    const match = /^(.*?)[_.]?(\d+)$/.exec(name);
    const stem = match?.[1] ?? "";
    if (stem === "") return;
    const members = groups.get(stem) ?? [];
    const first = Number(/(\d+)$/.exec(names[members[0] ?? index] ?? "")?.[1] ?? Number.NaN);
    if (first > 1 || Number(match?.[2]) !== first + members.length) return;
    groups.set(stem, [...members, index]);
  });
  return new Map([...groups].filter(([, members]) => members.length > 1));
}

function singleColumn(table: CsvTable, index: number, problems: DataProblems, remarks: Remark[]): Column {
  const { file } = table;
  const name = table.columns[index] ?? "";
  const place = { file, within: [`column "${name}"`] };
  const cells = table.rows.map((row) => row[index] ?? "");
  const filled = cells.filter((cell) => cell.trim() !== "");
  if (filled.length > 0 && filled.every(isArrayPath)) {
    const rows = cells.map((cell, row) => {
      const here = { file, within: [`row ${row} (line ${table.lines[row]})`, `column "${name}"`] };
      return cell.trim() === ""
        ? null
        : problems.attempt(() => openArrayFile(file, cell.trim(), here, remarks));
    });
    return { kind: "rows", rows, place };
  }
  const numeric =
    !TEXT_NAMES.includes(name.toLowerCase()) && filled.some((cell) => parseNumber(cell) !== null);
  if (!numeric) return { kind: "array", array: textArray(cells, [cells.length], place) };
  const rows = csvRows(table, [index], problems);
  const data = Float64Array.from(cells, (_, row) => rows.numbers(row)[0] ?? Number.NaN);
  return { kind: "array", array: numberArray(data, [cells.length], "<f8", place) };
}

/** Lines with one id are the steps of one row, in the order of `step`; null if the table has no such columns. */
function stepRows(part: Part): Part | null {
  const [id, step] = [part.columns.get("id"), part.columns.get("step")];
  if (id === undefined || step === undefined) return null;
  const order = columnNumbers(step);
  const lines = new Map<string, number[]>();
  columnTexts(id).forEach((name, row) => {
    const known = lines.get(name);
    if (known === undefined) lines.set(name, [row]);
    else known.push(row);
  });
  for (const rows of lines.values()) rows.sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0) || a - b);
  const ids = [...lines.keys()];
  const columns = new Map<string, Column>([
    ["id", { kind: "array", array: textArray(ids, [ids.length], part.place) }],
  ]);
  for (const [name, column] of part.columns) {
    if (column.kind !== "array" || column.array.isText || name === "step") continue;
    const { array } = column;
    const width = array.shape[1] ?? 1;
    const rows = [...lines.values()].map((members) => {
      const data = new Float64Array(members.length * width);
      for (const [index, row] of members.entries())
        data.set(array.numbers(row * width, width), index * width);
      return numberArray(data, [members.length, width], "<f8", array.place);
    });
    columns.set(name, { kind: "rows", rows, place: array.place });
  }
  return { ...part, columns };
}
