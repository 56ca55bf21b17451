import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf } from "../../src/data/files.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../../src/data/safetensors.ts";
import { npz } from "../../src/export/npz.ts";
import { problemsOf, put, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();

/** A file with this header text and these value bytes, as a hostile writer could make it. */
function craft(name: string, header: string, data: Uint8Array = new Uint8Array(0), claim?: bigint): string {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, claim ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return put(folder, name, bytes);
}

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

describe("safetensors round trip", () => {
  const tensors = new Map<string, Tensor>([
    ["bytes", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 255) }],
    ["flags", { dtype: "BOOL", shape: [2], data: Uint8Array.of(0, 1) }],
    ["z.weight", { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, -0, Number.NaN, 1e-42) }],
    ["double", { dtype: "F64", shape: [1], data: Float64Array.of(Math.PI) }],
    ["10", { dtype: "I32", shape: [2, 1], data: Int32Array.of(-1, 2 ** 31 - 1) }],
    ["long", { dtype: "I64", shape: [1], data: BigInt64Array.of(-(2n ** 62n)) }],
    ["scalar", { dtype: "F32", shape: [], data: Float32Array.of(7) }],
    ["empty", { dtype: "F32", shape: [0, 4], data: new Float32Array(0) }],
    ['näme"\\{', { dtype: "F32", shape: [1], data: Float32Array.of(2) }],
  ]);

  it("gives back every tensor bit for bit, and the metadata", () => {
    const path = join(folder, "all.safetensors");
    writeSafetensors(path, tensors, { spec: "abc", ключ: "значение" });
    const read = readSafetensors(path);
    expect(read.metadata).toEqual({ spec: "abc", ключ: "значение" });
    expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
    for (const [name, { dtype, shape, data }] of tensors) {
      const found = read.tensors.get(name);
      expect(found).toMatchObject({ dtype, shape });
      expect(found === undefined ? null : bytesOf(found.data)).toEqual(bytesOf(data));
    }
  });

  it("lays the file out as the format says: aligned header, aligned tensors, no gap, no temporary file left", () => {
    const path = join(folder, "layout.safetensors");
    writeSafetensors(path, tensors, {});
    const bytes = readFileSync(path);
    const length = Number(bytes.readBigUInt64LE(0));
    expect(length % 8).toBe(0);
    const header: Record<string, { dtype: string; data_offsets: [number, number] }> = JSON.parse(
      bytes.subarray(8, 8 + length).toString("utf8"),
    );
    const offsets = Object.values(header).map((entry) => entry.data_offsets);
    expect(Math.max(...offsets.map(([, end]) => end))).toBe(bytes.length - 8 - length);
    for (const { dtype, data_offsets } of Object.values(header)) {
      expect(data_offsets[0] % ({ F64: 8, I64: 8, F32: 4, I32: 4 }[dtype] ?? 1)).toBe(0);
    }
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("reads tensors that another writer did not align", () => {
    const data = new Uint8Array(9);
    new DataView(data.buffer).setFloat32(1, 2.5, true);
    new DataView(data.buffer).setFloat32(5, -1, true);
    const header = { a: { dtype: "U8", shape: [1], data_offsets: [0, 1] }, b: f32(1, 9) };
    const { tensors: read } = readSafetensors(craft("odd.safetensors", JSON.stringify(header), data));
    expect(read.get("b")?.data).toEqual(Float32Array.of(2.5, -1));
  });
});

describe("safetensors files that are refused", () => {
  const bytes = new Uint8Array(16);
  const cases: [name: string, path: () => string, expected: RegExp][] = [
    ["missing", () => join(folder, "nowhere.safetensors"), /data-unreadable.*nowhere.*no such file/],
    ["a folder", () => folder, /data-unreadable.*not a file|it is a folder/],
    ["shorter than a length", () => put(folder, "short", Uint8Array.of(1, 2)), /this file has 2/],
    ["truncated header", () => craft("cut", "{}", bytes, 500n), /claims 500 bytes, but only 18 follow/],
    ["a header of 2^60 bytes", () => craft("huge", "{}", bytes, 2n ** 60n), /at most 100000000 are accepted/],
    [
      "an archive of arrays",
      () =>
        put(
          folder,
          "arrays.npz",
          npz(new Map<string, Tensor>([["a", { dtype: "U8", shape: [1], data: Uint8Array.of(1) }]])),
        ),
      /not a safetensors file but a zip archive/,
    ],
    ["bad JSON", () => craft("json", "{a", bytes), /header is not JSON/],
    ["a header that is a list", () => craft("list", "[]"), /not a JSON object/],
    [
      "not UTF-8",
      () => {
        const path = craft("utf8", '{"é":1}', bytes);
        const raw = readFileSync(path);
        raw[10] = 0xff;
        writeFileSync(path, raw);
        return path;
      },
      /not UTF-8/,
    ],
    [
      "duplicate names",
      () => craft("twice", '{"a":{"dtype":"U8","shape":[16],"data_offsets":[0,16]},"\\u0061" : 3}', bytes),
      /tensor "a".*twice/,
    ],
    [
      "negative offsets",
      () => craft("negative", JSON.stringify({ a: f32(-4, 12, [4]) }), bytes),
      /tensor "a".*not negative/,
    ],
    ["fractions", () => craft("fraction", JSON.stringify({ a: f32(0, 16, [2.5]) }), bytes), /whole numbers/],
    [
      "offsets beyond the end",
      () => craft("beyond", JSON.stringify({ a: f32(0, 4000) }), bytes),
      /tensor "a".*bytes 0 to 4000.*holds 16/,
    ],
    [
      "begin after end",
      () => craft("reverse", JSON.stringify({ a: f32(16, 0, [4]) }), bytes),
      /bytes 16 to 0/,
    ],
    [
      "shape against offsets",
      () => craft("shape", JSON.stringify({ a: f32(0, 16, [5]) }), bytes),
      /needs 20 bytes, but 16/,
    ],
    [
      "sizes that overflow",
      () => craft("flow", JSON.stringify({ a: f32(0, 16, [2 ** 40, 2 ** 40]) }), bytes),
      /but 16 are given/,
    ],
    [
      "overlap",
      () => craft("overlap", JSON.stringify({ a: f32(0, 12), b: f32(8, 16) }), bytes),
      /tensor "b".*overlap those of tensor "a"/,
    ],
    [
      "a gap",
      () => craft("gap", JSON.stringify({ a: f32(0, 4), b: f32(8, 16) }), bytes),
      /Bytes 4 to 8 .* belong to no tensor/,
    ],
    [
      "values left over",
      () => craft("rest", JSON.stringify({ a: f32(0, 8) }), bytes),
      /last 8 bytes belong to no tensor/,
    ],
    [
      "an unknown type",
      () => craft("dtype", JSON.stringify({ a: { ...f32(0, 16), dtype: "Q4" } }), bytes),
      /`Q4`.*F32, F64, F16, BF16, I32, I64, U8, BOOL/,
    ],
    ["metadata that is not text", () => craft("meta", '{"__metadata__":{"a":1}}'), /must map names to texts/],
  ];
  it.each(cases)("%s", async (_, path, expected) => {
    expect((await problemsOf(() => readSafetensors(path()))).join("\n")).toMatch(expected);
  });

  it("names every broken tensor in one run", async () => {
    const path = craft(
      "several",
      JSON.stringify({ a: f32(0, 4000), b: { dtype: "X" }, c: f32(0, 16) }),
      bytes,
    );
    expect(
      (await problemsOf(() => readSafetensors(path))).map((line) => /tensor "(\w)"/.exec(line)?.[1]),
    ).toEqual(["a", "b"]);
  });

  it("never throws anything but a UserError on arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.json(), (tail, json) => {
        const path = craft("fuzz", json, tail);
        try {
          readSafetensors(path);
        } catch (error) {
          expect(error).toHaveProperty("name", "UserError");
        }
      }),
      { numRuns: 100 },
    );
  });
});
