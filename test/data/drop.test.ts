/** Modalities taken from rows: how many, which, what stands in their place, and that nothing else changes. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { fingerprint, loadDataset, writeDataset } from "../../src/data/dataset.ts";
import { dropFields } from "../../src/data/drop.ts";
import type { Dataset } from "../../src/data/schema.ts";
import { rowSize } from "../../src/data/schema.ts";
import { openStreamed } from "../../src/data/streamed.ts";
import { synthesize } from "../../src/data/synthetic.ts";
import { temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
const whole = synthesize({ seed: 5 });
const modalities = ["text", "audio", "vision"];
const without = (drops: Readonly<Record<string, number>>, seed = 0, dataset: Dataset = whole) =>
  dropFields({ dataset, drops, modalities, seed });

function fieldOf(dataset: Dataset, split: string, name: string) {
  const field = dataset.splits[split]?.fields.get(name);
  if (field === undefined) throw new Error(`${split} has no ${name}`);
  return field;
}

/** Rows that had a field and have it no more. */
function lost(dataset: Dataset, split: string, name: string): number[] {
  const before = fieldOf(whole, split, name).present;
  return [...fieldOf(dataset, split, name).present].flatMap((flag, row) =>
    flag === 0 && before[row] === 1 ? [row] : [],
  );
}

test("rows lose a field with the given probability, in every split or in one", () => {
  const everywhere = without({ vision: 0.3 });
  for (const split of ["train", "valid", "test"]) {
    const { present } = fieldOf(whole, split, "vision");
    const had = present.filter((flag) => flag === 1).length;
    // Three standard deviations of a share of `had` draws.
    expect(Math.abs(lost(everywhere, split, "vision").length / had - 0.3)).toBeLessThan(
      3 * Math.sqrt((0.3 * 0.7) / had),
    );
    expect(lost(everywhere, split, "audio")).toEqual([]);
  }
  const one = without({ vision: 0.3, "test.vision": 0 });
  expect(lost(one, "test", "vision")).toEqual([]);
  expect(lost(one, "train", "vision")).toEqual(lost(everywhere, "train", "vision"));
});

test("which rows they are follows from the seed, and more of them include the fewer", () => {
  const some = lost(without({ vision: 0.3 }), "train", "vision");
  expect(lost(without({ vision: 0.3 }), "train", "vision")).toEqual(some);
  expect(lost(without({ vision: 0.3 }, 1), "train", "vision")).not.toEqual(some);
  expect(lost(without({ vision: 0.3, audio: 0.3 }), "train", "audio")).not.toEqual(some);
  const more = new Set(lost(without({ vision: 0.6 }), "train", "vision"));
  expect(some.filter((row) => !more.has(row))).toEqual([]);
});

test("a row keeps one of the modalities that it has", () => {
  const bare = without({ text: 1, audio: 1, vision: 1 });
  for (const split of ["train", "test"]) {
    const flags = modalities.map((name) => fieldOf(bare, split, name).present);
    const kept = [...(flags[0] ?? [])].map((_, row) => flags.filter((present) => present[row] === 1).length);
    expect(new Set(kept)).toEqual(new Set([1]));
  }
  expect(lost(without({ vision: 1 }), "test", "vision").length).toBe(
    fieldOf(whole, "test", "vision").present.filter((flag) => flag === 1).length,
  );
});

test("what is lost is zero with length 0; everything else and the fingerprint stay", () => {
  const dropped = without({ audio: 0.5 });
  const [before, after] = [fieldOf(whole, "test", "audio"), fieldOf(dropped, "test", "audio")];
  const size = rowSize(before.spec);
  const gone = new Set(lost(dropped, "test", "audio"));
  for (let row = 0; row < after.present.length; row++) {
    const values = [...after.data.subarray(row * size, (row + 1) * size)];
    const own = [...before.data.subarray(row * size, (row + 1) * size)];
    expect(values).toEqual(gone.has(row) ? own.map(() => 0) : own);
    expect(after.lengths?.[row]).toBe(gone.has(row) ? 0 : before.lengths?.[row]);
  }
  expect(fieldOf(dropped, "test", "text")).toBe(fieldOf(whole, "test", "text"));
  expect(fingerprint(dropped)).toBe(fingerprint(whole));
  expect(without({})).toBe(whole);
});

test("rows of a streamed dataset lose the same", async () => {
  const path = join(folder, "streamed");
  writeDataset(whole, path);
  const loaded = without({ vision: 0.5 }, 0, loadDataset(path));
  const streamed = without({ vision: 0.5 }, 0, openStreamed(path));
  const [resident, stored] = [fieldOf(loaded, "test", "vision"), fieldOf(streamed, "test", "vision")];
  expect(stored.present).toEqual(resident.present);
  expect(stored.lengths).toEqual(resident.lengths);
  const size = rowSize(resident.spec);
  for (let row = 0; row < 20; row++)
    expect(await stored.stored?.read(row)).toEqual(resident.data.slice(row * size, (row + 1) * size));
});
