/** Sources side by side and one after the other: what all of them together say about the rows of every split. */
import { hash32 } from "../../base/hash.ts";
import { RandomStream } from "../../base/random.ts";
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { groupOf } from "../ids.ts";
import { type SplitName, splitNamed } from "../import/manifest.ts";
import type { Notes } from "../import/notes.ts";
import { type DataProblems, dataError } from "../problem.ts";
import type { StoredArray } from "../readers/array.ts";
import {
  type Column,
  columnPlace,
  columnRows,
  columnTexts,
  type OpenedSource,
  type Part,
  rowOf,
  rowShape,
  selectRows,
} from "./columns.ts";

/** Rows of one source in one split. Labels are absent in unlabelled rows. */
export interface Block {
  readonly split: SplitName;
  readonly labelled: boolean;
  readonly rows: number;
  readonly ids: readonly string[] | null;
  readonly columns: ReadonlyMap<string, Column>;
  /** Names of columns that nothing asks for; they are never opened. */
  readonly unused: readonly string[];
  readonly place: FilePlace;
}

/** Which of the columns of a file may become fields. */
export type Relevant = (keys: readonly string[]) => ReadonlySet<string>;

/** A source as the user gave it: a split in front of its path puts all of its rows there. */
export interface GivenSource {
  readonly opened: OpenedSource;
  readonly split: SplitName | "unlabelled" | null;
}

/** Shares of rows drawn for validation and test where the sources name no splits. */
export interface Shares {
  readonly valid: number;
  readonly test: number;
  readonly seed: number;
}

const ID_KEYS = ["id", "ids"];

/**
 * The first source gives rows; later ones with a split of their own add rows to it, all others join by id.
 * Problems are UserErrors.
 */
export function mergeSources(
  sources: readonly GivenSource[],
  shares: Shares,
  relevant: Relevant,
  notes: Notes,
  problems: DataProblems,
): Block[] {
  const blocks: Block[] = [];
  for (const [index, source] of sources.entries()) {
    for (const { what, count, examples } of source.opened.remarks)
      notes.add(null, null, what, count, examples);
    const adds = index === 0 || source.split !== null;
    if (adds) blocks.push(...blocksOf(source, shares, relevant, notes, problems));
    else joinById(blocks, source.opened, relevant, notes);
  }
  problems.throwIfAny();
  return blocks;
}

function blocksOf(
  source: GivenSource,
  shares: Shares,
  relevant: Relevant,
  notes: Notes,
  problems: DataProblems,
): Block[] {
  const blocks: Block[] = [];
  for (const part of source.opened.parts) {
    const said =
      part.split === "unlabelled" ? "unlabelled" : part.split === null ? null : splitNamed(part.split);
    if (part.split !== null && said !== null && said !== part.split)
      notes.add(null, said, `split called \`${part.split}\` in the file`, 1);
    const split = source.split ?? said;
    const whole = problems.attempt(() =>
      blockOf(
        part,
        split === "unlabelled" || split === null ? "train" : split,
        split !== "unlabelled",
        relevant,
      ),
    );
    if (whole === null) continue;
    if (whole.rows === 0) notes.add(null, whole.split, "split without rows, left out", 1);
    else if (split !== null) blocks.push(whole);
    else blocks.push(...draw(whole, shares, notes));
  }
  return blocks;
}

/** Checks that all columns have as many rows, and takes the ids out. */
function blockOf(part: Part, split: SplitName, labelled: boolean, relevant: Relevant): Block {
  const keys = [...part.columns.keys()];
  const wanted = new Set([...relevant(keys), ...ID_KEYS]);
  const all = [...part.columns].filter(([key]) => wanted.has(key));
  let first: { key: string; rows: number } | null = null;
  for (const [key, column] of all) {
    // A single number describes the file and not its rows.
    if (column.kind === "array" && column.array.shape.length === 0) continue;
    const rows = columnRows(column);
    first ??= { key, rows };
    if (rows === first.rows) continue;
    throw dataError(
      "data-shape",
      columnPlace(column),
      `There are ${rows} rows; \`${first.key}\` has ${first.rows}.`,
    );
  }
  const rows = first?.rows ?? 0;
  const idKey = ID_KEYS.find((key) => part.columns.has(key));
  const idColumn = idKey === undefined ? undefined : part.columns.get(idKey);
  const ids = idColumn === undefined ? null : idTexts(idColumn);
  const columns = new Map(
    all.filter(
      ([key, column]) => key !== idKey && !(column.kind === "array" && column.array.shape.length === 0),
    ),
  );
  const unused = keys.filter((key) => !wanted.has(key));
  return { split, labelled, rows, ids, columns, unused, place: part.place };
}

function idTexts(column: Column): string[] {
  if (column.kind === "array" && !column.array.isText)
    return [...column.array.numbers(0, columnRows(column))].map(String);
  return columnTexts(column);
}

/** Rows without a split: all for training, or drawn by whole groups of ids. */
function draw(block: Block, shares: Shares, notes: Notes): Block[] {
  if (shares.valid + shares.test === 0) {
    notes.add(null, "train", "rows of a source without splits, all put into `train`", block.rows);
    return [block];
  }
  const groups = block.ids?.map(groupOf) ?? Array.from({ length: block.rows }, (_, row) => String(row));
  const sizes = new Map<string, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const names = [...sizes.keys()].sort();
  const splitOf = new Map<string, SplitName>();
  const wanted = { test: Math.round(shares.test * block.rows), valid: Math.round(shares.valid * block.rows) };
  let taken = 0;
  for (const index of new RandomStream(shares.seed, hash32("import/split")).permutation(names.length)) {
    const group = names[index] ?? "";
    splitOf.set(group, taken < wanted.test ? "test" : taken < wanted.test + wanted.valid ? "valid" : "train");
    taken += sizes.get(group) ?? 0;
  }
  return (["train", "valid", "test"] as const).flatMap((split) => {
    const rows = [...groups.keys()].filter((row) => splitOf.get(groups[row] ?? "") === split);
    notes.add(null, split, "rows drawn from a source without splits, by whole groups of ids", rows.length);
    return rows.length === 0 ? [] : [{ ...selected(block, rows), split }];
  });
}

function selected(block: Block, rows: readonly number[]): Block {
  const columns = new Map([...block.columns].map(([key, column]) => [key, selectRows(column, rows)]));
  return {
    ...block,
    rows: rows.length,
    columns,
    ids: block.ids === null ? null : rows.map((row) => block.ids?.[row] ?? ""),
  };
}

/** Adds the columns of a source to the rows with the same id. */
function joinById(blocks: Block[], opened: OpenedSource, relevant: Relevant, notes: Notes): void {
  const file = opened.files[0]?.file ?? "";
  const parts = opened.parts.map((part) => blockOf(part, "train", true, relevant));
  const rowOfId = new Map<string, { part: Block; row: number }>();
  for (const part of parts) {
    if (part.ids === null) {
      const hint = "Name a split in front of the path, for example `test=PATH`, if these are further rows.";
      throw dataError(
        "data-join",
        part.place,
        "The source has no column `id`, by which its rows could be joined.",
        hint,
      );
    }
    part.ids.forEach((id, row) => {
      if (rowOfId.has(id))
        throw dataError(
          "data-join",
          part.place,
          `The id \`${id.slice(0, 60)}\` occurs twice; one row per id is joined.`,
        );
      rowOfId.set(id, { part, row });
    });
  }
  const keys = new Set(parts.flatMap((part) => [...part.columns.keys()]));
  const unused = new Set(parts.flatMap((part) => part.unused));
  const joined = new Set<string>();
  for (const [index, block] of blocks.entries()) {
    if (block.ids === null)
      throw dataError(
        "data-join",
        block.place,
        "The rows have no column `id`, by which another source could be joined.",
      );
    const found = block.ids.map((id) => rowOfId.get(id) ?? null);
    for (const id of block.ids) if (rowOfId.has(id)) joined.add(id);
    const columns = new Map(block.columns);
    for (const key of keys) {
      const name = columns.has(key) ? `${stem(file)}.${key}` : key;
      if (name !== key)
        notes.add(null, null, `columns called \`${key}\` in two sources; the later one is \`${name}\``, 1);
      columns.set(name, joinedColumn(key, found, { file, within: [key] }));
    }
    notes.add(
      null,
      block.split,
      `rows without a partner in ${stem(file)}`,
      found.filter((row) => row === null).length,
    );
    blocks[index] = { ...block, columns, unused: [...block.unused, ...unused] };
  }
  if (joined.size === 0)
    throw dataError("data-join", { file }, "No id of this source occurs among the rows.");
  const left = rowOfId.size - joined.size;
  notes.add(
    null,
    null,
    `ids of ${stem(file)} that no row has`,
    left,
    [...rowOfId.keys()].filter((id) => !joined.has(id)).slice(0, 3),
  );
}

function joinedColumn(
  key: string,
  found: readonly ({ readonly part: Block; readonly row: number } | null)[],
  place: FilePlace,
): Column {
  const rows = found.map((item): StoredArray | null => {
    const column = item?.part.columns.get(key);
    if (column === undefined || item === null) return null;
    if (column.kind === "rows") return column.rows[item.row] ?? null;
    return rowOf(
      column.array,
      item.row,
      rowShape(column).reduce((product, extent) => product * extent, 1),
    );
  });
  return { kind: "rows", rows, place };
}

function stem(file: string): string {
  return (file.split(/[/\\]/).at(-1) ?? file).replace(/\.\w+$/, "");
}
