import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BatchPlan, epochBatches } from "../../src/data/batches.ts";

const plans: fc.Arbitrary<BatchPlan> = fc
  .record({
    countLabelled: fc.integer({ min: 0, max: 60 }),
    countUnlabelled: fc.integer({ min: 0, max: 60 }),
    labelled: fc.integer({ min: 0, max: 16 }),
    unlabelled: fc.integer({ min: 0, max: 16 }),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    epoch: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ countLabelled, countUnlabelled, ...rest }) => ({
    ...rest,
    labelledRows: Int32Array.from({ length: countLabelled }, (_, index) => 2 * index),
    unlabelledRows: Int32Array.from({ length: countUnlabelled }, (_, index) => 2 * index + 1),
  }));

const real = (rows: Iterable<number>) => [...rows].filter((row) => row >= 0);
const ascending = (rows: Iterable<number>) => [...rows].sort((a, b) => a - b);

describe("batches of an epoch", () => {
  it("hold each labelled row exactly once, in the front places", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const batches = epochBatches(plan);
        for (const batch of batches) expect(batch.length).toBe(plan.labelled + plan.unlabelled);
        const front = batches.flatMap((batch) => real(batch.subarray(0, plan.labelled)));
        expect(ascending(front)).toEqual(plan.labelled > 0 ? [...Array.from(plan.labelledRows)] : []);
      }),
    );
  });

  it("are padded with absent rows only behind the last labelled row", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const batches = epochBatches(plan);
        batches.forEach((batch, index) => {
          const front = [...batch.subarray(0, plan.labelled)];
          const absent = front.indexOf(-1);
          if (plan.labelledRows.length > 0 && index < batches.length - 1) expect(absent).toBe(-1);
          else if (absent >= 0) expect(front.slice(absent).every((row) => row === -1)).toBe(true);
        });
      }),
    );
  });

  it("draw unlabelled rows evenly and never twice into one batch", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const drawn = epochBatches(plan).map((batch) => real(batch.subarray(plan.labelled)));
        for (const rows of drawn) expect(new Set(rows).size).toBe(rows.length);
        const counts = Array.from(
          plan.unlabelledRows,
          (row) => drawn.flat().filter((other) => other === row).length,
        );
        if (counts.length > 0) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        if (plan.labelled > 0 && plan.labelledRows.length > 0) {
          for (const rows of drawn)
            expect(rows.length).toBe(Math.min(plan.unlabelled, plan.unlabelledRows.length));
        }
      }),
    );
  });

  it("follow from seed and epoch alone, and differ between epochs and seeds", () => {
    fc.assert(
      fc.property(plans, (plan) => {
        expect(epochBatches(plan)).toEqual(epochBatches({ ...plan }));
      }),
    );
    const rows = Int32Array.from({ length: 40 }, (_, index) => index);
    const order = (seed: number, epoch: number) =>
      epochBatches({ labelledRows: rows, unlabelledRows: rows, labelled: 8, unlabelled: 4, seed, epoch })
        .map(String)
        .join();
    expect(new Set([order(0, 0), order(0, 1), order(1, 0)]).size).toBe(3);
  });

  it("pass once through the unlabelled rows when nothing is labelled", () => {
    const batches = epochBatches({
      labelledRows: [],
      unlabelledRows: [0, 1, 2, 3, 4],
      labelled: 2,
      unlabelled: 2,
      seed: 1,
      epoch: 0,
    });
    expect(batches.length).toBe(3);
    expect(ascending(batches.flatMap((batch) => real(batch)))).toEqual([0, 1, 2, 3, 4]);
  });
});
