/** Every file of `formats/expected.json`, read without Python, against what Python found in it. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { OpenedSource } from "../../src/data/layout/columns.ts";
import { openSource } from "../../src/data/layout/open.ts";
import { readSequence } from "../../src/data/layout/sequences.ts";
import type { StoredArray } from "../../src/data/readers/array.ts";
import { numberArray } from "../../src/data/readers/array.ts";
import { FileBytes } from "../../src/data/readers/bytes.ts";
import { parseNpy } from "../../src/data/readers/npy.ts";
import { readPickle } from "../../src/data/readers/pickle.ts";
import { listArray } from "../../src/data/readers/pickle-calls.ts";
import type { PyValue } from "../../src/data/readers/pickle-values.ts";
import { isThere } from "../support/outside.ts";
import { type Expected, formats, observed, readExpected } from "./formats-support.ts";

const have = isThere("reading of the formats that users have", formats);
const expected = have ? readExpected() : {};
const OPTIONS = { format: "auto", align: null, delimiter: null } as const;

/** Compares one array; sums may differ in the last digits, since Python adds in pairs. */
function check(array: StoredArray | undefined, wanted: Expected): void {
  if (array === undefined) throw new Error("the array is missing");
  const { sum, ...rest } = observed(array, wanted);
  const { sum: wantedSum, ...known } = wanted;
  expect({ ...rest, container: undefined }).toEqual({ ...known, container: undefined });
  if (wantedSum !== undefined)
    expect(Math.abs((sum ?? 0) - wantedSum)).toBeLessThan(1e-6 * (1 + Math.abs(wantedSum)));
}

function isExpected(value: unknown): value is Expected {
  return typeof value === "object" && value !== null && "kind" in value && "shape" in value;
}

/** Arrays of a source by `split.key`. */
function arraysOf(source: OpenedSource): Map<string, StoredArray> {
  const arrays = new Map<string, StoredArray>();
  for (const { split, columns } of source.parts)
    for (const [key, column] of columns)
      if (column.kind === "array") arrays.set(split === null ? key : `${split}.${key}`, column.array);
  return arrays;
}

/** Values of a pickle that is no dictionary, by their position: arrays, numbers, lists of numbers, nested tuples. */
function positions(value: PyValue, path: string, found: Map<string, StoredArray>): void {
  const place = { file: path };
  if (typeof value === "number") found.set(path, numberArray(Float64Array.of(value), [], "<i8", place));
  if (typeof value !== "object" || value === null) return;
  if (value.kind === "array" && value.array !== null) found.set(path, value.array);
  if (value.kind !== "list" && value.kind !== "tuple") return;
  const list = value.kind === "list" ? listArray(value.items, place) : null;
  if (list !== null) found.set(path, list);
  else for (const [index, item] of value.items.entries()) positions(item, `${path}[${index}]`, found);
}

const TUPLE = [
  "train_data",
  "train_label",
  "test_data",
  "test_label",
  "maxlen",
  "train_length",
  "test_length",
];

describe.skipIf(!have)("expected.json", () => {
  const files = Object.entries(expected);

  it("has files of every kind", () => {
    expect(files.length).toBe(54);
  });

  it.each(files.filter(([file]) => /^(mmsa|mird\/|npz\/)/.test(file)))("%s", async (file, arrays) => {
    const found = arraysOf(await openSource(join(formats, file), OPTIONS));
    const wanted = Object.entries(Object(arrays));
    expect([...found.keys()].sort()).toEqual(wanted.map(([key]) => key).sort());
    for (const [key, item] of wanted) if (isExpected(item)) check(found.get(key), item);
  });

  it.each(files.filter(([file]) => file.startsWith("npy/")))("%s", (file, wanted) => {
    const path = join(formats, file);
    const { array, trailing } = parseNpy(new FileBytes(path), { file: path });
    expect(trailing).toBe(0);
    if (!isExpected(wanted)) throw new Error("expected.json describes no array");
    expect(array.type).toBe(wanted.dtype);
    check(array, wanted);
  });

  it.each(files.filter(([file]) => file.startsWith("hdf5_variants/")))("%s", async (file, wanted) => {
    const found = arraysOf(await openSource(join(formats, file), OPTIONS));
    if (isExpected(wanted)) check(found.get("d1"), wanted);
    else
      for (const [key, item] of Object.entries(Object(wanted)))
        if (isExpected(item)) check(found.get(key.replace("/", ".")), item);
  });

  it.each(files.filter(([file]) => file.startsWith("csd/")))("%s", async (file, wanted) => {
    const sequence = await readSequence(join(formats, file), []);
    const { root, keys, entries } = Object(wanted);
    expect(sequence.name).toBe(root);
    expect([...sequence.entries.keys()]).toEqual(keys);
    for (const [key, item] of Object.entries(entries)) {
      if (!isExpected(item)) continue;
      const entry = sequence.entries.get(key.replace(/\.(features|intervals)$/, ""));
      if (entry === undefined) throw new Error(`${key} is missing`);
      const times = () => numberArray(entry.times, [entry.times.length / 2, 2], "<f8", { file });
      check(key.endsWith(".features") ? entry.features : times(), item);
    }
  });

  it.each(files.filter(([file]) => file.startsWith("real_pickles/")))("%s", (file, wanted) => {
    const found = new Map<string, StoredArray>();
    positions(readPickle(join(formats, file)).value, "", found);
    for (const [key, item] of Object.entries(Object(wanted)))
      if (isExpected(item)) check(found.get(key.startsWith("[") ? key : `[${TUPLE.indexOf(key)}]`), item);
  });

  it.each(["manifest.csv", "manifest.jsonl"])("manifest/%s", async (name) => {
    const source = await openSource(join(formats, "manifest", name), OPTIONS);
    const { rows, per_split, arrays } = Object(expected.manifest);
    const counts = source.parts.map(({ split, columns }) => [split, columnCount(columns.get("id"))]);
    expect(Object.fromEntries(counts)).toEqual(per_split);
    expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(rows);
    for (const { columns } of source.parts) {
      const ids = columns.get("id");
      const texts = ids?.kind === "array" ? ids.array.texts(0, ids.array.shape[0] ?? 0) : [];
      texts.forEach((id, row) => {
        for (const [key, item] of Object.entries(arrays[id])) {
          const column = columns.get(key);
          if (isExpected(item))
            check(column?.kind === "rows" ? (column.rows[row] ?? undefined) : undefined, item);
        }
      });
    }
  });

  it("the other manifests hold the same numbers, to their digits", async () => {
    const exact = await openSource(join(formats, "manifest/manifest.jsonl"), OPTIONS);
    const inline = await openSource(join(formats, "manifest/inline.jsonl"), OPTIONS);
    const long = await openSource(join(formats, "manifest/audio_long.csv"), OPTIONS);
    const rowOf = (source: OpenedSource, key: string, id: string): Float64Array => {
      for (const { columns } of source.parts) {
        const [ids, column] = [columns.get("id"), columns.get(key)];
        const row = ids?.kind === "array" ? ids.array.texts(0, ids.array.shape[0] ?? 0).indexOf(id) : -1;
        const array = row >= 0 && column?.kind === "rows" ? column.rows[row] : null;
        if (array)
          return array.numbers(
            0,
            array.shape.reduce((product, extent) => product * extent, 1),
          );
      }
      throw new Error(`${key} has no row ${id}`);
    };
    const wide = rowOf(exact, "audio", "03bSnISJMiM_11");
    const narrow = wide.filter((_, index) => index % 73 < 12);
    for (const found of [rowOf(inline, "audio", "03bSnISJMiM_11"), rowOf(long, "f", "03bSnISJMiM_11")]) {
      expect(found.length).toBe(narrow.length);
      const furthest = found.reduce(
        (most, value, index) => Math.max(most, Math.abs(value - (narrow[index] ?? 0))),
        0,
      );
      expect(furthest).toBeLessThan(1e-4);
    }
  });
});

function columnCount(column: { kind: string; array?: StoredArray } | undefined): number {
  return column?.array?.shape[0] ?? 0;
}
