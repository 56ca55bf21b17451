import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readWordPieces } from "../../src/data/wordpiece.ts";
import { dataFolder, isThere } from "../support/outside.ts";
import { problemsOf, put, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
const vocab = dataFolder("vocab");
const have = isThere("word pieces beside the examples", vocab);

interface Example {
  readonly text: string;
  readonly words: readonly string[];
  readonly word_ids: readonly number[];
  readonly pieces: readonly string[];
  readonly piece_ids: readonly number[];
}

function write(name: string, tokens: readonly string[]): string {
  return put(folder, name, `${tokens.join("\n")}\n`);
}

const SMALL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "##a", "aff", "!", "cafe", "中"];

describe("word pieces", () => {
  it("the longest piece that fits comes first; a word that cannot be covered is one unknown", () => {
    const { pieces, ids, tokens } = readWordPieces(write("small.txt", SMALL));
    expect(pieces("Unaffable unaffx aff")).toEqual(["un", "##aff", "##able", "[UNK]", "aff"]);
    expect(ids("aff nothing")).toEqual([2, 8, 1, 3]);
    expect(tokens.length).toBe(SMALL.length);
  });

  it("BERT's splitting parts punctuation and Chinese characters and drops accents", () => {
    const path = write("bert.txt", SMALL);
    expect(readWordPieces(path, "bert").pieces("Café!中aff\u0000")).toEqual(["cafe", "!", "中", "aff"]);
    expect(readWordPieces(path).pieces("café!")).toEqual(["[UNK]"]);
  });

  it("a vocabulary without marks gives none; the last special tokens are found wherever they stand", () => {
    const { ids, unknown } = readWordPieces(write("bare.txt", ["a", "[UNK]", "[PAD]"]));
    expect([ids("a b"), unknown]).toEqual([[0, 1], 1]);
  });

  it("a very long word is one unknown token to BERT, and takes no time otherwise", () => {
    const path = write("long.txt", [...SMALL, "x", "##x"]);
    expect(readWordPieces(path, "bert").pieces("x".repeat(100))).toHaveLength(100);
    expect(readWordPieces(path, "bert").pieces("x".repeat(101))).toEqual(["[UNK]"]);
    expect(readWordPieces(path).pieces("x".repeat(100_000))).toHaveLength(100_000);
  });

  it("mistakes in the file are named with their lines", async () => {
    const path = put(folder, "broken.txt", "[PAD]\n\na\na\n");
    expect(await problemsOf(() => readWordPieces(path))).toEqual([
      `data-format :: ${path} | line 2 :: The line is empty; each line is a token.`,
      `data-format :: ${path} | line 4 :: The token \`a\` is on line 3 already.`,
      `data-format :: ${path} :: The vocabulary has no \`[UNK]\`.`,
    ]);
  });
});

describe.skipIf(!have)("the 67 examples", () => {
  const examples = (): Example[] =>
    readFileSync(join(vocab, "tokenization_examples.jsonl"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("words and pieces come out with their ids", () => {
    const words = readWordPieces(join(vocab, "vocab_words.txt"));
    const pieces = readWordPieces(join(vocab, "vocab_wordpiece.txt"));
    const all = examples();
    expect(all.length).toBe(67);
    for (const example of all) {
      expect(words.ids(example.text), example.text).toEqual(example.word_ids);
      expect(pieces.pieces(example.text), example.text).toEqual(example.pieces);
      expect(pieces.ids(example.text), example.text).toEqual(example.piece_ids);
    }
  });
});
