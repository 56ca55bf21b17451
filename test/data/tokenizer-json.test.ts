import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPretrainedFolder, writePretrainedFolder } from "../../src/data/pretrained-folder.ts";
import { readTokenizerVocabulary } from "../../src/data/tokenizer-json.ts";
import { readWordPieces } from "../../src/data/wordpiece.ts";
import { dataFolder, isThere } from "../support/outside.ts";
import { problemsOf, put, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
const vocab = dataFolder("vocab");
const have = isThere("tokenizer.json beside the examples", vocab);

const SMALL = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "[MASK]",
  "un",
  "##aff",
  "##able",
  "aff",
  "!",
  "cafe",
  "café",
];
const SMALLER = [...SMALL, "Café", "中", "々x", "caf", "##é", "a", "##a"];

const numbered = (tokens: readonly string[]) => Object.fromEntries(tokens.map((token, id) => [token, id]));
const special = (content: string, id: number) => ({ id, content, normalized: false, single_word: false });
const template = {
  type: "TemplateProcessing",
  single: [
    { SpecialToken: { id: "[CLS]", type_id: 0 } },
    { Sequence: { id: "A", type_id: 0 } },
    { SpecialToken: { id: "[SEP]", type_id: 0 } },
  ],
};
const BERT = { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null };

/** A file as transformers writes it for BERT, with some fields in place of its own. */
function write(fields: Readonly<Record<string, unknown>> = {}, tokens = SMALLER): string {
  const value = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(special),
    normalizer: { ...BERT, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: template,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: numbered(tokens),
    },
    ...fields,
  };
  return put(folder, "tokenizer.json", JSON.stringify(value));
}

const model = (fields: Readonly<Record<string, unknown>>, tokens = SMALLER) => ({
  type: "WordPiece",
  vocab: numbered(tokens),
  ...fields,
});
const piecesOf = (text: string, fields: Readonly<Record<string, unknown>> = {}) =>
  readWordPieces(write(fields)).pieces(text);

describe("a tokenizer.json of BERT", () => {
  it("gives pieces between the marks", () => {
    const { ids, tokens, unknown } = readWordPieces(write());
    expect(ids("Unaffable nothing!")).toEqual([2, 5, 6, 7, 1, 9, 3]);
    expect([tokens.length, unknown]).toEqual([SMALLER.length, 1]);
  });

  it("each setting of the normalizer does its part", () => {
    const normal = (settings: object) => ({ normalizer: { ...BERT, lowercase: true, ...settings } });
    expect(piecesOf("Café")).toEqual(["cafe"]);
    expect(piecesOf("Café", normal({ strip_accents: false }))).toEqual(["café"]);
    // Accents stay where capitals stay, unless it is said.
    expect(piecesOf("Café", normal({ lowercase: false }))).toEqual(["Café"]);
    expect(piecesOf("café", normal({ lowercase: false, strip_accents: true }))).toEqual(["cafe"]);
    expect(piecesOf("a中a 々x")).toEqual(["a", "中", "a", "々x"]);
    expect(piecesOf("a中a", normal({ handle_chinese_chars: false }))).toEqual(["[UNK]"]);
    expect(piecesOf("a\u0000f\u200bf")).toEqual(["aff"]);
    expect(piecesOf("af\u0000f\ta")).toEqual(["aff", "a"]);
    expect(piecesOf("af\u0000f", normal({ clean_text: false }))).toEqual(["[UNK]"]);
    expect(piecesOf("Café a", { normalizer: null })).toEqual(["Café", "a"]);
  });

  it("white space alone parts words where the file says so", () => {
    expect(piecesOf("aff!")).toEqual(["aff", "!"]);
    expect(piecesOf("aff! a", { pre_tokenizer: { type: "WhitespaceSplit" } })).toEqual(["[UNK]", "a"]);
  });

  it("unknown token, prefix and longest word are those of the model", () => {
    const tokens = ["<unk>", "un", "@@aff", "a", "@@a"];
    const fields = { unk_token: "<unk>", continuing_subword_prefix: "@@", max_input_chars_per_word: 5 };
    const path = write({ added_tokens: [], post_processor: null, model: model(fields, tokens) });
    const { pieces, ids, unknown } = readWordPieces(path);
    expect(pieces("unaff unaffx aaaaa aaaaaa")).toEqual([
      "un",
      "@@aff",
      "<unk>",
      ...("a@@a@@a@@a@@a".match(/(@@)?a/g) ?? []),
      "<unk>",
    ]);
    expect([ids("un x"), unknown]).toEqual([[1, 0], 0]);
  });

  it("special tokens in a text are tokens; others may be added behind the vocabulary", () => {
    expect(piecesOf("a[MASK]aff [mask]")).toEqual(["a", "[MASK]", "aff", "[UNK]", "[UNK]", "[UNK]"]);
    const next = SMALLER.length;
    const added = [
      { id: next, content: "New Word", normalized: true, single_word: true },
      { id: next + 1, content: "<a>", normalized: false },
      { id: next + 2, content: "<a><a>", normalized: false },
    ];
    const { pieces, ids, tokens } = readWordPieces(write({ added_tokens: added }));
    expect(pieces("new word new words a<a><a><a>")).toEqual([
      "New Word",
      "[UNK]",
      "[UNK]",
      "a",
      "<a><a>",
      "<a>",
    ]);
    expect(ids("NEW WORD")).toEqual([2, next, 3]);
    expect(tokens.slice(next)).toEqual(["New Word", "<a>", "<a><a>"]);
    expect(readTokenizerVocabulary(write({ added_tokens: added }))).toEqual(tokens);
  });

  it("BertProcessing and old files without the kind of the model are read", () => {
    const processor = { type: "BertProcessing", sep: ["[SEP]", 3], cls: ["[CLS]", 2] };
    const { type, ...untagged } = model({ unk_token: "[UNK]", continuing_subword_prefix: "##" });
    const { ids } = readWordPieces(write({ post_processor: processor, model: untagged }));
    expect([type, ids("a")]).toEqual(["WordPiece", [2, 17, 3]]);
  });

  it("parts texts as a vocab.txt does with BERT's splitting", () => {
    const plain = readWordPieces(put(folder, "plain.txt", `${SMALLER.join("\n")}\n`), "bert");
    const json = readWordPieces(write());
    for (const text of ["Unaffable, café! $a+a", "中a\u00a0aff\ufeff", "x".repeat(101), ""])
      expect(json.ids(text), text).toEqual(plain.ids(text));
  });
});

it("the words of a folder without vocab.txt are those of its tokenizer.json", () => {
  const tensors = new Map([["a", { dtype: "F32" as const, shape: [1], data: new Float32Array(1) }]]);
  const path = write();
  writePretrainedFolder(folder, { config: {}, tensors, metadata: {}, words: null });
  expect(readPretrainedFolder(folder).vocabulary).toEqual({ words: SMALLER, path });
  writePretrainedFolder(folder, { config: {}, tensors, metadata: {}, words: SMALL });
  expect(readPretrainedFolder(folder).vocabulary?.words).toEqual(SMALL);
});

describe("refused with the field", () => {
  const ELSE =
    "Tokenize the texts with the program that the file is for and import the numbers as a field of kind `tokens`, or give the `vocab.txt` of a BERT model.";
  const refusals = (fields: Readonly<Record<string, unknown>>) => {
    const path = write(fields);
    return problemsOf(() => readWordPieces(path)).then((all) => all.map((one) => one.replace(path, "FILE")));
  };

  it.each([
    ["BPE", { type: "BPE", vocab: { a: 0 }, merges: [] }],
    ["Unigram", { type: "Unigram", vocab: [["a", 0]] }],
    ["WordLevel", { type: "WordLevel", vocab: { a: 0 } }],
    ["BPE", { vocab: { a: 0 }, merges: [] }],
    ["Unigram", { vocab: [["a", 0]] }],
    ["WordLevel", { vocab: { a: 0 } }],
  ])("a %s model", async (kind, given) => {
    expect(await refusals({ model: given })).toEqual([
      `data-tokenizer :: FILE | model.type :: This is a \`${kind}\` tokenizer; only \`WordPiece\` is read. :: ${ELSE}`,
    ]);
  });

  it("other parts, all at once", async () => {
    const fields = {
      normalizer: { type: "Sequence", normalizers: [] },
      pre_tokenizer: { type: "Metaspace" },
      post_processor: { type: "TemplateProcessing", single: [{ Sequence: {} }, { Sequence: {} }] },
    };
    expect(await refusals(fields)).toEqual([
      `data-tokenizer :: FILE | normalizer.type :: \`Sequence\` is not known here. Read is \`BertNormalizer\`. :: ${ELSE}`,
      `data-tokenizer :: FILE | pre_tokenizer.type :: \`Metaspace\` is not known here. Read are \`BertPreTokenizer\`, \`WhitespaceSplit\`. :: ${ELSE}`,
      `data-tokenizer :: FILE | post_processor.single :: Read are special tokens around one sequence. :: ${ELSE}`,
    ]);
    expect(await refusals({ pre_tokenizer: null })).toEqual([
      `data-tokenizer :: FILE | pre_tokenizer :: Nothing parts the words of a text here. Read are \`BertPreTokenizer\`, \`WhitespaceSplit\`. :: ${ELSE}`,
    ]);
  });

  it("mistakes in vocabulary and settings", async () => {
    expect(await refusals({ model: model({ vocab: { "[UNK]": 0, a: 0, b: 7 } }), added_tokens: [] })).toEqual(
      [
        'data-format :: FILE | model.vocab | "a" :: The number 0 belongs to `[UNK]` already.',
        'data-format :: FILE | model.vocab | "b" :: The words are numbered from 0 on without gaps.',
        "data-format :: FILE | post_processor :: The vocabulary has no `[CLS]`.",
        "data-format :: FILE | post_processor :: The vocabulary has no `[SEP]`.",
      ],
    );
    expect(await refusals({ model: {} })).toContain(
      "data-format :: FILE | model.vocab :: This must map words to their numbers.",
    );
    const fields = {
      model: model({ unk_token: "<unk>", max_input_chars_per_word: 0 }),
      normalizer: { ...BERT, lowercase: "yes" },
    };
    expect(await refusals(fields)).toEqual([
      "data-format :: FILE | model.unk_token :: The vocabulary has no `<unk>`.",
      "data-format :: FILE | model.max_input_chars_per_word :: This must be a whole number of at least 1; found 0.",
      'data-format :: FILE | normalizer.lowercase :: This must be `true` or `false`; found "yes".',
    ]);
  });

  it("a way of splitting beside that of the file", async () => {
    const path = write();
    expect(await problemsOf(() => readWordPieces(path, "bert"))).toEqual([
      `data-manifest :: ${path} :: A \`tokenizer.json\` says itself how texts are split, and \`bert\` was asked for. :: Leave out \`--text-split\` (\`textSplit\` in a description), or give a \`vocab.txt\`.`,
    ]);
  });
});

it.skipIf(!have)("the 67 examples come out with their ids, pieces and words", () => {
  const tokens = (name: string) => readFileSync(join(vocab, name), "utf8").trimEnd().split("\n");
  const json = (name: string) => {
    const normalizer = {
      type: "BertNormalizer",
      lowercase: true,
      strip_accents: false,
      clean_text: false,
      handle_chinese_chars: false,
    };
    const limit = { unk_token: "[UNK]", max_input_chars_per_word: 100_000 };
    const fields = {
      normalizer,
      pre_tokenizer: { type: "WhitespaceSplit" },
      model: model(limit, tokens(name)),
    };
    return readWordPieces(write(fields));
  };
  const words = json("vocab_words.txt");
  const pieces = json("vocab_wordpiece.txt");
  const lines = readFileSync(join(vocab, "tokenization_examples.jsonl"), "utf8").trimEnd().split("\n");
  expect(lines.length).toBe(67);
  for (const line of lines) {
    const example = JSON.parse(line);
    expect(words.ids(example.text), example.text).toEqual(example.word_ids);
    expect(pieces.pieces(example.text), example.text).toEqual(example.pieces);
    expect(pieces.ids(example.text), example.text).toEqual(example.piece_ids);
  }
});
