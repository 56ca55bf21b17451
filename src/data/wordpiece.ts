/**
 * Word pieces: a text is split at white space, and every word into the longest pieces that the vocabulary has, from
 * left to right (Y. Wu et al., "Google's Neural Machine Translation System", 2016, section 4.1; the `##` convention is
 * that of BERT's vocabulary files). A vocabulary without pieces gives whole words.
 */
import { readText } from "./files.ts";
import { DataProblems, dataError } from "./problem.ts";

const PAD = "[PAD]";
const UNKNOWN = "[UNK]";
/** With BERT's splitting, words longer than this are one unknown word, as in BERT itself. */
const LONGEST_WORD = 100;

/**
 * How a text is split before its words are cut into pieces. `spaces`: lower case and white space. `bert`: also at
 * punctuation and Chinese characters, without accents and control characters, as uncased BERT models expect it.
 */
export type TextSplit = "spaces" | "bert";

/** A vocabulary, its tokens by id, and the tokenizer over it. */
export interface WordPieces {
  readonly tokens: readonly string[];
  readonly unknown: number;
  /** The pieces of a text, without the marks at both ends. */
  pieces(text: string): string[];
  /** Ids of the pieces, between `[CLS]` and `[SEP]` where the vocabulary has them. */
  ids(text: string): number[];
}

/** Reads a `vocab.txt`: one token a line, the line number from 0 is the id. Mistakes are UserErrors with their line. */
export function readWordPieces(path: string, split: TextSplit = "spaces"): WordPieces {
  const tokens = readVocabulary(path);
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const unknown = idOf.get(UNKNOWN) ?? 0;
  const longest = tokens.reduce((most, token) => Math.max(most, token.length), 0);
  const longestWord = split === "bert" ? LONGEST_WORD : Infinity;
  const pieces = (text: string) =>
    words(text, split).flatMap((word) =>
      [...word].length > longestWord ? [UNKNOWN] : wordPieces(word, idOf, longest),
    );
  const mark = (token: string) => {
    const id = idOf.get(token);
    return id === undefined ? [] : [id];
  };
  return {
    tokens,
    unknown,
    pieces,
    ids: (text) => [
      ...mark("[CLS]"),
      ...pieces(text).map((piece) => idOf.get(piece) ?? unknown),
      ...mark("[SEP]"),
    ],
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

function words(text: string, split: TextSplit): string[] {
  const spaced =
    split === "spaces"
      ? text.toLowerCase()
      : text
          .replace(/[\p{Cc}\p{Cf}\ufffd]/gu, (mark) => (/\s/.test(mark) ? " " : ""))
          .toLowerCase()
          .normalize("NFD")
          .replace(/\p{Mn}/gu, "")
          .replace(/[\p{P}$+<=>^`|~]|\p{Script=Han}/gu, " $& ");
  return spaced.split(/\s+/u).filter((word) => word !== "");
}

/** Longest match first, no longer than the longest token; a word that cannot be covered is one unknown word. */
function wordPieces(word: string, idOf: ReadonlyMap<string, number>, longest: number): string[] {
  const letters = [...word];
  const pieces: string[] = [];
  for (let start = 0; start < letters.length; ) {
    let end = Math.min(letters.length, start + longest);
    let piece = "";
    for (; end > start; end--) {
      piece = (start > 0 ? "##" : "") + letters.slice(start, end).join("");
      if (idOf.has(piece)) break;
    }
    if (end === start) return [UNKNOWN];
    pieces.push(piece);
    start = end;
  }
  return pieces;
}
