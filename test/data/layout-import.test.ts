/** Import of known layouts: joins, unlabelled rows, names, alignment in time, and everything that is reported. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../src/data/dataset.ts";
import { describeImport } from "../../src/data/import.ts";
import { alignSequences, type Sequence } from "../../src/data/layout/sequences.ts";
import {
  importLayout,
  LAYOUT_DEFAULTS,
  type LayoutImport,
  type SourcePath,
} from "../../src/data/layout-import.ts";
import { numberArray, textArray } from "../../src/data/readers/array.ts";
import type { Dataset, Field } from "../../src/data/schema.ts";
import { isThere } from "../support/outside.ts";
import { formats } from "./formats-support.ts";
import { problemsOf, put, temporaryFolder } from "./support.ts";

const have = isThere("import of the layouts that users have", formats);
const folder = temporaryFolder();
let count = 0;

/** Imports paths (with `split=` in front or not); the dataset as loaded, and what was said. */
async function run(
  paths: readonly string[],
  more: Partial<LayoutImport> = {},
): Promise<{ dataset: Dataset; said: string }> {
  const out = join(folder, `out-${count++}`);
  const sources = paths.map((text): SourcePath => {
    const [, split = null, path = text] = /^(train|valid|test|unlabelled)=(.*)$/.exec(text) ?? [];
    const known =
      split === "train" || split === "valid" || split === "test" || split === "unlabelled" ? split : null;
    return { path, split: known };
  });
  const summary = await importLayout({ ...LAYOUT_DEFAULTS, name: "case", sources, out, ...more });
  return { dataset: loadDataset(out), said: describeImport(summary) };
}

function field(dataset: Dataset, split: string, name: string): Field {
  const found = dataset.splits[split]?.fields.get(name);
  if (found === undefined) throw new Error(`${split} has no ${name}`);
  return found;
}

const LINES = [
  {
    id: "a",
    split: "train",
    text: "good film",
    label: 1,
    audio: [
      [1, 2],
      [3, 4],
    ],
  },
  { id: "b", split: "train", text: "bad film", label: -1, audio: [[5, 6]] },
  { id: "c", split: "dev", text: "film", label: 0.5, audio: [[7, 8]] },
  { id: "d", split: "test", text: "good", label: 2, audio: [[9, 10]] },
];
const jsonl = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join("\n");

describe("JSON lines and CSV", () => {
  it("fields, lengths and ids come out; `dev` is `valid`", async () => {
    const { dataset, said } = await run([put(folder, "rows.jsonl", jsonl(LINES))]);
    expect(dataset.fields.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "text tokens",
      "audio sequence",
      "y score",
    ]);
    expect(dataset.label).toBe("y");
    expect(dataset.splits.train?.ids).toEqual(["a", "b"]);
    expect(field(dataset, "train", "audio").lengths).toEqual(Int32Array.of(2, 1));
    expect(field(dataset, "test", "y").data).toEqual(Float32Array.of(2));
    expect(dataset.splits.valid?.ids).toEqual(["c"]);
    expect(said).toMatch(/valid +1 rows/);
  });

  it("a second file joins by id; equal names stay apart; missing partners are absent and counted", async () => {
    const rows = put(folder, "base.jsonl", jsonl(LINES));
    const more = put(
      folder,
      "more.csv",
      "id,text,v0,v1\na,first words,1,2\nb,second words,3,4\nc,third,5,6\nzz,x,0,0\n",
    );
    const { dataset, said } = await run([rows, more], {
      fields: new Map([
        ["vision", "v"],
        ["words", "more.text"],
      ]),
    });
    expect(dataset.fields.map(({ name }) => name)).toEqual(["vision", "words", "text", "audio", "y"]);
    expect(field(dataset, "test", "vision").present).toEqual(Uint8Array.of(0));
    expect(said).toMatch(/columns called `text` in two sources; the later one is `more\.text`/);
    expect(said).toMatch(/test: rows without a partner in more: 1/);
    expect(said).toMatch(/ids of more that no row has: 1 \(zz\)/);
  });

  it("files with a split in front add rows; unlabelled ones lose their label", async () => {
    const only = LINES.map(({ split: _split, ...row }) => row);
    const [one, two, three] = [only.slice(0, 2), only.slice(2, 3), only.slice(3)].map((rows, index) =>
      put(folder, `part-${index}.jsonl`, jsonl(rows)),
    );
    const { dataset, said } = await run([`train=${one}`, `test=${two}`, `unlabelled=${three}`]);
    expect(dataset.splits.train?.rows).toBe(3);
    expect(field(dataset, "train", "y").present).toEqual(Uint8Array.of(1, 1, 0));
    expect(said).toMatch(/train +3 rows, 1 of them without a label/);
    expect(said).toMatch(/valid: split that no source has/);
  });

  it("rows without splits are for training, or drawn by whole videos", async () => {
    const rows = Array.from({ length: 40 }, (_, index) => ({
      id: `v${index >> 2}$_$${index & 3}`,
      label: index % 3,
      audio: [[index]],
    }));
    const path = put(folder, "plain.jsonl", jsonl(rows));
    expect((await run([path])).said).toMatch(/all put into `train`: 40/);
    const { dataset } = await run([path], { shares: { valid: 0.2, test: 0.2, seed: 1 } });
    const videos = ["train", "valid", "test"].map(
      (split) => new Set(dataset.splits[split]?.ids?.map((id) => id.split("$")[0])),
    );
    expect(videos.map((ids) => ids.size).reduce((sum, size) => sum + size)).toBe(10);
    expect(dataset.splits.test?.rows).toBe(8);
  });

  it("names that do not exist are answered with those that do", async () => {
    const path = put(folder, "names.jsonl", jsonl(LINES));
    expect((await problemsOf(() => run([path], { fields: new Map([["text", "txt"]]) }))).join()).toMatch(
      /data-missing-column.*no column `txt`.*`text`.*Did you mean `text`/,
    );
    expect((await problemsOf(() => run([path], { range: [-1, 1] }))).join()).toMatch(
      /data-value.*A number from -1 to 1 was expected; found 2/,
    );
  });

  it("word pieces of a given vocabulary make the tokens", async () => {
    const vocabularyFile = put(folder, "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\ngood\nfi\n##lm\n");
    const { dataset, said } = await run([put(folder, "pieces.jsonl", jsonl(LINES))], { vocabularyFile });
    expect([...field(dataset, "train", "text").data]).toEqual([2, 4, 5, 6, 3, 2, 1, 5, 6, 3]);
    expect(said).toMatch(/text, train: words that the vocabulary cannot write, read as \[UNK\]: 1/);
  });

  it("a tokenizer.json says how texts become tokens", async () => {
    const tokens = ["<unk>", "good", "fi", "@@lm"];
    const model = {
      type: "WordPiece",
      unk_token: "<unk>",
      continuing_subword_prefix: "@@",
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    };
    const normalizer = { type: "BertNormalizer" };
    const file = JSON.stringify({ normalizer, pre_tokenizer: { type: "BertPreTokenizer" }, model });
    const vocabularyFile = put(folder, "tokenizer.json", file);
    const { dataset, said } = await run([put(folder, "words.jsonl", jsonl(LINES))], { vocabularyFile });
    const { spec, data } = field(dataset, "train", "text");
    expect([spec.vocabulary, [...data]]).toEqual([tokens, [1, 2, 3, 0, 2, 3]]);
    expect(said).toMatch(/text, train: words that the vocabulary cannot write, read as <unk>: 1/);
  });
});

/** A sequence with steps of one number: [key, [start, end, value], …]. */
function sequence(name: string, keys: Record<string, [number, number, number][]>): Sequence {
  const entries = Object.entries(keys).map(
    ([key, steps]): [string, Sequence["entries"] extends ReadonlyMap<string, infer E> ? E : never] => {
      const times = Float64Array.from(steps.flatMap((step) => step.slice(0, 2)));
      const features = numberArray(
        Float64Array.from(steps, ([, , value]) => value),
        [steps.length, 1],
        "<f4",
        { file: name },
      );
      return [key, { features, times, order: steps.map((_, index) => index) }];
    },
  );
  return { file: `${name}.csd`, name, entries: new Map(entries) };
}

describe("computational sequences", () => {
  const labels = sequence("Opinion Labels", {
    v: [
      [0, 2, 1],
      [2, 4, -1],
    ],
    "w[0]": [[0, 4, 3]],
  });

  it("steps join the segment that they overlap by half, or the one with their id", () => {
    const remarks: { what: string; count: number }[] = [];
    const audio = sequence("audio", {
      v: [
        [0, 1, 10],
        [1.2, 2.4, 11],
        [2.4, 3, 12],
        [9, 10, 13],
      ],
      "w[0]": [[50, 51, 20]],
    });
    const part = alignSequences([audio, labels], null, remarks);
    const column = part.columns.get("audio");
    const rows =
      column?.kind === "rows"
        ? column.rows.map((row) => [...(row?.numbers(0, row.shape[0] ?? 0) ?? [])])
        : [];
    expect(rows).toEqual([[10, 11], [12], [20]]);
    const ids = part.columns.get("id");
    expect(ids?.kind === "array" && ids.array.texts(0, 3)).toEqual(["v[0]", "v[1]", "w[0]"]);
    expect(remarks).toEqual([{ what: "steps of `audio` that lie in no segment, left out", count: 1 }]);
  });

  it("words of a segment are joined by blanks, and a step over two segments is in both", () => {
    const words: Sequence = {
      ...sequence("words", {}),
      entries: new Map([
        [
          "v",
          {
            features: textArray(["it", "was", "good"], [3, 1], { file: "w" }),
            times: Float64Array.of(0, 1, 1, 2, 2, 4),
            order: [0, 1, 2],
          },
        ],
      ]),
    };
    const pairs = sequence("pairs", { v: [[0, 4, 7]] });
    const part = alignSequences([labels, words, pairs], null, []);
    const texts = part.columns.get("words");
    expect(
      texts?.kind === "rows" && texts.rows.map((row) => row?.texts(0, row.shape[0] ?? 0) ?? null),
    ).toEqual([["it", "was"], ["good"], null]);
    const both = part.columns.get("pairs");
    expect(both?.kind === "rows" && both.rows.map((row) => row?.numbers(0, 1)[0] ?? null)).toEqual([
      7,
      7,
      null,
    ]);
  });

  it("without labels every key is a row; an unknown name to align to is refused", async () => {
    const alone = alignSequences(
      [
        sequence("audio", {
          v: [
            [0, 1, 1],
            [1, 2, 2],
          ],
        }),
      ],
      null,
      [],
    );
    expect(alone.columns.get("audio")).toMatchObject({ kind: "rows", rows: [{ shape: [2, 1] }] });
    expect(await problemsOf(() => alignSequences([labels], "words", []))).toEqual([
      "data-join :: Opinion Labels.csd :: There is no sequence `words` to align to. There are `Opinion Labels`.",
    ]);
  });
});

describe.skipIf(!have)("files of the formats", () => {
  const path = (name: string) => join(formats, name);

  it("MMSA: recorded lengths, the text's from its mask, and ids with their vocabulary", async () => {
    const vocabularyFile = join(formats, "../vocab/vocab_words.txt");
    const { dataset } = await run([path("mmsa_unaligned.pkl")], {
      vocabularyFile,
      without: ["classification_labels"],
    });
    expect(dataset.fields.map(({ name, kind, width, maxLength }) => [name, kind, width, maxLength])).toEqual([
      ["audio", "sequence", 73, 12],
      ["vision", "sequence", 100, 8],
      ["text", "sequence", 100, 32],
      ["text_bert", "tokens", 1, 32],
      ["y", "score", 1, 1],
    ]);
    expect(Object.values(dataset.splits).map(({ rows }) => rows)).toEqual([82, 22, 33]);
    expect(field(dataset, "train", "audio").lengths?.reduce((sum, length) => sum + length, 0)).toBe(720);
    expect(field(dataset, "train", "vision").lengths?.reduce((sum, length) => sum + length, 0)).toBe(433);
    expect(field(dataset, "train", "text").lengths).toEqual(field(dataset, "train", "text_bert").lengths);
    expect(field(dataset, "train", "text_bert").spec.vocabularySize).toBe(977);
  });

  it("every pickle protocol gives the same rows", async () => {
    const load = async (name: string) => (await run([path(name)])).dataset.splits.train;
    const [first, ...others] = await Promise.all(
      ["mmsa_unaligned.pkl", "mmsa_unaligned_proto2.pkl", "mmsa_unaligned_py2.pkl"].map(load),
    );
    for (const other of others) {
      expect(other?.ids).toEqual(first?.ids);
      for (const [name, values] of first?.fields ?? [])
        expect(other?.fields.get(name)?.data, name).toEqual(values.data);
    }
  });

  it("MIRD: words, audio and vision, with unlabelled rows behind the labelled ones", async () => {
    const { dataset } = await run([path("mird/mosi.pkl"), `unlabelled=${path("mird/emovoxceleb.pkl")}`]);
    expect(dataset.fields.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "audio sequence",
      "text tokens",
      "vision sequence",
      "y score",
    ]);
    expect(dataset.splits.train?.rows).toBe(360);
    expect(field(dataset, "train", "y").present.reduce((sum, flag) => sum + flag, 0)).toBe(60);
  });

  it("computational sequences of CMU-MOSI: a row per opinion, words and features by time", async () => {
    const names = ["acoustic_utterance", "visual_utterance_pairs", "Opinion_Labels", "TimestampedWords"];
    const { dataset } = await run(
      names.map((name) => path(`csd/CMU_MOSI_${name}.csd`)),
      {
        fields: new Map([
          ["audio", "acoustic_utterance"],
          ["vision", "visual_utterance_pairs"],
        ]),
      },
    );
    const rows = dataset.splits.train?.rows ?? 0;
    expect(rows).toBe(484);
    for (const name of ["audio", "vision", "text", "y"])
      expect(
        field(dataset, "train", name).present.reduce((sum, flag) => sum + flag, 0),
        name,
      ).toBe(rows);
    expect(new Set(field(dataset, "train", "audio").lengths)).toEqual(new Set([1]));
    const words = field(dataset, "train", "text");
    expect(words.lengths?.reduce((sum, length) => sum + length, 0)).toBeGreaterThan(4000);
  });

  it("computational sequences of ICT-MMMO join by id", async () => {
    const { dataset, said } = await run(
      ["COVAREP", "FACET", "glove", "labels"].map((name) => path(`csd/MMMO_${name}.csd`)),
    );
    expect(dataset.splits.train?.rows).toBe(20);
    expect(field(dataset, "train", "COVAREP").lengths?.[0]).toBe(17);
    expect(said).not.toMatch(/lie in no segment/);
  });
});
