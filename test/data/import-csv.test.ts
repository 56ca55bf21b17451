import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fingerprint, loadDataset } from "../../src/data/dataset.ts";
import { csvManifest, describeImport, summarize } from "../../src/data/import.ts";
import type { Dataset, Field } from "../../src/data/schema.ts";
import { FIELDS, FILES, FULL, folder, importTables, STEPS } from "./small-tables.ts";
import { importAndLoad, put } from "./support.ts";

function field(dataset: Dataset, split: string, name: string): Field {
  const found = dataset.splits[split]?.fields.get(name);
  if (found === undefined) throw new Error(`${split} has no ${name}`);
  return found;
}

describe("import from tables", () => {
  it("moves the middle of a scale to 0, after its range was checked", async () => {
    const y = { ...FIELDS.y, range: [-3, 2], middle: -1 };
    const { dataset } = await importTables({ ...FULL, fields: { ...FIELDS, y } });
    expect(field(dataset, "train", "y").data).toEqual(Float32Array.of(3, -0.5, 0));
  });

  it("joins on ids and on row numbers, builds every kind of field, and records what it did", async () => {
    const { dataset, out } = await importTables(FULL);
    expect(dataset.splits.train?.ids).toEqual(["r1", "r2", "r5"]);
    expect(dataset.fields[0]).toMatchObject({
      vocabularySize: 5,
      vocabulary: ["<pad>", "<unk>", "film", "good", "bad"],
      maxLength: 3,
    });
    expect(field(dataset, "train", "text").data).toEqual(Int32Array.of(3, 3, 2, 4, 2, 0, 2, 0, 0));
    expect(field(dataset, "valid", "text").data).toEqual(Int32Array.of(1, 1, 0));
    expect(field(dataset, "train", "text").lengths).toEqual(Int32Array.of(3, 2, 1));
    expect(field(dataset, "train", "pooled").data).toEqual(Float32Array.of(4, 6, 1, 3, 4, 6));
    expect(field(dataset, "test", "pooled").data).toEqual(Float32Array.of(10, 12));
    expect(field(dataset, "train", "mood")).toMatchObject({
      data: Int32Array.of(1, 0, 0),
      present: Uint8Array.of(1, 1, 0),
    });
    expect(field(dataset, "train", "y")).toMatchObject({
      data: Float32Array.of(2, -1.5, 0),
      present: Uint8Array.of(1, 1, 0),
    });
    expect(dataset.cleaned).toContainEqual({
      field: null,
      split: null,
      what: "rows left out since their `split` is empty",
      count: 1,
    });
    expect(dataset.cleaned).toContainEqual({
      field: "audio",
      split: "train",
      what: "rows for which the source has nothing",
      count: 1,
    });
    expect(dataset.cleaned).toContainEqual({
      field: "audio",
      split: null,
      what: "ids of the source that no row has",
      count: 1,
    });
    expect(dataset.provenance.sources.map(({ file }) => file).sort()).toEqual(Object.keys(FILES).sort());
    expect(dataset.provenance.sources[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(describeImport(summarize(dataset))).toMatch(/train +3 rows, 1 of them without a label/);
    expect(loadDataset(out)).toEqual(dataset);
  });

  it("fits scaling on the training split's valid steps only; a constant column is only centred", async () => {
    const { dataset } = await importTables(FULL);
    const deviation = Math.sqrt(8 / 3);
    expect(dataset.scaling.audio).toEqual({
      mean: [3, 5],
      deviation: [deviation, 1],
      constant: [1],
      clip: null,
      fittedOn: 3,
    });
    const audio = field(dataset, "train", "audio");
    const expected = [-2 / deviation, 0, 0, 0, 2 / deviation, 0, 0, 0, 0, 0, 0, 0];
    expect([...audio.data]).toEqual(expected.map(Math.fround));
    expect(audio.lengths).toEqual(Int32Array.of(2, 1, 0));
    expect(audio.present).toEqual(Uint8Array.of(1, 1, 0));
    expect(field(dataset, "valid", "audio").data[0]).toBeCloseTo(97 / deviation, 4);
    expect(field(dataset, "valid", "audio").data[1]).toBe(1);
  });

  it("clips, cuts to maxLength and replaces sentinels and missing values, all counted", async () => {
    const audio = { ...FIELDS.audio, clip: 2, maxLength: 1, sentinels: [{ columns: [0], value: 5 }] };
    const steps = STEPS.replace("r4,1,7", "r4,NaN,1e999")
      .replace("r1,1,5", "r1,,5")
      .replace("r1,3,5\n", "r1,3,5\nr5,2,5\n");
    const { dataset } = await importTables(
      { ...FULL, fields: { ...FIELDS, audio } },
      { ...FILES, "steps.csv": steps },
    );
    expect(dataset.scaling.audio).toMatchObject({ mean: [2, 5], constant: [0, 1], clip: 2 });
    expect(field(dataset, "valid", "audio").data).toEqual(Float32Array.of(2, 1));
    expect(field(dataset, "test", "audio").data).toEqual(Float32Array.of(0, 0));
    const counts = new Map(
      dataset.cleaned
        .filter((note) => note.field === "audio")
        .map((note) => [`${note.split} ${note.what}`, note.count]),
    );
    expect(counts.get("train rows cut to 1 steps")).toBe(1);
    expect(counts.get("train values 5 in column 0, taken as missing")).toBe(1);
    expect(counts.get("train values missing (NaN, empty or sentinel), set to the training mean")).toBe(2);
    expect(counts.get("test values infinite or beyond 32-bit range, set to the training mean")).toBe(1);
    expect(counts.get("valid values beyond 2 deviations, clipped")).toBe(1);
  });

  it("builds a vocabulary with least count and greatest size, from the training split only", async () => {
    const text = { ...FIELDS.text, minCount: 2, maxLength: 2 };
    const { dataset } = await importTables({ ...FULL, label: "text", fields: { text } });
    expect(dataset.fields[0]?.vocabulary).toEqual(["<pad>", "<unk>", "film", "good"]);
    expect(field(dataset, "train", "text").data).toEqual(Int32Array.of(3, 3, 1, 2, 2, 0));
    const small = await importTables({
      ...FULL,
      label: "text",
      fields: { text: { ...FIELDS.text, maxVocabulary: 3 } },
    });
    expect(small.dataset.fields[0]?.vocabulary).toEqual(["<pad>", "<unk>", "film"]);
  });

  it("draws splits by whole groups when there is no split column", async () => {
    const lines = Array.from({ length: 100 }, (_, row) => `${Math.floor(row / 5)},${row},${row % 7}`);
    const split = { valid: 0.1, test: 0.2, seed: 3, by: "speaker" };
    const manifest = csvManifest({
      file: "t.csv",
      name: "t",
      id: "n",
      split,
      label: { column: "v", kind: "score" },
      vectors: { x: ["n"] },
    });
    const from = join(folder, "draw");
    put(from, "t.csv", `speaker,n,v\n${lines.join("\n")}\n`);
    const first = await importAndLoad({ manifest, from, out: join(from, "one") });
    const again = await importAndLoad({ manifest, from, out: join(from, "two") });
    expect(fingerprint(again)).toBe(fingerprint(first));
    expect(readFileSync(join(from, "one/dataset.json"))).toEqual(
      readFileSync(join(from, "two/dataset.json")),
    );
    const speakers = Object.values(first.splits).map(
      (part) => new Set(part.ids?.map((id) => Math.floor(Number(id) / 5))),
    );
    expect(speakers.map((set) => set.size)).toEqual([14, 2, 4]);
    expect(new Set(speakers.flatMap((set) => [...set])).size).toBe(20);
  });

  it("reads byte order marks, CRLF, line breaks in quotes and other delimiters", async () => {
    const rows = '\ufeffid;split;v\r\n"a\r\nb";train;1\r\nc;val;2\r\n';
    const manifest = csvManifest({
      file: "s.csv",
      name: "s",
      id: "id",
      split: "split",
      vectors: { x: ["v"] },
      delimiter: ";",
    });
    const from = join(folder, "odd");
    put(from, "s.csv", rows);
    const dataset = await importAndLoad({ manifest, from, out: join(from, "out") });
    expect(dataset.splits.train?.ids).toEqual(["a\r\nb"]);
    expect(dataset.splits.valid?.rows).toBe(1);
  });
});

describe("docs/data.md", () => {
  it("shows a description that works", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/data.md"), "utf8");
    const example: unknown = JSON.parse(/^ {4}\{\n(?: {4}.*\n)+/m.exec(page)?.[0] ?? "");
    const names = Array.from({ length: 13 }, (_, index) => `f${index}`);
    const { dataset } = await importTables(example, {
      "rows.csv": "id,split,words,score\na,train,so so good,1\nb,dev,good,-2\n",
      "voice.csv": `id,${names.join(",")}\na,${names.map(() => 1).join(",")}\na,${names.map(() => 3).join(",")}\n`,
    });
    expect(dataset.fields.map(({ name, maxLength, width }) => [name, maxLength, width])).toEqual([
      ["text", 3, 1],
      ["audio", 2, 13],
      ["y", 1, 1],
    ]);
  });
});
