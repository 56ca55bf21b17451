import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DiskCache } from "../../src/driver/disk-cache.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mird-cache-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const opened = (given: { writer?: string; mostBytes?: number; within?: string } = {}) => {
  const { writer = "one", mostBytes = 1e6, within = "entries" } = given;
  return new DiskCache({ folder: join(folder, within), writer, mostBytes });
};
const entries = () => readdirSync(join(folder, "entries"));
const numbers = { list: [1, -0, Number.NaN], names: new Map([["a", Uint8Array.of(1, 2)]]) };

it("gives a later process what an earlier one has made", () => {
  expect(opened().remember("numbers", "key", () => numbers)).toBe(numbers);
  const again = vi.fn(() => numbers);
  expect(opened().remember("numbers", "key", again)).toEqual(numbers);
  expect(again).not.toHaveBeenCalled();
});

it("keeps keys, kinds and writers apart", () => {
  opened().remember("numbers", "key", () => "first");
  expect(opened().remember("numbers", "other", () => "second")).toBe("second");
  expect(opened().remember("words", "key", () => "third")).toBe("third");
  expect(opened({ writer: "two" }).remember("numbers", "key", () => "fourth")).toBe("fourth");
  expect(entries()).toHaveLength(4);
});

it.each([
  ["cut short", (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
  ["changed", (bytes: Buffer) => Buffer.from(bytes.map((byte, index) => (index === 40 ? byte ^ 1 : byte)))],
  ["empty", () => Buffer.alloc(0)],
])("makes an entry again that is %s", (_, damage) => {
  opened().remember("numbers", "key", () => numbers);
  const file = join(folder, "entries", entries()[0] ?? "");
  writeFileSync(file, damage(readFileSync(file)));
  const again = vi.fn(() => numbers);
  expect(opened().remember("numbers", "key", again)).toEqual(numbers);
  expect(again).toHaveBeenCalledOnce();
  expect(opened().remember("numbers", "key", again)).toEqual(numbers);
  expect(again).toHaveBeenCalledOnce();
});

it("removes what was not used for longest when there is too much", () => {
  const text = "x".repeat(1000);
  const cache = opened({ mostBytes: 2500 });
  for (const [age, key] of ["a", "b"].entries()) {
    cache.remember(key, key, () => text);
    const name = entries().find((each) => each.startsWith(`${key}-`)) ?? "";
    utimesSync(join(folder, "entries", name), 1000 + age, 1000 + age);
  }
  cache.remember("a", "a", () => "is still there");
  cache.remember("c", "c", () => text);
  expect(
    entries()
      .map((name) => name[0])
      .sort(),
  ).toEqual(["a", "c"]);
});

it("does without a folder that cannot be written", () => {
  writeFileSync(join(folder, "file"), "");
  expect(opened({ within: "file/entries" }).remember("numbers", "key", () => numbers)).toBe(numbers);
});

it("does not keep what is no data", () => {
  const value = { run: () => 1 };
  mkdirSync(join(folder, "entries"));
  expect(opened().remember("functions", "key", () => value)).toBe(value);
  expect(entries()).toEqual([]);
});
