import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { at } from "../../src/base/invariant.ts";
import { fingerprint, loadDataset, writeDataset } from "../../src/data/dataset.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../../src/data/safetensors.ts";
import {
  type Dataset,
  emptyField,
  type FieldSpec,
  rowSize,
  rowsByLabel,
  type Split,
} from "../../src/data/schema.ts";
import { problemsOf, put, temporaryFolder } from "./support.ts";

const SPECS: readonly FieldSpec[] = [
  {
    name: "text",
    kind: "tokens",
    width: 1,
    maxLength: 4,
    vocabularySize: 3,
    vocabulary: ["<pad>", "<unk>", "good"],
  },
  { name: "audio", kind: "sequence", width: 2, maxLength: 3 },
  { name: "pooled", kind: "vector", width: 3, maxLength: 1 },
  { name: "mood", kind: "class", width: 1, maxLength: 1, classes: ["low", "high"] },
  { name: "y", kind: "score", width: 1, maxLength: 1 },
];

/** Row r has length 1 + r % maxLength; every third row has no label and no audio. */
function makeSplit(name: string, rows: number): Split {
  const fields = new Map(SPECS.map((spec) => [spec.name, emptyField(spec, rows)]));
  for (const field of fields.values()) {
    for (let row = 0; row < rows; row++) {
      if (row % 3 === 2 && (field.spec.name === "y" || field.spec.name === "audio")) continue;
      const steps = field.lengths === null ? field.spec.maxLength : 1 + (row % field.spec.maxLength);
      if (field.lengths !== null) field.lengths[row] = steps;
      field.present[row] = 1;
      for (let index = 0; index < steps * field.spec.width; index++) {
        field.data[row * rowSize(field.spec) + index] =
          field.data instanceof Int32Array ? 1 : row + index / 8;
      }
    }
  }
  return { name, rows, ids: Array.from({ length: rows }, (_, row) => `${name}\n${row}`), fields };
}

const dataset: Dataset = {
  name: "small",
  fields: SPECS,
  label: "y",
  splits: { train: makeSplit("train", 7), valid: makeSplit("valid", 2) },
  scaling: { audio: { mean: [0.1, 2], deviation: [1, 1 / 3], constant: [0], clip: null, fittedOn: 9 } },
  provenance: {
    command: "mird data import x",
    sources: [{ file: "a.csv", sha256: "00", bytes: 1 }],
    options: { a: [1] },
  },
  cleaned: [{ field: "audio", split: "train", what: "values clipped", count: 3 }],
};

describe("dataset folders", () => {
  const folder = temporaryFolder();

  it.each([undefined, 1, 3])("give back what was written (%s rows per shard)", (shardRows) => {
    const path = join(folder, `round-${shardRows}`);
    writeDataset(dataset, path, shardRows === undefined ? {} : { shardRows });
    const loaded = loadDataset(path);
    expect(loaded).toEqual(dataset);
    expect(fingerprint(loaded)).toBe(fingerprint(dataset));
    expect(readdirSync(path).length).toBe(shardRows === 1 ? 10 : shardRows === 3 ? 5 : 3);
  });

  it("give views of one buffer per shard, without a copy", () => {
    const path = join(folder, "views");
    writeDataset(dataset, path);
    const { fields } = at(
      [loadDataset(path).splits.train].filter((split) => split !== undefined),
      0,
    );
    expect(new Set([...fields.values()].map((field) => field.data.buffer)).size).toBe(1);
  });

  it("have a fingerprint of the contents, not of folder, shards or provenance", () => {
    const other = { ...dataset, provenance: { command: "", sources: [], options: null } };
    expect(fingerprint(other)).toBe(fingerprint(dataset));
    const changed = makeSplit("valid", 2);
    at([...changed.fields.values()], 2).data[5] = 9;
    expect(fingerprint({ ...dataset, splits: { ...dataset.splits, valid: changed } })).not.toBe(
      fingerprint(dataset),
    );
  });

  it("tell rows with and without a label", () => {
    const { train } = dataset.splits;
    if (train === undefined) throw new Error("train is there");
    expect(rowsByLabel(train, "y")).toEqual({
      labelled: Int32Array.of(0, 1, 3, 4, 6),
      unlabelled: Int32Array.of(2, 5),
    });
    expect(rowsByLabel(train, null).unlabelled.length).toBe(0);
  });

  it("are not overwritten, unless force is given and it is a dataset", async () => {
    const path = join(folder, "there");
    writeDataset(dataset, path);
    expect((await problemsOf(() => writeDataset(dataset, path))).join()).toMatch(
      /data-exists.*holds a dataset.*--force/,
    );
    writeDataset({ ...dataset, name: "second" }, path, { force: true });
    expect(loadDataset(path).name).toBe("second");
    const precious = put(folder, "precious/thesis.txt", "do not delete");
    expect(
      (await problemsOf(() => writeDataset(dataset, join(folder, "precious"), { force: true }))).join(),
    ).toMatch(/no dataset/);
    expect(existsSync(precious)).toBe(true);
    expect((await problemsOf(() => writeDataset(dataset, precious, { force: true }))).join()).toMatch(
      /data-exists/,
    );
  });

  it("leave nothing behind when writing fails", async () => {
    const file = put(folder, "plain", "x");
    expect((await problemsOf(() => writeDataset(dataset, join(file, "below")))).join()).toMatch(
      /cannot be written/,
    );
    expect(readdirSync(folder).filter((name) => name.includes(".tmp"))).toEqual([]);
  });
});

describe("dataset folders with a fault", () => {
  const folder = temporaryFolder();
  let path = "";
  let count = 0;
  beforeEach(() => {
    path = join(folder, `broken-${count++}`);
    writeDataset(dataset, path);
  });

  const edit = (change: (json: Record<string, unknown>) => void) => {
    const file = join(path, "dataset.json");
    const json: Record<string, unknown> = JSON.parse(readFileSync(file, "utf8"));
    change(json);
    writeFileSync(file, JSON.stringify(json));
  };
  const editTrain = (change: (tensors: Map<string, Tensor>) => void) => {
    const file = join(path, "train.safetensors");
    const { tensors } = readSafetensors(file);
    change(tensors);
    writeSafetensors(file, tensors);
  };
  const problems = async () => (await problemsOf(() => loadDataset(path))).join("\n");

  it("no folder, no dataset.json, no shard", async () => {
    expect((await problemsOf(() => loadDataset(join(folder, "nowhere")))).join()).toMatch(
      /no such folder.*mird data import/,
    );
    mkdirSync(join(folder, "bare"), { recursive: true });
    expect((await problemsOf(() => loadDataset(join(folder, "bare")))).join()).toMatch(/no `dataset.json`/);
    edit((json) => {
      json.splits = { train: { rows: 7, shards: [{ file: "gone.safetensors", rows: 7 }] } };
    });
    expect(await problems()).toMatch(/data-unreadable.*gone\.safetensors.*no such file/);
  });

  it("another version", async () => {
    edit((json) => {
      json.version = 99;
    });
    expect(await problems()).toMatch(/data-version.*version 99; this program reads version 1/);
  });

  it("a description with several mistakes, each named", async () => {
    edit((json) => {
      json.fields = [
        { name: "a", kind: "picture", width: 0, maxLength: 1 },
        { name: "b", kind: "tokens", width: 1, maxLength: 2 },
      ];
      json.label = "nobody";
      json.splits = { train: { rows: 2, shards: [{ file: "../x", rows: 1 }] } };
    });
    const text = await problems();
    expect(text).toMatch(/fields\[0\]\.kind .*one of `sequence`.*found "picture"/);
    expect(text).toMatch(/fields\[0\]\.width .*at least 1; found 0/);
    expect(text).toMatch(/fields\[1\] .*need a `vocabularySize`/);
    expect(text).toMatch(/label .*no field `nobody`/);
    expect(text).toMatch(/must lie in the folder itself/);
    expect(text).toMatch(/The shards have 1 rows together, the split has 2/);
  });

  it("broken JSON", async () => {
    writeFileSync(join(path, "dataset.json"), "{");
    expect(await problems()).toMatch(/data-format.*not JSON/);
  });

  it("a tensor that is missing or has another shape or type", async () => {
    editTrain((tensors) => {
      tensors.delete("pooled");
      tensors.set("y", { dtype: "F32", shape: [7, 1], data: new Float32Array(7) });
      tensors.set("mood", { dtype: "F32", shape: [7], data: new Float32Array(7) });
    });
    const text = await problems();
    expect(text).toMatch(/train\.safetensors \| field "pooled".*no tensor `pooled`.*expects F32 \[7, 3\]/);
    expect(text).toMatch(/field "y".*The tensor is F32 \[7, 1\].*expects F32 \[7\]/);
    expect(text).toMatch(/field "mood".*expects I32 \[7\]/);
  });

  const values: [name: string, tensor: string, index: number, value: number, expected: RegExp][] = [
    ["NaN", "audio", 7, Number.NaN, /field "audio" \| row 1 .*step 0, column 1 is NaN/],
    ["infinity", "pooled", 3, Infinity, /field "pooled" \| row 1 .*column 0 is Infinity/],
    [
      "an id outside the vocabulary",
      "text",
      4,
      3,
      /field "text" \| row 1 .*step 0 is 3; it must lie between 0 and 2/,
    ],
    [
      "a class that is not there",
      "mood",
      3,
      -1,
      /field "mood" \| row 3 .*is -1; it must lie between 0 and 1/,
    ],
    ["a length above maxLength", "text.length", 1, 5, /row 1 .*length is 5; it must lie between 0 and 4/],
    ["a length of an absent row", "audio.length", 2, 1, /row 2 .*absent, but its length is 1/],
    ["a present row without steps", "audio.length", 0, 0, /row 0 .*present, but its length is 0/],
    ["values behind the end", "audio", 5, 1, /row 0 .*step 2, column 1 lies behind the row's end/],
    ["presence that is neither 0 nor 1", "y.present", 0, 2, /row 0 .*0 or 1, not 2/],
  ];
  it.each(values)("%s", async (_, name, index, value, expected) => {
    editTrain((tensors) => {
      const data = tensors.get(name)?.data;
      if (data === undefined || data instanceof BigInt64Array) throw new Error("the tensor is there");
      data[index] = value;
    });
    expect(await problems()).toMatch(expected);
  });

  it("many faults of one kind are counted, not listed", async () => {
    editTrain((tensors) => {
      const data = tensors.get("pooled")?.data;
      if (data instanceof Float32Array) data.fill(Number.NaN);
    });
    const lines = (await problems()).split("\n");
    expect(lines.length).toBe(6);
    expect(lines.at(-1)).toMatch(/2 more problems of this kind in this file/);
  });

  it("ids that do not fit", async () => {
    editTrain(
      (tensors) =>
        void tensors.set("row:ids", { dtype: "U8", shape: [2], data: new TextEncoder().encode("[]") }),
    );
    expect(await problems()).toMatch(/ids must be a JSON list of 7 texts/);
  });
});
