/**
 * Word pieces: a text is split at white space, and every word into the longest pieces that the vocabulary has, from
 * left to right (Y. Wu et al., "Google's Neural Machine Translation System", 2016, section 4.1; the `##` convention is
 * that of BERT's vocabulary files). A vocabulary without pieces gives whole words.
 */
import { readText } from "./files.ts";
import { DataProblems, dataError } from "./problem.ts";
import { normalizeText, splitWords, TEXT_RULES, type TextSplit } from "./text-split.ts";
import { type PieceRules, readTokenizerJson } from "./tokenizer-json.ts";

const PAD = "[PAD]";
const UNKNOWN = "[UNK]";
/** With BERT's splitting, words longer than this are one unknown word, as in BERT itself. */
const LONGEST_WORD = 100;

/** A vocabulary, its tokens by id, and the tokenizer over it. */
export interface WordPieces {
  readonly tokens: readonly string[];
  readonly unknown: number;
  /** The pieces of a text, without the marks at both ends. */
  pieces(text: string): string[];
  /** Ids of the pieces, between the marks: those of a `tokenizer.json`, or `[CLS]` and `[SEP]` where a `vocab.txt` has them. */
  ids(text: string): number[];
}

/**
 * Reads a `vocab.txt`: one token a line, the line number from 0 is the id; or a Hugging Face `tokenizer.json`, which says itself how texts are split
 * (`split` must be null). Without `split`, a `vocab.txt` is used at white space. Mistakes are UserErrors with their line or field.
 */
export function readWordPieces(path: string, split: TextSplit | null = null): WordPieces {
  if (!path.toLowerCase().endsWith(".json")) return tokenizer(plainRules(path, split ?? "spaces"));
  if (split !== null)
    throw dataError(
      "data-manifest",
      { file: path },
      `A \`tokenizer.json\` says itself how texts are split, and \`${split}\` was asked for.`,
      "Leave out `--text-split` (`textSplit` in a description), or give a `vocab.txt`.",
    );
  return tokenizer(readTokenizerJson(path));
}

function plainRules(path: string, split: TextSplit): PieceRules {
  const tokens = readVocabulary(path);
  const rules = TEXT_RULES[split];
  return {
    tokens,
    unknown: UNKNOWN,
    prefix: "##",
    longestWord: split === "bert" ? LONGEST_WORD : Infinity,
    split: (text) => splitWords(normalizeText(text, rules), rules).map((word) => ({ word, whole: false })),
    before: tokens.filter((token) => token === "[CLS]"),
    behind: tokens.filter((token) => token === "[SEP]"),
  };
}

function tokenizer(rules: PieceRules): WordPieces {
  const { tokens, longestWord } = rules;
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const unknown = idOf.get(rules.unknown) ?? 0;
  const longest = tokens.reduce((most, token) => Math.max(most, token.length), 0);
  const pieces = (text: string) =>
    rules.split(text).flatMap(({ word, whole }) => {
      if (whole) return [word];
      const letters = [...word];
      const cut = letters.length > longestWord ? null : wordPieces(letters, idOf, longest, rules.prefix);
      return cut ?? [rules.unknown];
    });
  return {
    tokens,
    unknown,
    pieces,
    ids: (text) =>
      [...rules.before, ...pieces(text), ...rules.behind].map((piece) => idOf.get(piece) ?? unknown),
  };
}

function readVocabulary(path: string): string[] {
  const text = readText(path);
  if (text === "") throw dataError("data-empty", { file: path }, "The file is empty.");
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  const problems = new DataProblems();
  const lineOf = new Map<string, number>();
  lines.forEach((token, index) => {
    const place = { file: path, within: [`line ${index + 1}`] };
    const earlier = lineOf.get(token);
    if (token.trim() === "") problems.add("data-format", place, "The line is empty; each line is a token.");
    else if (earlier !== undefined)
      problems.add("data-format", place, `The token \`${token}\` is on line ${earlier} already.`);
    else lineOf.set(token, index + 1);
  });
  for (const token of [PAD, UNKNOWN]) {
    if (!lineOf.has(token))
      problems.add("data-format", { file: path }, `The vocabulary has no \`${token}\`.`);
  }
  problems.throwIfAny();
  return lines;
}

/** Longest match first, no longer than the longest token; null for a word that cannot be covered. */
function wordPieces(
  letters: readonly string[],
  idOf: ReadonlyMap<string, number>,
  longest: number,
  prefix: string,
): string[] | null {
  const pieces: string[] = [];
  for (let start = 0; start < letters.length; ) {
    let end = Math.min(letters.length, start + longest);
    let piece = "";
    for (; end > start; end--) {
      piece = (start > 0 ? prefix : "") + letters.slice(start, end).join("");
      if (idOf.has(piece)) break;
    }
    if (end === start) return null;
    pieces.push(piece);
    start = end;
  }
  return pieces;
}
