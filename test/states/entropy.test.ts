/** MMIM's memory of the batch before: its log-determinants over the rows of two batches, against the same from the rows themselves. */
import { afterAll, describe, expect, it } from "vitest";
import { at, invariant } from "../../src/base/invariant.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { epochBatches } from "../../src/data/batches.ts";
import { rowsByLabel } from "../../src/data/schema.ts";
import type { Backend } from "../../src/runtime/backend.ts";
import { referenceBackend } from "../../src/runtime/reference/backend.ts";
import { wasmBackend } from "../../src/runtime/wasm/execute.ts";
import { allRows, prepareModel, trainOn } from "./support.ts";

const cpu = wasmBackend({ threads: 2 });
afterAll(() => cpu.close());

const BACKENDS: readonly (readonly [string, () => Backend])[] = [
  ["reference", referenceBackend],
  ["cpu", () => cpu],
];

/** The logarithm of the determinant of the covariance of rows with three columns, with 1e-3 on the diagonal. */
function logVolume(rows: readonly (readonly number[])[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, rows.length);
  const centre = [0, 1, 2].map((column) => mean(rows.map((row) => at(row, column))));
  const entry = (i: number, j: number) =>
    mean(rows.map((row) => (at(row, i) - at(centre, i)) * (at(row, j) - at(centre, j)))) +
    (i === j ? 1e-3 : 0);
  const minor = (i: number, j: number) => entry(1, i) * entry(2, j) - entry(1, j) * entry(2, i);
  return Math.log(entry(0, 0) * minor(1, 2) - entry(0, 1) * minor(0, 2) + entry(0, 2) * minor(0, 1));
}

describe.each(BACKENDS)("the memory of MMIM on the device %s", (_, backend) => {
  it("is the batch before, across epochs, and nothing in evaluation", async () => {
    const prepared = prepareModel("test/states/entropy.mird", "Entropy", CPU);
    const { losses, result } = await trainOn(backend(), prepared);
    const { train, valid, test } = prepared.dataset.splits;
    invariant(train !== undefined && valid !== undefined && test !== undefined, "there are three splits");
    const [x, y] = [allRows(prepared.dataset, "x"), allRows(prepared.dataset, "y")];
    const positive = (rows: readonly number[]) =>
      rows.flatMap((row) => {
        const [values, label] = [x[row] ?? null, y[row]?.[0] ?? 0];
        return values !== null && label > 0 ? [values] : [];
      });
    const { labelled, unlabelled } = rowsByLabel(train, "y");
    const plan = { labelledRows: labelled, unlabelledRows: unlabelled, labelled: 5, unlabelled: 0, seed: 3 };
    const batches = [0, 1].flatMap((epoch) => [...epochBatches({ ...plan, epoch })]);
    const chosen = batches.map((batch) => positive([...batch].filter((row) => row >= 0)));
    const expected = chosen.map((rows, index) => logVolume([...(chosen[index - 1] ?? []), ...rows]));
    const alone = chosen.map(logVolume);
    expect(losses.length).toBe(expected.length);
    expect(expected.length).toBeGreaterThan(8);
    for (const [index, value] of expected.entries())
      expect(losses[index]?.get("volume")).toBeCloseTo(value, 3);
    expect(expected.slice(1)).not.toEqual(alone.slice(1));

    const first = train.rows + valid.rows;
    const testRows = positive(Array.from({ length: test.rows }, (_, row) => first + row));
    expect(result.evaluations.get("test")?.losses.get("volume")).toBeCloseTo(logVolume(testRows), 3);
  });
});
