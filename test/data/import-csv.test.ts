import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fingerprint, loadDataset } from "../../src/data/dataset.ts";
import { parseManifest } from "../../src/data/import/manifest.ts";
import { csvManifest, describeImport, importDataset, summarize } from "../../src/data/import.ts";
import type { Dataset, Field } from "../../src/data/schema.ts";
import { importAndLoad, problemsOf, put, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
let count = 0;

const ROWS = `id,split,words,mood,score,clip,line
r1,train,"Good, good film!",1,2,a,1
r2,train,bad film,0.0,-1.5,a,0
r3,valid,don't know,1,0.5,b,0
r4,test,good,0,-3,b,1
r5,train,film,,,a,1
r6,,ignored,0,9,a,0
`;
const STEPS = `key,x,y
r1,1,5
r1,3,5
r2,5,5
r3,100,6
r4,1,7
zz,0,0
`;

const SOURCES = {
  rows: { file: "rows.csv" },
  steps: { file: "steps.csv" },
  clips: { files: { a: "clip-a.csv", b: "clip-b.csv" }, header: false },
};
const FIELDS = {
  text: { kind: "tokens", from: "rows", column: "words" },
  audio: { kind: "sequence", from: "steps", on: { rows: "id", source: "key" }, columns: "x..y" },
  pooled: { kind: "vector", from: "clips", part: "clip", row: "line", columns: ["0", "2"], scale: "none" },
  mood: { kind: "class", from: "rows", column: "mood" },
  y: { kind: "score", from: "rows", column: "score", range: [-3, 3] },
};
const FULL = {
  name: "small",
  sources: SOURCES,
  rows: { from: "rows", id: "id", split: "split" },
  fields: FIELDS,
  label: "y",
};
const FILES = {
  "rows.csv": ROWS,
  "steps.csv": STEPS,
  "clip-a.csv": "1,2,3\n4,5,6\n",
  "clip-b.csv": "7,8,9\n10,11,12\n",
};

/** Imports a manifest with these files; returns the dataset and its folder. */
async function run(
  manifest: unknown,
  files: Record<string, string | Uint8Array> = FILES,
): Promise<{ dataset: Dataset; out: string }> {
  const from = join(folder, `case-${count++}`);
  for (const [name, content] of Object.entries(files)) put(from, name, content);
  const out = join(from, "out");
  try {
    const dataset = await importAndLoad({
      manifest: parseManifest("import.json", manifest),
      from,
      out,
      command: "mird data import",
    });
    return { dataset, out };
  } catch (error) {
    expect(readdirSync(from).filter((name) => name.startsWith("out"))).toEqual([]);
    throw error;
  }
}

function field(dataset: Dataset, split: string, name: string): Field {
  const found = dataset.splits[split]?.fields.get(name);
  if (found === undefined) throw new Error(`${split} has no ${name}`);
  return found;
}

describe("import from tables", () => {
  it("moves the middle of a scale to 0, after its range was checked", async () => {
    const y = { ...FIELDS.y, range: [-3, 2], middle: -1 };
    const { dataset } = await run({ ...FULL, fields: { ...FIELDS, y } });
    expect(field(dataset, "train", "y").data).toEqual(Float32Array.of(3, -0.5, 0));
  });

  it("joins on ids and on row numbers, builds every kind of field, and records what it did", async () => {
    const { dataset, out } = await run(FULL);
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
    const { dataset } = await run(FULL);
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
    const { dataset } = await run(
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
    const { dataset } = await run({ ...FULL, label: "text", fields: { text } });
    expect(dataset.fields[0]?.vocabulary).toEqual(["<pad>", "<unk>", "film", "good"]);
    expect(field(dataset, "train", "text").data).toEqual(Int32Array.of(3, 3, 1, 2, 2, 0));
    const small = await run({
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

describe("tables that are refused", () => {
  const rows = (from: string, to: string) => ({ ...FILES, "rows.csv": ROWS.replace(from, to) });
  const fields = (name: keyof typeof FIELDS, change: object) => ({
    ...FULL,
    fields: { ...FIELDS, [name]: { ...FIELDS[name], ...change } },
  });
  const cases: [
    name: string,
    manifest: unknown,
    files: Record<string, string | Uint8Array>,
    expected: RegExp,
  ][] = [
    [
      "a short row",
      FULL,
      rows("r3,valid,don't know,1,0.5,b,0", "r3,valid,1,0.5,b,0"),
      /data-shape.*rows\.csv \| row 2 \(line 4\).*6 cells, the header has 7/,
    ],
    [
      "a text for a number",
      FULL,
      rows("-1.5", "n/a"),
      /data-value.*row 1 \(line 3\) \| column "score".*number was expected; the cell is `n\/a`/,
    ],
    ["a unit", FULL, rows("-1.5", "1.5 Hz"), /the cell is `1\.5 Hz`/],
    ["a hexadecimal number", FULL, rows("-1.5", "0x10"), /the cell is `0x10`/],
    ["a decimal comma", FULL, rows("-1.5", '"1,5"'), /the cell is `1,5`\. The decimal mark must be a point/],
    [
      "a label out of range",
      FULL,
      rows("-1.5", "7.5"),
      /row 1 \(line 3\) \| field "y".*from -3 to 3 was expected; found 7\.5/,
    ],
    [
      "an unknown split",
      FULL,
      rows("r2,train", "r2,tarin"),
      /data-split.*row 1 \(line 3\) \| column "split".*`tarin`; it must be `train`, `valid` or `test`/,
    ],
    [
      "a class that training does not have",
      FULL,
      rows("don't know,1", "don't know,5"),
      /row 2 \(line 4\) \| field "mood".*`5` is not a class.*training split are `0`, `1`/,
    ],
    [
      "a missing column",
      fields("y", { column: "scores" }),
      FILES,
      /data-missing-column.*rows\.csv.*no column `scores`.*`id`, `split`/,
    ],
    [
      "the wrong delimiter",
      FULL,
      { ...FILES, "steps.csv": STEPS.replaceAll(",", ";") },
      /data-missing-column.*separated by another character: set `"delimiter"`/,
    ],
    ["two columns of one name", FULL, rows("clip,line", "clip,clip"), /Two columns are called `clip`/],
    [
      "a missing file",
      { ...FULL, sources: { ...SOURCES, steps: { file: "gone.csv" } } },
      FILES,
      /data-unreadable.*gone\.csv.*no such file/,
    ],
    ["an empty file", FULL, { ...FILES, "steps.csv": "" }, /data-empty.*steps\.csv.*is empty/],
    ["a header without rows", FULL, { ...FILES, "steps.csv": "key,x,y\n" }, /data-empty.*no rows/],
    [
      "a quote that never ends",
      FULL,
      rows("bad film", '"bad film'),
      /data-format.*quote is opened and never closed/,
    ],
    ["a NUL", FULL, rows("bad film", "bad\0film"), /line 3.*NUL/],
    [
      "text that is not UTF-8",
      FULL,
      { ...FILES, "rows.csv": Buffer.from(ROWS.replace("bad", "é"), "latin1") },
      /data-format.*line 3.*not UTF-8.*iconv/,
    ],
    [
      "two rows for one id",
      fields("audio", { kind: "vector" }),
      FILES,
      /data-join.*steps\.csv \| row 1 \(line 3\).*`key` is `r1` here and in an earlier row/,
    ],
    [
      "a row number beyond the file",
      FULL,
      rows("a,1", "a,7"),
      /data-join.*row 0 \(line 2\) \| field "pooled".*row number is `7`;.*rows 0 to 1/,
    ],
    ["a part that is not there", FULL, rows("b,0", "c,0"), /data-join.*no part `c`\. It has `a`, `b`/],
    [
      "parts of different widths",
      fields("pooled", { columns: "0..2" }),
      { ...FILES, "clip-b.csv": "7,8\n10,11\n" },
      /no column `2`/,
    ],
    [
      "line by line with another number of lines",
      { ...FULL, fields: { y: FIELDS.y, x: { kind: "vector", from: "steps", columns: "x" } } },
      { ...FILES, "steps.csv": "x\n1\n" },
      /data-shape.*has 1 rows.*has 6/,
    ],
    [
      "ids that never meet",
      fields("audio", { on: { rows: "words", source: "key" } }),
      FILES,
      /data-join.*No row of the dataset was found/,
    ],
    [
      "missing values where they are refused",
      fields("audio", { missing: "refuse" }),
      { ...FILES, "steps.csv": STEPS.replace("r2,5", "r2,NaN") },
      /steps\.csv \| row 2 \(line 4\) \| field "audio" \| column 0.*found NaN.*"missing": "mean"/,
    ],
    [
      "no training rows",
      FULL,
      { ...FILES, "rows.csv": ROWS.replaceAll(",train,", ",test,") },
      /data-split.*`train` has no rows/,
    ],
  ];
  it.each(cases)("%s", async (_, manifest, files, expected) => {
    expect((await problemsOf(() => run(manifest, files))).join("\n")).toMatch(expected);
  });

  it("several problems in several files come together", async () => {
    const files = {
      ...FILES,
      "rows.csv": ROWS.replace("-1.5", "x").replace("0.5,b", "y,b"),
      "steps.csv": STEPS.replace("r2,5", "r2,five"),
    };
    const lines = await problemsOf(() => run(FULL, files));
    expect(lines.map((line) => /cell is `(\w+)`/.exec(line)?.[1])).toEqual(["five", "x", "y"]);
  });

  it("an output folder that exists is refused before anything is read", async () => {
    const { out } = await run(FULL);
    const again = () => importDataset({ manifest: parseManifest("m", FULL), from: "/nowhere", out });
    expect((await problemsOf(again)).join()).toMatch(/^data-exists/);
    expect(existsSync(join(out, "dataset.json"))).toBe(true);
  });
});

describe("descriptions that are refused", () => {
  const problems = async (manifest: unknown) =>
    (await problemsOf(() => parseManifest("import.json", manifest))).join("\n");

  it("name every mistake with its path", async () => {
    const text = await problems({
      name: "x",
      sources: { a: { file: "a.csv", files: {} }, b: {} },
      rows: { from: "c" },
      fields: {
        y: { kind: "score", from: "a", column: "v", scale: "none" },
        "9z": { kind: "sound", from: "a" },
        v: {
          kind: "vector",
          from: "a",
          columns: "x",
          clip: -1,
          on: "id",
          row: "n",
          sentinels: [{ columns: [-1] }],
        },
        t: { kind: "tokens", from: "a", column: "x", columns: "y", minCount: 0.5 },
      },
      label: "z",
      extra: 1,
    });
    expect(text).toMatch(/sources\.a .*either `file` or `files`/);
    expect(text).toMatch(/sources\.b .*either `file` or `files`/);
    expect(text).toMatch(/rows\.from .*no source `c`\. There are `a`, `b`/);
    expect(text).toMatch(/rows .*`split` is missing/);
    expect(text).toMatch(/fields\.y\.scale .*kind `score` has no `scale`/);
    expect(text).toMatch(/fields\.9z .*field name begins with a letter/);
    expect(text).toMatch(/fields\.9z\.kind .*`sequence`, `vector`.*found "sound"/);
    expect(text).toMatch(/fields\.v\.clip .*above 0/);
    expect(text).toMatch(/fields\.v .*either `on` an id or by `row`/);
    expect(text).toMatch(/fields\.v\.sentinels\[0\] .*`value` is missing/);
    expect(text).toMatch(/fields\.t .*either `column` or `columns`/);
    expect(text).toMatch(/fields\.t\.minCount .*at least 1; found 0\.5/);
    expect(text).toMatch(/label .*no field `z`/);
    expect(text).toMatch(/extra .*`extra` is not known here/);
  });

  it("want files by split where there is no table of rows", async () => {
    const text = await problems({
      name: "x",
      sources: { a: { file: "a.h5" } },
      fields: { y: { kind: "score", from: "a" } },
    });
    expect(text).toMatch(/fields\.y .*same rows to every split/);
  });

  it("must be an object", async () => {
    expect(await problems([])).toMatch(/must be an object in braces; found \[\]/);
  });
});

describe("docs/data.md", () => {
  it("shows a description that works", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/data.md"), "utf8");
    const example: unknown = JSON.parse(/^ {4}\{\n(?: {4}.*\n)+/m.exec(page)?.[0] ?? "");
    const names = Array.from({ length: 13 }, (_, index) => `f${index}`);
    const { dataset } = await run(example, {
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
