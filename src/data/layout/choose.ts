/** Which columns become fields, of which kind, and under which names. */
import { type FieldImport, plainField } from "../import/field.ts";
import { dataError, didYouMean, listNames } from "../problem.ts";
import type { FieldKind } from "../schema.ts";
import type { TextSplit } from "../text-split.ts";
import { type Column, columnPlace, isTextColumn, isWholeColumn, rowShape } from "./columns.ts";
import type { Block } from "./merge.ts";

/** A field and the columns that it is made of. */
export interface ChosenField {
  readonly field: FieldImport;
  readonly key: string;
  readonly lengths: string | null;
}

export interface Wishes {
  /** Field name to column name, as the user asked. */
  readonly fields: ReadonlyMap<string, string>;
  /** Columns to leave out. */
  readonly without: readonly string[];
  readonly range: readonly [number, number] | null;
  readonly middle: number;
  readonly vocabularyFile: string | null;
  readonly textSplit: TextSplit | null;
  readonly clip: number | null;
  /** Word vectors of token fields, by field. */
  readonly vectors: ReadonlyMap<string, { readonly file: string; readonly words: string | null }>;
}

/** Names that files use for the same thing. */
const ALIASES: Readonly<Record<string, string>> = {
  video: "vision",
  visual: "vision",
  acoustic: "audio",
  regression_labels: "y",
  labels: "y",
  label: "y",
  score: "y",
  sentiment: "y",
  raw_text: "text",
  transcript: "text",
  sentence: "text",
  words: "text",
};
const KNOWN = ["text", "audio", "vision", "tokens", "text_bert", "y", "classification_labels"];
const TOKENS = ["tokens", "text_bert", "input_ids", "token_ids", "text_ids"];

/**
 * Columns that may become fields: those asked for and those with a name that the field knows, with their lengths; all
 * of them if `all` is set or no feature has a known name. The others are never opened.
 */
export function relevantKeys(keys: readonly string[], wishes: Wishes, all: boolean): ReadonlySet<string> {
  if (all || !keys.some(isFeature)) return new Set(keys);
  const asked = [...wishes.fields.values(), ...wishes.without];
  const known = keys.filter((key) => asked.includes(key) || isKnown(nameOf(key), key));
  return new Set([
    ...known,
    ...known.flatMap((key) => lengthNames(key).filter((name) => keys.includes(name))),
  ]);
}

function isFeature(key: string): boolean {
  return KNOWN.includes(nameOf(key)) && nameOf(key) !== "y";
}

function isKnown(name: string, key: string): boolean {
  return KNOWN.includes(name) || /^regression_labels_\w$/.test(key);
}

/** Names under which the lengths of a column are kept. */
function lengthNames(key: string): string[] {
  return ["_lengths", "_length", "_len", ".length"].map((ending) => key + ending);
}

/** The columns of all blocks by name, each with one block that has it. */
function columnsOf(blocks: readonly Block[]): Map<string, Column> {
  const columns = new Map<string, Column>();
  for (const block of blocks)
    for (const [key, column] of block.columns) if (!columns.has(key)) columns.set(key, column);
  return columns;
}

/**
 * The fields of a data set: those asked for by name, then every column with a name that the field knows, or all
 * columns if `all` is set or none is known. Also the names of the columns that were not taken.
 */
export function chooseFields(
  blocks: readonly Block[],
  wishes: Wishes,
  all: boolean,
): { chosen: ChosenField[]; left: string[] } {
  const columns = columnsOf(blocks);
  const lengthsOf = (key: string) => lengthNames(key).find((name) => columns.has(name)) ?? null;
  const lengthKeys = new Set([...columns.keys()].map(lengthsOf).filter((name) => name !== null));
  const chosen = new Map<string, ChosenField>();
  const take = (name: string, key: string, column: Column) => {
    const kind = kindOf(name, key, column);
    if (kind === null) return;
    chosen.set(name, {
      key,
      lengths: kind === "sequence" || kind === "tokens" ? lengthsOf(key) : null,
      field: fieldOf(name, kind, column, wishes),
    });
  };
  for (const [name, key] of wishes.fields) {
    const column = columns.get(key);
    if (column === undefined) throw noColumn(key, blocks, columns);
    take(name, key, column);
    if (!chosen.has(name))
      throw dataError(
        "data-value",
        columnPlace(column),
        "This column has neither numbers nor texts of a field.",
      );
  }
  for (const key of wishes.without) if (!columns.has(key)) throw noColumn(key, blocks, columns);
  const taken = new Set([...wishes.fields.values(), ...wishes.without]);
  const everything = all || ![...columns.keys()].some(isFeature);
  const direct = [...columns.keys()].filter((key) => !(key in ALIASES));
  // Features called `text` come before the words called `raw_text`.
  for (const key of [...direct, ...[...columns.keys()].filter((name) => name in ALIASES)]) {
    const column = columns.get(key);
    const name = nameOf(key);
    if (column === undefined || taken.has(key) || lengthKeys.has(key) || chosen.has(name)) continue;
    if (!isKnown(name, key) && !(everything && !isTextColumn(column))) continue;
    take(name, key, column);
  }
  const used = new Set([...chosen.values()].map(({ key }) => key));
  const left = [...columns.keys()].filter((key) => !used.has(key) && !lengthKeys.has(key));
  const unknown = [...wishes.vectors.keys()].find((name) => chosen.get(name)?.field.kind !== "tokens");
  if (unknown !== undefined) {
    const text = `Word vectors are asked for the field \`${unknown}\`, which is no field of tokens.`;
    throw dataError("data-join", blocks[0]?.place ?? { file: "" }, text);
  }
  const unused = new Set(blocks.flatMap((block) => block.unused));
  return { chosen: [...chosen.values()], left: [...left, ...unused] };
}

function nameOf(key: string): string {
  return ALIASES[key] ?? key.replace(/[^\w.]+/g, "_").replace(/^(?=\d)/, "_");
}

function noColumn(key: string, blocks: readonly Block[], columns: ReadonlyMap<string, Column>): Error {
  const names = [...columns.keys()];
  const place = blocks[0]?.place ?? { file: "" };
  const text = `There is no column \`${key}\`. There are ${listNames(names, 20)}.`;
  return dataError("data-missing-column", place, text, didYouMean(key, names));
}

/** The kind that a column's values have; null if they are of no kind. */
function kindOf(name: string, key: string, column: Column): FieldKind | null {
  const rank = rowShape(column).length;
  if (name === "y" || /^regression_labels/.test(key)) return "score";
  if (key === "classification_labels" || key === "annotations") return "class";
  if (isTextColumn(column)) return rank <= 1 ? "tokens" : null;
  if (TOKENS.includes(key) || TOKENS.includes(name)) return "tokens";
  if (rank === 2) return "sequence";
  if (rank === 1) return column.kind === "rows" && isWholeColumn(column) ? "tokens" : "vector";
  return rank === 0 ? (isWholeColumn(column) ? "class" : "score") : null;
}

function fieldOf(name: string, kind: FieldKind, column: Column, wishes: Wishes): FieldImport {
  const plain = plainField(name, kind, columnPlace(column).file);
  if (name === "y" && kind === "score")
    return { ...plain, labels: "required", range: wishes.range, middle: wishes.middle };
  if (kind === "tokens") {
    const { vocabularyFile, textSplit } = wishes;
    const vectors = wishes.vectors.get(name) ?? null;
    return { ...plain, isText: isTextColumn(column), vocabularyFile, textSplit, vectors };
  }
  return kind === "sequence" || kind === "vector" ? { ...plain, clip: wishes.clip } : plain;
}
