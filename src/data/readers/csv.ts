/** CSV files as tables of text cells with the line of each row; cells become numbers by a strict rule. */
import { CsvError, parse } from "csv-parse/sync";
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { readText } from "../files.ts";
import { DataProblems, dataError, didYouMean, listNames } from "../problem.ts";
import type { RowSource } from "./table.ts";

interface CsvOptions {
  /** True: the first line names the columns. False: columns are called 0, 1, …. A list: the names, no header line. */
  readonly header: boolean | readonly string[];
  readonly delimiter: string;
}

export interface CsvTable {
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** 1-based line on which each row ends. */
  readonly lines: readonly number[];
}

/** Reads a whole CSV file. Ragged rows, duplicate column names and files without rows are UserErrors. */
export function readCsv(file: string, options: CsvOptions): CsvTable {
  const text = readText(file);
  if (text.trim() === "") throw dataError("data-empty", { file }, "The file is empty.");
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    const line = text.slice(0, nul).split("\n").length;
    throw dataError(
      "data-format",
      { file, within: [`line ${line}`] },
      "The file holds a NUL character: it is not a CSV text.",
    );
  }
  const records = parseRecords(file, text, options.delimiter);
  const first = records[0]?.cells ?? [];
  const columns =
    options.header === true
      ? first
      : options.header === false
        ? first.map((_, index) => String(index))
        : options.header;
  const body = options.header === true ? records.slice(1) : records;
  const problems = new DataProblems();
  const repeated = columns.filter((name, index) => columns.indexOf(name) !== index);
  for (const name of new Set(repeated)) {
    problems.add("data-format", { file, within: ["line 1"] }, `Two columns are called \`${name}\`.`);
  }
  body.forEach(({ cells, line }, row) => {
    if (cells.length === columns.length) return;
    const place = { file, within: [`row ${row} (line ${line})`] };
    const origin =
      options.header === true
        ? "the header has"
        : options.header === false
          ? "the first line has"
          : "the description names";
    problems.add("data-shape", place, `The row has ${cells.length} cells, ${origin} ${columns.length}.`);
  });
  problems.throwIfAny();
  if (body.length === 0) throw dataError("data-empty", { file }, "The file has a header line but no rows.");
  return { file, columns, rows: body.map(({ cells }) => cells), lines: body.map(({ line }) => line) };
}

function parseRecords(file: string, text: string, delimiter: string): { cells: string[]; line: number }[] {
  const records: { cells: string[]; line: number }[] = [];
  try {
    parse(text, {
      delimiter,
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      onRecord: (cells: string[], { lines }) => {
        records.push({ cells, line: lines });
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = "lines" in error ? [`line ${String(error.lines)}`] : [];
    const why =
      error.code === "CSV_QUOTE_NOT_CLOSED"
        ? "A quote is opened and never closed."
        : `The text is not CSV: ${error.message}.`;
    throw dataError("data-format", { file, within: line }, why);
  }
  return records;
}

/** Column numbers for a list of names, numbers (from 0) and ranges `first..last`; unknown ones are reported. */
export function selectColumns(table: CsvTable, wanted: readonly string[], problems: DataProblems): number[] {
  return wanted.flatMap((item) => {
    const ends = table.columns.includes(item) ? [item] : item.split("..");
    const [first, last = first] = ends.map((name) => columnIndex(table, name, problems));
    if (first === undefined || last === undefined || first < 0 || last < 0) return [];
    if (first > last) {
      problems.add("data-missing-column", { file: table.file }, `The range \`${item}\` runs backwards.`);
      return [];
    }
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** The position of a column by name, or by number where no name fits; -1 if there is none (which is reported). */
export function columnIndex(table: CsvTable, name: string, problems: DataProblems): number {
  const index = table.columns.indexOf(name);
  if (index >= 0) return index;
  if (/^\d+$/.test(name) && Number(name) < table.columns.length) return Number(name);
  const only = table.columns.length === 1 && /[;\t|]/.test(table.columns[0] ?? "");
  const hint = only
    ? 'The cells look separated by another character: set `"delimiter"`.'
    : didYouMean(name, table.columns);
  const text = `There is no column \`${name}\`. The file has ${table.columns.length}: ${listNames(table.columns)}.`;
  problems.add("data-missing-column", { file: table.file }, text, hint);
  return -1;
}

/** A selection of a table's columns as rows of numbers or text. */
export function csvRows(table: CsvTable, columns: readonly number[], problems: DataProblems): RowSource {
  const place = (row: number): FilePlace => ({
    file: table.file,
    within: [`row ${row} (line ${table.lines[row]})`],
  });
  return {
    file: table.file,
    rows: table.rows.length,
    steps: 1,
    width: columns.length,
    place,
    text: (row) => table.rows[row]?.[columns[0] ?? 0] ?? "",
    numbers: (row) =>
      Float64Array.from(columns, (column) => {
        const cell = table.rows[row]?.[column] ?? "";
        const value = parseNumber(cell);
        if (value !== null) return value;
        const within = [...(place(row).within ?? []), `column "${table.columns[column]}"`];
        const comma = /^\s*[+-]?\d+,\d+\s*$/.test(cell) ? " The decimal mark must be a point." : "";
        problems.add(
          "data-value",
          { file: table.file, within },
          `A number was expected; the cell is \`${cell.slice(0, 40)}\`.${comma}`,
        );
        return Number.NaN;
      }),
  };
}

/**
 * The number in a cell: a decimal with optional exponent and nothing else (no unit, no hexadecimal, no comma). Empty
 * cells and spellings of NaN give NaN, of infinity an infinity. Anything else gives null.
 */
export function parseNumber(cell: string): number | null {
  const text = cell.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  if (text === "" || /^[+-]?nan$/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  return infinite === null ? null : infinite[1] === "-" ? -Infinity : Infinity;
}
