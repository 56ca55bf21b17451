/** Token fields: words of a text with a vocabulary built from the training split, or ids that the source has already. */
import { isAbsolute, join } from "node:path";
import { at } from "../../base/invariant.ts";
import type { DataProblems } from "../problem.ts";
import { emptyField, type Field, type FieldSpec, rowSize } from "../schema.ts";
import { readWordVectors } from "../vectors.ts";
import { readWordPieces, type WordPieces } from "../wordpiece.ts";
import { type BuiltField, builtInMemory } from "./features.ts";
import type { FieldImport } from "./field.ts";
import type { Notes } from "./notes.ts";
import type { RawField, RawRow } from "./rows.ts";

const PAD = "<pad>";
const UNKNOWN = "<unk>";
const UNKNOWN_ID = 1;

/** Words: runs of letters, marks and digits, with apostrophes and hyphens between them; punctuation is left out. */
function wordsOf(text: string, lowercase: boolean): string[] {
  const normal = text.normalize("NFC");
  return (
    (lowercase ? normal.toLowerCase() : normal).match(/[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu) ??
    []
  );
}

/** Builds a `tokens` field; null if nothing usable was read (which is reported). */
export function buildTokens(
  field: FieldImport,
  raw: RawField,
  folder: string,
  notes: Notes,
  problems: DataProblems,
): BuiltField | null {
  const { vocabularyFile: file } = field;
  const path = file === null ? null : isAbsolute(file) ? file : join(folder, file);
  const pieces = path === null ? null : problems.attempt(() => readWordPieces(path, field.textSplit));
  if (path !== null && pieces === null) return null;
  const built = !field.isText
    ? fromIds(field, raw, pieces, notes, problems)
    : pieces === null
      ? fromText(field, raw, notes, problems)
      : fromPieces(field, raw, pieces, notes);
  return built === null ? null : withVectors(field, built, folder, notes, problems);
}

/** Adds the word vectors that the field asks for. */
function withVectors(
  field: FieldImport,
  built: BuiltField,
  folder: string,
  notes: Notes,
  problems: DataProblems,
): BuiltField | null {
  const { vectors: asked } = field;
  if (asked === null) return built;
  const at = (file: string) => (isAbsolute(file) ? file : join(folder, file));
  const { vocabulary } = built.spec;
  if (vocabulary === undefined) {
    const place = { file: at(asked.file), within: [`field "${field.name}"`] };
    problems.add("data-join", place, "Word vectors need a vocabulary; this field has ids only.");
    return null;
  }
  const words = asked.words === null ? null : at(asked.words);
  const vectors = problems.attempt(() => readWordVectors(at(asked.file), words, vocabulary));
  if (vectors === null) return null;
  const without = vocabulary.filter((_, id) => vectors.found[id] === 0);
  notes.add(field.name, null, "words of the vocabulary without a vector, set to 0", without.length, without);
  return { ...built, vectors };
}

/** Texts by a given vocabulary of word pieces. */
function fromPieces(field: FieldImport, raw: RawField, pieces: WordPieces, notes: Notes): BuiltField {
  const ids = new Map<string, number[][]>();
  for (const [split, rows] of raw) {
    const all = rows.map((row) => {
      const text = row === null ? "" : row.rows.map((index) => row.source.text(index)).join(" ");
      return text.trim() === "" ? [] : pieces.ids(text);
    });
    ids.set(split, all);
    const unknown = all.flat().filter((id) => id === pieces.unknown).length;
    const name = at(pieces.tokens, pieces.unknown);
    notes.add(field.name, split, `words that the vocabulary cannot write, read as ${name}`, unknown);
  }
  return pack(field, ids, { vocabularySize: pieces.tokens.length, vocabulary: pieces.tokens }, notes);
}

function fromText(
  field: FieldImport,
  raw: RawField,
  notes: Notes,
  problems: DataProblems,
): BuiltField | null {
  const words = new Map<string, string[][]>();
  for (const [split, rows] of raw) {
    words.set(
      split,
      rows.map((row) =>
        row === null ? [] : row.rows.flatMap((index) => wordsOf(row.source.text(index), field.lowercase)),
      ),
    );
  }
  const vocabulary = buildVocabulary(words.get("train") ?? [], field.minCount, field.maxVocabulary);
  if (vocabulary.length === 2) {
    const file = [...raw.values()].flat().find((row) => row !== null)?.source.file ?? field.from;
    problems.add(
      "data-split",
      { file, within: [`field "${field.name}"`] },
      "The vocabulary is built from the training split, which has no words here.",
    );
    return null;
  }
  const idOf = new Map(vocabulary.map((word, id) => [word, id]));
  const ids = new Map<string, number[][]>();
  for (const [split, rows] of words) {
    ids.set(
      split,
      rows.map((row) => row.map((word) => idOf.get(word) ?? UNKNOWN_ID)),
    );
    const all = ids.get(split)?.flat() ?? [];
    notes.add(
      field.name,
      split,
      `words outside the vocabulary, read as ${UNKNOWN}`,
      all.filter((id) => id === UNKNOWN_ID).length,
    );
  }
  return pack(field, ids, { vocabularySize: vocabulary.length, vocabulary }, notes);
}

/** `<pad>` is 0 and `<unk>` is 1; then the words that occur often enough, frequent ones first, equal counts in order of code units. */
function buildVocabulary(
  texts: readonly (readonly string[])[],
  minCount: number,
  most: number | null,
): string[] {
  const counts = new Map<string, number>();
  for (const word of texts.flat()) counts.set(word, (counts.get(word) ?? 0) + 1);
  const kept = [...counts].filter(([, count]) => count >= minCount);
  kept.sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  return [PAD, UNKNOWN, ...kept.map(([word]) => word)].slice(0, most ?? undefined);
}

function fromIds(
  field: FieldImport,
  raw: RawField,
  pieces: WordPieces | null,
  notes: Notes,
  problems: DataProblems,
): BuiltField {
  const limit = field.vocabularySize ?? pieces?.tokens.length ?? null;
  const ids = new Map<string, number[][]>();
  for (const [split, rows] of raw) {
    ids.set(
      split,
      rows.map((row) => (row === null ? [] : readIds(field, row, limit ?? 2 ** 31, split, notes, problems))),
    );
  }
  const highest = [...ids.values()].flat(2).reduce((most, id) => Math.max(most, id), 0);
  const vocabulary = pieces === null ? {} : { vocabulary: pieces.tokens };
  return pack(field, ids, { vocabularySize: limit ?? highest + 1, ...vocabulary }, notes);
}

/** The ids of a row: as many as the source says, or those without the zeros on both sides. */
function readIds(
  field: FieldImport,
  row: RawRow,
  limit: number,
  split: string,
  notes: Notes,
  problems: DataProblems,
): number[] {
  const values = row.rows.flatMap((index) => [...row.source.numbers(index)]);
  values.forEach((value, step) => {
    if (Number.isInteger(value) && value >= 0 && value < limit) return;
    const place = row.source.place(row.rows[0] ?? 0);
    const within = [...(place.within ?? []), `field "${field.name}"`, `step ${step}`];
    problems.add(
      "data-value",
      { file: place.file, within },
      `A whole number from 0 to ${limit - 1} was expected; found ${value}.`,
    );
  });
  const length = row.source.lengthOf?.(row.rows[0] ?? 0) ?? null;
  if (length !== null) return values.slice(0, length);
  const first = values.findIndex((value) => value !== 0);
  const last = values.findLastIndex((value) => value !== 0);
  notes.add(field.name, split, "rows padded in front, moved to the start", first > 0 ? 1 : 0);
  return first < 0 ? [] : values.slice(first, last + 1);
}

function pack(
  field: FieldImport,
  ids: ReadonlyMap<string, readonly (readonly number[])[]>,
  vocabulary: Pick<FieldSpec, "vocabularySize" | "vocabulary">,
  notes: Notes,
): BuiltField {
  const longest = [...ids.values()].flat().reduce((most, row) => Math.max(most, row.length), 1);
  const maxLength = Math.min(longest, field.maxLength ?? longest);
  const spec: FieldSpec = { name: field.name, kind: "tokens", width: 1, maxLength, ...vocabulary };
  const splits = new Map<string, Field>();
  for (const [split, rows] of ids) {
    const result = emptyField(spec, rows.length);
    rows.forEach((row, index) => {
      const length = Math.min(row.length, maxLength);
      notes.add(field.name, split, `rows cut to ${maxLength} tokens`, row.length > maxLength ? 1 : 0);
      notes.add(field.name, split, "rows without any token, taken as absent", length === 0 ? 1 : 0);
      result.data.set(row.slice(0, length), index * rowSize(spec));
      if (result.lengths !== null) result.lengths[index] = length;
      result.present[index] = length > 0 ? 1 : 0;
    });
    splits.set(split, result);
  }
  return builtInMemory(spec, splits);
}
