/** Some rows of a dataset: every value goes with its row, what is not named stays, what cannot be is refused. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { fingerprint, loadDataset, writeDataset } from "../../src/data/dataset.ts";
import type { Dataset } from "../../src/data/schema.ts";
import { rowSize } from "../../src/data/schema.ts";
import { openStreamed } from "../../src/data/streamed.ts";
import { synthesize } from "../../src/data/synthetic.ts";
import { takeRows } from "../../src/data/take-rows.ts";
import { problemsOf, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
const whole = synthesize({ seed: 3, train: 12, unlabelled: 8, valid: 5, test: 7, missing: 0.3 });

/** Everything that a dataset says about a row. */
async function rowOf(dataset: Dataset, split: string, row: number) {
  const { fields = new Map(), ids = null } = dataset.splits[split] ?? {};
  const values = await Promise.all(
    [...fields].map(async ([name, { spec, data, stored, lengths, present }]) => {
      const size = rowSize(spec);
      const own = stored === undefined ? data.subarray(row * size, (row + 1) * size) : await stored.read(row);
      return { name, values: [...own], length: lengths?.[row] ?? null, present: present[row] };
    }),
  );
  return { id: ids?.[row], values };
}

test("a row keeps all of its values, in the order that is asked for; other splits stay as they are", async () => {
  const rows = [19, 0, 7, 12];
  const some = takeRows(whole, { train: rows });
  expect(some.splits.train?.rows).toBe(4);
  for (const [index, row] of rows.entries())
    expect(await rowOf(some, "train", index)).toEqual(await rowOf(whole, "train", row));
  expect(some.splits.test).toBe(whole.splits.test);
  expect(takeRows(whole, { train: Array.from({ length: 20 }, (_, row) => row) })).toEqual(whole);
});

test("what was taken is a dataset: it can be written, read and taken from, and is told from the whole", async () => {
  const some = takeRows(whole, { train: [3, 15, 4], valid: [1] });
  writeDataset(some, join(folder, "some"));
  const loaded = loadDataset(join(folder, "some"));
  expect(fingerprint(loaded)).toBe(fingerprint(some));
  expect(fingerprint(some)).not.toBe(fingerprint(whole));
  const one = takeRows(some, { train: [1] });
  expect(await rowOf(one, "train", 0)).toEqual(await rowOf(whole, "train", 15));
});

test("values that stay in their files are read from there", async () => {
  writeDataset(whole, join(folder, "whole"), { shardRows: 6 });
  const streamed = openStreamed(join(folder, "whole"));
  const some = takeRows(streamed, { train: [18, 2] });
  expect(await rowOf(some, "train", 0)).toEqual(await rowOf(whole, "train", 18));
  expect(await rowOf(some, "train", 1)).toEqual(await rowOf(whole, "train", 2));
  expect(fingerprint(some)).not.toBe(fingerprint(streamed));
  expect(fingerprint(some)).not.toBe(fingerprint(takeRows(streamed, { train: [2, 18] })));
});

test("splits and rows that there are not, and rows given twice, are refused together", async () => {
  expect(
    await problemsOf(() => takeRows(whole, { tran: [0], train: [20, -1, 0.5, 2, 2] })),
  ).toMatchInlineSnapshot(`
    [
      "data-split :: synthetic | split "tran" :: The dataset has no such split. It has \`train\`, \`valid\`, \`test\`. :: Did you mean \`train\`?",
      "data-value :: synthetic | split "train" :: There is no row 20; rows are counted from 0 to 19.",
      "data-value :: synthetic | split "train" :: There is no row -1; rows are counted from 0 to 19.",
      "data-value :: synthetic | split "train" :: There is no row 0.5; rows are counted from 0 to 19.",
      "data-value :: synthetic | split "train" :: Row 2 is given twice.",
    ]
  `);
});
