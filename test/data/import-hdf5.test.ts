import { readFileSync } from "node:fs";
import { join } from "node:path";
import h5wasm from "h5wasm/node";
import { beforeAll, describe, expect, it } from "vitest";
import { loadDataset } from "../../src/data/dataset.ts";
import { parseManifest } from "../../src/data/import/manifest.ts";
import { readHdf5 } from "../../src/data/readers/hdf5.ts";
import type { Dataset } from "../../src/data/schema.ts";
import { importAndLoad, problemsOf, put, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
let count = 0;

type Arrays = Record<string, { data: number[]; shape: number[]; type?: "<d" | "<f" | "<i" }>;

/** Writes datasets (paths may hold one group) into an HDF5 file below the test folder. */
function writeHdf5(name: string, arrays: Arrays): string {
  const path = put(folder, name, "");
  const file = new h5wasm.File(path, "w");
  for (const [key, { data, shape, type = "<d" }] of Object.entries(arrays)) {
    const [group, leaf] = key.includes("/") ? key.split("/") : [null, key];
    const parent = group ? (file.keys().includes(group) ? file.get(group) : file.create_group(group)) : file;
    if (!(parent instanceof h5wasm.Group)) throw new Error(`${key} is not in a group`);
    const values =
      type === "<i"
        ? Int32Array.from(data)
        : type === "<f"
          ? Float32Array.from(data)
          : Float64Array.from(data);
    parent.create_dataset({ name: leaf ?? "", data: values, shape });
  }
  file.close();
  return path;
}

/** Six steps of two numbers, zero where the pattern has a dot. */
const steps = (pattern: string) =>
  [...pattern].flatMap((mark, step) => (mark === "." ? [0, 0] : [step + 1, 10]));

async function run(fields: object, extra: object = {}): Promise<Dataset> {
  const sources = {
    audio: { file: "audio_{split}.h5" },
    labels: { file: "all.h5" },
    text: { files: { test: "text_test.h5" } },
  };
  const manifest = parseManifest("import.json", {
    name: "h",
    sources,
    splits: ["train", "test"],
    fields,
    label: "y",
    ...extra,
  });
  return importAndLoad({ manifest, from: folder, out: join(folder, `out-${count++}`) });
}

const y = { kind: "score", from: "labels", dataset: "{split}/y" };

beforeAll(async () => {
  await h5wasm.ready;
  const rows = ["xx.x..", "...xxx", "......", ".x.x.x"];
  writeHdf5("audio_train.h5", { d1: { data: rows.flatMap(steps), shape: [4, 6, 2] } });
  writeHdf5("audio_test.h5", {
    d1: { data: [...steps("xxxxxx"), ...steps("xxxxx.")], shape: [2, 6, 2], type: "<f" },
  });
  writeHdf5("text_test.h5", { words: { data: [0, 0, 4, 7, 2, 0], shape: [2, 3], type: "<i" } });
  writeHdf5("all.h5", {
    "train/y": { data: [1, Number.NaN, -1, 2], shape: [4] },
    "test/y": { data: [3, 0], shape: [2, 1] },
    "test/wide": { data: [1, 2, 3], shape: [3] },
  });
});

describe("import from HDF5", () => {
  it("finds lengths from all-zero steps on either side and keeps those between others", async () => {
    const dataset = await run({ audio: { kind: "sequence", from: "audio", scale: "none" }, y });
    const audio = dataset.splits.train?.fields.get("audio");
    expect(audio?.lengths).toEqual(Int32Array.of(4, 3, 0, 5));
    expect(audio?.present).toEqual(Uint8Array.of(1, 1, 0, 1));
    expect(audio?.data.subarray(0, 12)).toEqual(Float32Array.of(1, 10, 2, 10, 0, 0, 4, 10, 0, 0, 0, 0));
    expect(audio?.data.subarray(12, 24)).toEqual(Float32Array.of(4, 10, 5, 10, 6, 10, 0, 0, 0, 0, 0, 0));
    const notes = Object.fromEntries(
      dataset.cleaned.filter((note) => note.split === "train").map((note) => [note.what, note.count]),
    );
    expect(notes).toMatchObject({
      "rows padded in front, moved to the start": 2,
      "rows padded behind": 1,
      "rows with zeros only, taken as absent": 1,
    });
    expect(loadDataset(join(folder, `out-${count - 1}`))).toEqual(dataset);
  });

  it("keeps every step with padding none", async () => {
    const dataset = await run({ audio: { kind: "sequence", from: "audio", padding: "none" }, y });
    expect(dataset.splits.train?.fields.get("audio")?.lengths).toEqual(Int32Array.of(6, 6, 6, 6));
    expect(dataset.scaling.audio?.fittedOn).toBe(24);
  });

  it("leaves a field absent in a split that has no file for it, and a label absent where it is NaN", async () => {
    const dataset = await run({ text: { kind: "tokens", from: "text" }, y });
    expect(dataset.fields[0]).toMatchObject({ vocabularySize: 8, maxLength: 2 });
    expect(dataset.splits.train?.fields.get("text")?.present).toEqual(new Uint8Array(4));
    expect(dataset.splits.test?.fields.get("text")).toMatchObject({
      data: Int32Array.of(4, 0, 7, 2),
      lengths: Int32Array.of(1, 2),
    });
    expect(dataset.splits.train?.fields.get("y")?.present).toEqual(Uint8Array.of(1, 0, 1, 1));
  });
});

describe("HDF5 that is refused", () => {
  const cases: [name: string, fields: object, expected: RegExp][] = [
    [
      "a missing dataset",
      { y: { ...y, dataset: "{split}/label" } },
      /data-missing-dataset.*all\.h5 \| dataset "train\/label".*no such dataset.*`train\/y`/,
    ],
    [
      "several datasets and none chosen",
      {
        y: { kind: "score", from: "audio" },
        z: { kind: "score", from: "labels", dataset: "{split}/y" },
        w: { kind: "class", from: "several" },
      },
      /holds several datasets: .*`test\/wide`.*Choose one with `"dataset"`/,
    ],
    [
      "the wrong number of axes",
      { y: { kind: "score", from: "audio" } },
      /data-shape.*field "y".*score needs \[rows\] numbers; the dataset has \[4, 6, 2\]/,
    ],
    [
      "different numbers of rows",
      { audio: { kind: "sequence", from: "audio" }, y: { ...y, dataset: "test/wide", from: "short" } },
      /data-shape.*field "y".*has 3 rows; field `audio`.*has 4 in split `train`/,
    ],
    [
      "ids outside the vocabulary",
      { text: { kind: "tokens", from: "text", vocabularySize: 5 }, y },
      /text_test\.h5 \| dataset "words" \| row 1 \| field "text" \| step 0.*from 0 to 4 was expected; found 7/,
    ],
    [
      "scaling without training values",
      { text: { kind: "vector", from: "text" }, y },
      /data-split.*field "text".*no values.*"scale": "none"/,
    ],
  ];
  it.each(cases)("%s", async (_, fields, expected) => {
    const sources = {
      audio: { file: "audio_{split}.h5" },
      labels: { file: "all.h5" },
      short: { files: { train: "all.h5" } },
      several: { files: { train: "all.h5" } },
      text: { files: { test: "text_test.h5" } },
    };
    expect((await problemsOf(() => run(fields, { sources }))).join("\n")).toMatch(expected);
  });

  const files: [name: string, make: () => string, expected: RegExp][] = [
    [
      "no HDF5 file",
      () => put(folder, "fake.h5", "x".repeat(3000)),
      /data-format.*fake\.h5.*not an HDF5 file/,
    ],
    ["an empty file", () => put(folder, "empty.h5", ""), /data-empty.*empty\.h5/],
    ["no file", () => join(folder, "nowhere.h5"), /data-unreadable.*nowhere\.h5.*no such file/],
    ["a folder", () => folder, /data-unreadable.*not a file/],
    [
      "a file cut short",
      () => put(folder, "cut.h5", readFileSync(join(folder, "audio_train.h5")).subarray(0, 300)),
      /data-format.*cut\.h5.*cannot read the file: \w+/,
    ],
    [
      "text instead of numbers",
      () => {
        const path = put(folder, "text.h5", "");
        const file = new h5wasm.File(path, "w");
        file.create_dataset({ name: "d", data: ["a", "b"] });
        file.close();
        return path;
      },
      /data-format.*dataset "d".*must hold numbers/,
    ],
  ];
  it.each(files)("%s", async (_, make, expected) => {
    expect((await problemsOf(() => readHdf5(make(), null))).join("\n")).toMatch(expected);
  });
});
