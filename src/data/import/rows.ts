/** Which rows each split has, and which rows of a source give a field its values there. */
import { hash32 } from "../../base/hash.ts";
import { RandomStream } from "../../base/random.ts";
import { type DataProblems, listNames } from "../problem.ts";
import type { CsvTable } from "../readers/csv.ts";
import { parseNumber } from "../readers/csv.ts";
import type { RowSource } from "../readers/table.ts";
import type { FieldImport } from "./field.ts";
import { type RandomSplit, type RowsSpec, type SplitName, splitNamed } from "./manifest.ts";
import type { Notes } from "./notes.ts";
import type { OpenedPart, Sources } from "./sources.ts";

/** Where the values of one dataset row lie; several rows of a source are the steps of one sequence. */
export interface RawRow {
  readonly source: RowSource;
  readonly rows: readonly number[];
}

/** A field's rows by split; null where the field is absent. */
export type RawField = ReadonlyMap<string, readonly (RawRow | null)[]>;

/** The table of rows, and the lines of it that make up each split. */
export interface RowPlan {
  readonly table: CsvTable;
  readonly splits: ReadonlyMap<SplitName, readonly number[]>;
  readonly ids: readonly string[] | null;
}

/** Reads the table of rows and assigns its lines to splits; null if that fails (which is reported). */
export function planRows(
  spec: RowsSpec,
  sources: Sources,
  notes: Notes,
  problems: DataProblems,
): RowPlan | null {
  const table = sources.table(spec.from);
  if (table === null) return null;
  const ids = spec.id === null ? null : sources.column(table, spec.id);
  const repeated = ids === null ? 0 : ids.length - new Set(ids).size;
  notes.add(null, null, `rows whose id (\`${spec.id}\`) occurs before`, repeated);
  const names =
    typeof spec.split === "string"
      ? namedSplits(table, spec.split, sources, notes, problems)
      : drawnSplits(table, spec.split, sources);
  if (names === null) return null;
  const splits = new Map<SplitName, number[]>();
  for (const name of ["train", "valid", "test"] as const) {
    const rows = [...names.keys()].filter((row) => names[row] === name);
    if (rows.length > 0) splits.set(name, rows);
  }
  return { table, splits, ids };
}

function namedSplits(
  table: CsvTable,
  column: string,
  sources: Sources,
  notes: Notes,
  problems: DataProblems,
): (SplitName | null)[] | null {
  const cells = sources.column(table, column);
  if (cells === null) return null;
  return cells.map((cell, row) => {
    if (cell.trim() === "") {
      notes.add(null, null, `rows left out since their \`${column}\` is empty`);
      return null;
    }
    const split = splitNamed(cell);
    if (split === null) {
      const within = [`row ${row} (line ${table.lines[row]})`, `column "${column}"`];
      problems.add(
        "data-split",
        { file: table.file, within },
        `The split is \`${cell.slice(0, 40)}\`; it must be \`train\`, \`valid\` or \`test\`.`,
      );
    }
    return split;
  });
}

/** Whole groups go to one split: rows of one speaker or video in two splits would make the figures too good. */
function drawnSplits(table: CsvTable, spec: RandomSplit, sources: Sources): SplitName[] | null {
  const groups = spec.by === null ? table.rows.map((_, row) => String(row)) : sources.column(table, spec.by);
  if (groups === null) return null;
  const sizes = new Map<string, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const names = [...sizes.keys()].sort();
  const splitOf = new Map<string, SplitName>();
  const testRows = Math.round(spec.test * groups.length);
  const validRows = Math.round(spec.valid * groups.length);
  let taken = 0;
  for (const index of new RandomStream(spec.seed, hash32("import/split")).permutation(names.length)) {
    const group = names[index] ?? "";
    splitOf.set(group, taken < testRows ? "test" : taken < testRows + validRows ? "valid" : "train");
    taken += sizes.get(group) ?? 0;
  }
  return groups.map((group) => splitOf.get(group) ?? "train");
}

/** Finds the rows of a field for every row of the plan. */
export function joinRows(
  field: FieldImport,
  parts: ReadonlyMap<string, OpenedPart>,
  plan: RowPlan,
  sources: Sources,
  notes: Notes,
  problems: DataProblems,
): RawField {
  const find = finder(field, parts, plan, sources, notes, problems);
  const result = new Map<string, (RawRow | null)[]>();
  if (find === null) return result;
  let found = 0;
  for (const [split, rows] of plan.splits) {
    const raw = rows.map(find);
    found += raw.filter((row) => row !== null).length;
    notes.add(
      field.name,
      split,
      "rows for which the source has nothing",
      raw.filter((row) => row === null).length,
    );
    result.set(split, raw);
  }
  if (found === 0 && !problems.any) {
    const file = [...parts.values()][0]?.rows.file ?? plan.table.file;
    problems.add(
      "data-join",
      { file, within: [`field "${field.name}"`] },
      "No row of the dataset was found in this source.",
    );
  }
  return result;
}

type Find = (row: number) => RawRow | null;

function finder(
  field: FieldImport,
  parts: ReadonlyMap<string, OpenedPart>,
  plan: RowPlan,
  sources: Sources,
  notes: Notes,
  problems: DataProblems,
): Find | null {
  const { join } = field;
  if (join.kind === "id") return findById(field, join, parts, plan, sources, notes, problems);
  const single = parts.get("");
  if (join.kind === "number") {
    const numbers = sources.column(plan.table, join.row);
    const names = join.part === null ? null : sources.column(plan.table, join.part);
    if (numbers === null || (join.part !== null && names === null)) return null;
    return findByNumber(field, parts, plan, numbers, names, problems);
  }
  if (single === undefined) {
    if (parts.size > 0) {
      const place = { file: plan.table.file, within: [`field "${field.name}"`] };
      problems.add(
        "data-join",
        place,
        `The source has the parts ${listNames([...parts.keys()])}; \`part\` and \`row\` must say which line of which part belongs to a row.`,
      );
    }
    return null;
  }
  if (single.rows.rows !== plan.table.rows.length) {
    const place = { file: single.rows.file, within: [`field "${field.name}"`] };
    problems.add(
      "data-shape",
      place,
      `The source has ${single.rows.rows} rows, ${plan.table.file} has ${plan.table.rows.length}; joined line by line they must be as many.`,
    );
    return null;
  }
  return (row) => ({ source: single.rows, rows: [row] });
}

function findById(
  field: FieldImport,
  join: { left: string; right: string },
  parts: ReadonlyMap<string, OpenedPart>,
  plan: RowPlan,
  sources: Sources,
  notes: Notes,
  problems: DataProblems,
): Find | null {
  const keys = sources.column(plan.table, join.left);
  const rowsOf = new Map<string, { source: RowSource; rows: number[] }>();
  for (const { rows, table } of parts.values()) {
    if (table === null) {
      problems.add(
        "data-join",
        { file: rows.file, within: [`field "${field.name}"`] },
        "Arrays have no columns to join on; join by `row`.",
      );
      return null;
    }
    sources.column(table, join.right)?.forEach((id, row) => {
      const known = rowsOf.get(id);
      if (known === undefined) rowsOf.set(id, { source: rows, rows: [row] });
      else if (field.kind === "sequence" && known.source === rows) known.rows.push(row);
      else
        problems.add(
          "data-join",
          rows.place(row),
          `\`${join.right}\` is \`${id.slice(0, 40)}\` here and in an earlier row; a ${field.kind} has one row per id.`,
        );
    });
  }
  if (keys === null) return null;
  const wanted = new Set(keys);
  notes.add(
    field.name,
    null,
    `ids of the source that no row has`,
    [...rowsOf.keys()].filter((id) => !wanted.has(id)).length,
  );
  return (row) => rowsOf.get(keys[row] ?? "") ?? null;
}

function findByNumber(
  field: FieldImport,
  parts: ReadonlyMap<string, OpenedPart>,
  plan: RowPlan,
  numbers: readonly string[],
  names: readonly string[] | null,
  problems: DataProblems,
): Find {
  return (row) => {
    const cell = (numbers[row] ?? "").trim();
    if (cell === "") return null;
    const name = names === null ? "" : (names[row] ?? "");
    const part = parts.get(name);
    const within = [`row ${row} (line ${plan.table.lines[row]})`, `field "${field.name}"`];
    const place = { file: plan.table.file, within };
    if (part === undefined) {
      problems.add(
        "data-join",
        place,
        `The source has no part \`${name}\`. It has ${listNames([...parts.keys()])}.`,
      );
      return null;
    }
    const number = parseNumber(cell);
    if (number === null || !Number.isInteger(number) || number < 0 || number >= part.rows.rows) {
      problems.add(
        "data-join",
        place,
        `The row number is \`${cell}\`; ${part.rows.file} has the rows 0 to ${part.rows.rows - 1}.`,
      );
      return null;
    }
    return { source: part.rows, rows: [number] };
  };
}

/**
 * Fields of files by split: row k of all files of a split is the same row. A split that a source does not have is
 * absent. Different numbers of rows are reported against the first field.
 */
export function alignSplits(
  opened: ReadonlyMap<string, ReadonlyMap<string, OpenedPart>>,
  splits: readonly string[],
  problems: DataProblems,
): Map<string, Map<string, (RawRow | null)[]>> {
  const result = new Map<string, Map<string, (RawRow | null)[]>>();
  for (const field of opened.keys()) result.set(field, new Map());
  for (const split of splits) {
    const present = [...opened].flatMap(([field, parts]) => {
      const part = parts.get(split);
      return part === undefined ? [] : [{ field, rows: part.rows }];
    });
    const [first] = present;
    if (first === undefined) continue;
    for (const { field, rows } of present) {
      if (rows.rows === first.rows.rows) continue;
      const place = { file: rows.file, within: [`field "${field}"`] };
      problems.add(
        "data-shape",
        place,
        `The file has ${rows.rows} rows; field \`${first.field}\` (${first.rows.file}) has ${first.rows.rows} in split \`${split}\`.`,
      );
    }
    for (const [field, parts] of opened) {
      const source = parts.get(split)?.rows;
      const rows = Array.from({ length: first.rows.rows }, (_, row) =>
        source === undefined ? null : { source, rows: [row] },
      );
      result.get(field)?.set(split, rows);
    }
  }
  return result;
}
