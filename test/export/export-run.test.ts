/** A trained run in the formats of other tools, read back by readers that are not ours where there are some. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Run } from "../../src/api/index.ts";
import {
  datasetFromArrays,
  exportRun,
  loadDataset,
  predict,
  train,
  writeDataset,
} from "../../src/api/index.ts";
import { at } from "../../src/base/invariant.ts";
import type { StoredArray } from "../../src/data/readers/array.ts";
import { allNumbers } from "../../src/data/readers/array.ts";
import { FileBytes } from "../../src/data/readers/bytes.ts";
import { parseNpy } from "../../src/data/readers/npy.ts";
import { zipMembers } from "../../src/data/readers/zip.ts";
import { readSafetensors } from "../../src/data/safetensors.ts";
import { runCli } from "../support/cli.ts";
import { runOnnx } from "../support/onnx.ts";

const SPEC = `
import std.loss (mse)
import std.nn (Mlp)
import std.sequence (LstmEncoder)

model Small {
  input voice : f32[B, T~, D]
  label y : f32[B]
  code = LstmEncoder(4)(voice)
  y_hat = at(Mlp(4, 1)(code), axis = 1, index = 0)
  loss task = mse(y_hat, y)
  output y_hat predicts y
  output code
}

train Small {
  batch 4
  phase model {
    minimize task
    updates all
    with Adam(lr = 1e-2)
  }
  epochs 2
}
`;
const TEST_ROWS = 5;

const folder = mkdtempSync(join(tmpdir(), "mird-export-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);

/** The arrays of an `.npz` by name. */
function openArrays(path: string): Map<string, StoredArray> {
  return new Map(
    zipMembers(path, new FileBytes(path)).map((member) => [
      member.name.replace(/\.npy$/, ""),
      parseNpy(member.open(), { file: path }).array,
    ]),
  );
}

let run: Run;

beforeAll(async () => {
  const rows = (count: number, shift: number) => {
    const voice = Array.from({ length: count }, (_, row) =>
      Array.from({ length: 1 + ((row + shift) % 4) }, (_, step) => [Math.sin(row + shift), Math.cos(step)]),
    );
    return { voice, y: voice.map((steps) => steps.length), id: voice.map((_, row) => `row,${row}`) };
  };
  const data = datasetFromArrays({
    fields: { voice: { kind: "sequence", width: 2, maxLength: 4 }, y: { kind: "score" } },
    label: "y",
    splits: { train: rows(12, 0), valid: rows(4, 1), test: rows(TEST_ROWS, 2) },
  });
  writeDataset(data, file("data"));
  run = await train({
    spec: { text: SPEC },
    data: file("data"),
    device: "cpu",
    threads: 1,
    out: file("run"),
  });
});

describe("mird export", () => {
  it("--to onnx: the model gives in onnxruntime what `predict` gives", async () => {
    const { file: path, contents } = await exportRun(run, {
      to: "onnx",
      out: file("m.onnx"),
      batch: TEST_ROWS,
    });
    expect(contents).toEqual([
      "input voice f32[5, 4, 2]",
      "input voice.length i32[5]",
      "output y_hat f32[5]",
      "output code f32[5, 4]",
    ]);
    const test = (await predict(run, { splits: ["test"], device: "cpu" })).get("test");
    const field = loadDataset(file("data")).splits.test?.fields.get("voice");
    const found = await runOnnx(readFileSync(path), {
      voice: { type: "float32", shape: [TEST_ROWS, 4, 2], data: Float32Array.from(field?.data ?? []) },
      "voice.length": { type: "int32", shape: [TEST_ROWS], data: field?.lengths ?? new Int32Array() },
    });
    for (const name of ["y_hat", "code"]) {
      const expected = test?.outputs.get(name)?.values ?? new Float32Array();
      const values = found.get(name) ?? new Float32Array();
      expect(values).toHaveLength(expected.length);
      for (const [i, value] of expected.entries()) expect(at(values, i)).toBeCloseTo(value, 5);
    }
  });

  it("--to safetensors: parameters, with what they belong to", async () => {
    await exportRun(run, { to: "safetensors", out: file("m.safetensors") });
    const { tensors, metadata } = readSafetensors(file("m.safetensors"));
    expect(tensors).toEqual(run.parameters());
    expect(metadata["mird.model"]).toBe("Small");
    expect(metadata["mird.dataset"]).toBe(run.info.dataset.fingerprint);
    expect(metadata["mird.spec"]).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.parse(metadata["mird.sizes"] ?? "")).toMatchObject({ T: 4, D: 2 });
    const [voice] = JSON.parse(metadata["mird.inputs"] ?? "");
    expect(voice).toMatchObject({ name: "voice", kind: "sequence", width: 2, scaling: null });
  });

  it("--to npz: every parameter as an array", async () => {
    await exportRun(run, { to: "npz", out: file("m.npz") });
    const arrays = openArrays(file("m.npz"));
    for (const [name, { shape, data }] of run.parameters()) {
      const array = arrays.get(name);
      expect(array?.shape, name).toEqual(shape);
      expect(array === undefined ? [] : Array.from(allNumbers(array)), name).toEqual(
        Array.from(data, Number),
      );
    }
  });

  it("says what it wrote, and that it could not describe the inputs when the data are gone", async () => {
    const done = await runCli("export", file("run"), "--to", "npz", "--data", file("nowhere"));
    expect(done.code).toBe(0);
    expect(done.out).toContain(`Written to ${file("run")}/model.npz`);
    expect(done.err).toContain("does not say how its inputs were scaled");
  });

  it("refuses a folder that is no run", async () => {
    const { code, err } = await runCli("export", folder, "--to", "onnx");
    expect(code).toBe(1);
    expect(err).toContain("run.json");
  });
});

describe("mird predict", () => {
  it("writes Parquet with typed columns", async () => {
    const { code } = await runCli("predict", file("run"), "-o", file("p.parquet"), "--device", "cpu");
    expect(code).toBe(0);
    const bytes = Uint8Array.from(readFileSync(file("p.parquet")));
    const rows = await parquetReadObjects({ file: bytes.buffer });
    expect(rows).toHaveLength(12 + 4 + TEST_ROWS);
    expect(Object.keys(rows[0] ?? {})).toEqual([
      "split",
      "row",
      "id",
      "label",
      "y_hat",
      "code.0",
      "code.1",
      "code.2",
      "code.3",
    ]);
    expect(rows.at(-1)).toMatchObject({ split: "test", row: TEST_ROWS - 1, id: "row,4", label: 3 });
  });

  it("writes NumPy arrays by split and output", async () => {
    await runCli("predict", file("run"), "-o", file("p.npz"), "--split", "test", "--device", "cpu");
    expect(openArrays(file("p.npz")).get("test.code")?.shape).toEqual([TEST_ROWS, 4]);
  });

  it("refuses another ending", async () => {
    const { code, err } = await runCli("predict", file("run"), "-o", file("p.xlsx"));
    expect(code).toBe(2);
    expect(err).toContain("--out must end with .csv, .parquet, .npz, .safetensors");
  });
});
