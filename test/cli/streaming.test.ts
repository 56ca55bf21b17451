/** Training from shards: rows that come batch by batch give the same bits as a dataset that lies on the device. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatasetFor } from "../../src/api/dataset.ts";
import { fingerprint, loadDataset, writeDataset } from "../../src/data/dataset.ts";
import { datasetFromArrays } from "../../src/data/from-arrays.ts";
import { readSafetensors, writeSafetensors } from "../../src/data/safetensors.ts";
import { rowSize } from "../../src/data/schema.ts";
import { openStreamed } from "../../src/data/streamed.ts";
import { synthesize } from "../../src/data/synthetic.ts";
import { wasmBackend } from "../../src/runtime/wasm/execute.ts";
import { problemsOf } from "../data/support.ts";
import { runCli } from "../support/cli.ts";

const SPEC = "examples/quickstart/quickstart.mird";
let folder: string;
let data: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mird-stream-"));
  data = join(folder, "data");
  writeDataset(synthesize({ train: 50, unlabelled: 40, valid: 9, test: 8 }, "test"), data, { shardRows: 7 });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("an opened dataset whose values stay in the shards", () => {
  it("says the same as a loaded one", async () => {
    const [loaded, streamed] = [loadDataset(data), openStreamed(data)];
    expect(fingerprint(streamed)).toBe(fingerprint(loaded));
    expect(Object.keys(streamed.splits)).toEqual(Object.keys(loaded.splits));
    for (const [name, split] of Object.entries(loaded.splits)) {
      expect(streamed.splits[name]?.ids).toEqual(split.ids);
      for (const [field, values] of split.fields) {
        const other = streamed.splits[name]?.fields.get(field);
        expect(other?.present).toEqual(values.present);
        expect(other?.lengths).toEqual(values.lengths);
        const { stored } = other ?? {};
        if (stored === undefined) {
          expect(other?.data).toEqual(values.data);
          continue;
        }
        expect(other?.data.length).toBe(0);
        const size = rowSize(values.spec);
        for (let row = 0; row < split.rows; row++)
          expect(await stored.read(row)).toEqual(values.data.slice(row * size, (row + 1) * size));
      }
    }
  });

  it("refuses the same values", async () => {
    const broken = join(folder, "broken");
    writeDataset(loadDataset(data), broken, { shardRows: 7 });
    const path = join(broken, "train-0001.safetensors");
    const { tensors } = readSafetensors(path);
    const audio = tensors.get("audio");
    if (audio === undefined) throw new Error("there is no audio");
    const values = Float32Array.from(audio.data, Number).fill(Number.NaN, 0, 1);
    writeSafetensors(path, tensors.set("audio", { ...audio, data: values }));
    const expected = await problemsOf(() => loadDataset(broken));
    expect(expected[0]).toContain("train-0001.safetensors");
    expect(await problemsOf(() => openStreamed(broken))).toEqual(expected);
  });

  it("is used where the dataset would take more than half of the device, or where it is asked for", () => {
    const { limits } = wasmBackend();
    const small = { ...limits, total: { bytes: 10_000, what: "this test has" } };
    expect(openDatasetFor(data, limits, false, []).stream).toBe(false);
    expect(openDatasetFor(data, small, false, []).stream).toBe(true);
    expect(openDatasetFor(data, limits, true, []).stream).toBe(true);
  });
});

// The dataset names no label, so that only the spec says that values of this field are compared as a whole.
describe("a label that only the model calls so", () => {
  const TAGS = `
import std.loss (binary_cross_entropy)
import std.nn (Linear)

model Tags {
  input x : f32[B, D]
  label tags : f32[B, K]
  scores = Linear(K)(x)
  chances = sigmoid(scores)
  loss task = binary_cross_entropy(scores, tags)
  output chances predicts tags
}

train Tags {
  batch 4
  phase model {
    minimize task
    updates all
    with Adam(lr = 0.05)
  }
  epochs 2
  report f1_micro
}
`;
  const train = async (name: string, yes: number, ...more: string[]) => {
    const rows = (count: number) => ({
      x: Array.from({ length: count }, (_, row) => [Math.sin(row), Math.cos(row)]),
      tags: Array.from({ length: count }, (_, row) => [row % 2, row % 3 === 0 ? yes : 0]),
    });
    const fields = { x: { kind: "vector", width: 2 }, tags: { kind: "vector", width: 2 } } as const;
    const given = datasetFromArrays({ fields, splits: { train: rows(20), valid: rows(7), test: rows(6) } });
    const [spec, dataset, out] = ["tags.mird", `${name}-data`, name].map((file) => join(folder, file));
    writeFileSync(String(spec), TAGS);
    writeDataset(given, String(dataset), { shardRows: 5 });
    const args = ["train", String(spec), "--data", String(dataset), "--device", "cpu", "--out", String(out)];
    return { result: await runCli(...args, ...more), out: String(out) };
  };

  it("is compared with predictions as that of a loaded dataset is", async () => {
    const whole = await train("tags-whole", 1);
    const streamed = await train("tags-streamed", 1, "--stream");
    expect(whole.result).toMatchObject({ code: 0 });
    expect(streamed.result).toMatchObject({ code: 0 });
    for (const file of ["metrics.json", "predictions.csv"])
      expect(readFileSync(join(streamed.out, file), "utf8"), file).toBe(
        readFileSync(join(whole.out, file), "utf8"),
      );
  });

  it("must be yes or no, also where values come batch by batch", async () => {
    const { result } = await train("tags-wrong", 2, "--stream");
    expect(result.code).toBe(1);
    expect(result.err).toContain("error[label-values]");
  });
});

// The software driver of WebGPU is slow, so that a small model runs there. The interpreter rounds only what kernels store, so that it tells other kernels by other bits.
describe.each([
  ["cpu", SPEC],
  ["webgpu", "test/cli/fixtures/tiny.mird"],
  ["reference", "test/cli/fixtures/views.mird"],
])("training on %s", (device, spec) => {
  it("gives the same bits", async () => {
    const train = async (name: string, ...more: string[]) => {
      const out = join(folder, `${device}-${name}`);
      const args = ["--data", data, "--device", device, "--epochs", "2", "--set", "d=4", "--out", out];
      const result = await runCli("train", spec, ...args, ...more);
      expect(result).toMatchObject({ code: 0 });
      return { out, text: result.out };
    };
    const whole = await train("whole");
    const streamed = await train("streamed", "--stream");
    expect(whole.text).not.toContain("batch by batch");
    expect(streamed.text).toContain("Rows are brought to the device batch by batch.");
    for (const file of ["checkpoints/last.safetensors", "checkpoints/best.safetensors", "predictions.csv"])
      expect(readFileSync(join(streamed.out, file)).equals(readFileSync(join(whole.out, file))), file).toBe(
        true,
      );
  }, 240_000);
});
