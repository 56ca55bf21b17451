import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../src/data/dataset.ts";
import { parseManifest } from "../../src/data/import/manifest.ts";
import { importDataset } from "../../src/data/import.ts";
import { importLayout, LAYOUT_DEFAULTS } from "../../src/data/layout-import.ts";
import { loadWordVectors, readWordVectors } from "../../src/data/vectors.ts";
import { dataFolder, isThere } from "../support/outside.ts";
import { problemsOf, put, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
const vocab = dataFolder("vocab");
const GLOVE = "the 1 2 3\nfilm 4 5 6\nnew york 7 8 9\ngood -1 -2 1e-3\n";

describe("word vectors", () => {
  it("text files give the words of the vocabulary; words with blanks and a first line of sizes are understood", () => {
    const path = put(folder, "glove.txt", GLOVE);
    const { width, vectors, found } = readWordVectors(path, null, ["<pad>", "film", "Good", "new york"]);
    expect([width, [...found]]).toEqual([3, [0, 1, 1, 1]]);
    expect(vectors).toEqual(Float32Array.of(0, 0, 0, 4, 5, 6, -1, -2, 1e-3, 7, 8, 9));
    const counted = put(folder, "fasttext.vec", `4 3\n${GLOVE}`);
    expect(readWordVectors(counted, null, ["film"]).vectors).toEqual(Float32Array.of(4, 5, 6));
  });

  it("lines are read across the pieces that a file is read in", () => {
    const filler = Array.from({ length: 250_000 }, (_, index) => `w${index} ${index} 1 2`).join("\n");
    const path = put(folder, "large.txt", `${filler}\nlast 7 8 9`);
    const { vectors, found } = readWordVectors(path, null, ["last", "w0", "w249999"]);
    expect([...vectors]).toEqual([7, 8, 9, 0, 1, 2, 249_999, 1, 2]);
    expect([...found]).toEqual([1, 1, 1]);
  });

  it("what does not fit is named", async () => {
    const short = put(folder, "short.txt", "a 1 2\nb 1\n");
    const text = put(folder, "text.txt", "a 1 x\n");
    const plain = put(folder, "plain.txt", GLOVE);
    expect(await problemsOf(() => readWordVectors(short, null, ["b"]))).toEqual([
      `data-shape :: ${short} | line 2 :: A word and 2 numbers were expected; there are 1.`,
    ]);
    expect((await problemsOf(() => readWordVectors(text, null, ["a"]))).join()).toMatch(
      /line 1 .*no finite number/,
    );
    expect((await problemsOf(() => readWordVectors(plain, null, ["zebra"]))).join()).toMatch(
      /No word of the vocabulary/,
    );
  });

  it("an import keeps them in the dataset folder, and says which words have none", async () => {
    put(folder, "rows.csv", "id,split,text,y\n1,train,good film,1\n2,train,odd film,-1\n");
    put(folder, "words.txt", GLOVE);
    const manifest = parseManifest("import.json", {
      name: "v",
      sources: { rows: { file: "rows.csv" } },
      rows: { from: "rows", id: "id", split: "split" },
      fields: {
        text: { kind: "tokens", from: "rows", column: "text", vectors: { file: "words.txt" } },
        y: { kind: "score", from: "rows", column: "y" },
      },
      label: "y",
    });
    const out = join(folder, "out");
    const { cleaned } = await importDataset({ manifest, from: folder, out });
    expect(cleaned).toContainEqual({
      field: "text",
      split: null,
      what: "words of the vocabulary without a vector, set to 0",
      count: 3,
      examples: ["<pad>", "<unk>", "odd"],
    });
    const { vectors, fields } = loadDataset(out);
    expect(vectors).toEqual({ text: { file: "text.vectors.safetensors", width: 3, found: 2 } });
    const file = vectors?.text;
    if (file === undefined) throw new Error("the dataset has no vectors");
    const loaded = loadWordVectors(out, file);
    const id = fields[0]?.vocabulary?.indexOf("film") ?? -1;
    expect([...loaded.vectors.subarray(3 * id, 3 * id + 3)]).toEqual([4, 5, 6]);
  });
});

describe.skipIf(!isThere("the GloVe vectors", vocab))("the GloVe vectors of the examples", () => {
  it("come from .npy with a list of words", async () => {
    const out = join(folder, "glove");
    const formats = join(vocab, "../formats");
    await importLayout({
      ...LAYOUT_DEFAULTS,
      name: "g",
      sources: [{ path: join(formats, "mird/mosi.pkl"), split: null }],
      vectors: new Map([
        ["text", { file: join(vocab, "glove_300.npy"), words: join(vocab, "glove_words.txt") }],
      ]),
      out,
    });
    const { vectors, fields } = loadDataset(out);
    const size = fields.find(({ name }) => name === "text")?.vocabularySize ?? 0;
    expect(vectors?.text?.width).toBe(300);
    expect((vectors?.text?.found ?? 0) / size).toBeGreaterThan(0.6);
    const npy = join(vocab, "glove_300.npy");
    expect((await problemsOf(() => readWordVectors(npy, null, ["good"]))).join()).toMatch(
      /needs the list of its words/,
    );
    const other = join(vocab, "vocab_words.txt");
    expect((await problemsOf(() => readWordVectors(npy, other, ["good"]))).join()).toMatch(
      /There are 977 words.*has 853 vectors/,
    );
  });
});
