import { describe, expect, it } from "vitest";
import type { Initialiser } from "../../src/elaborate/elaboration.ts";
import type { ParameterEntry } from "../../src/train/compiled.ts";
import { initialParameters } from "../../src/train/initialise.ts";

function entry(path: string, shape: number[], offset: number, initialiser: Initialiser): ParameterEntry {
  return { path, shape, offset, initialiser, kind: "param", perRow: false };
}

describe("initial parameters", () => {
  const uniform: Initialiser = { kind: "uniform", low: -0.5, high: 0.25 };

  it("depend on seed and path, not on the place or the neighbours", () => {
    const alone = initialParameters([entry("z.weight", [4, 5], 0, uniform)], 20, 7);
    const moved = initialParameters(
      [entry("a", [3], 0, uniform), entry("z.weight", [4, 5], 64, uniform)],
      84,
      7,
    );
    expect(moved.subarray(64)).toEqual(alone);
    expect(initialParameters([entry("z.weight", [4, 5], 0, uniform)], 20, 8)).not.toEqual(alone);
    expect(moved.subarray(3, 64).every((value) => value === 0)).toBe(true);
  });

  it("lie in the range, or have the mean and deviation asked for", () => {
    const values = initialParameters([entry("u", [4000], 0, uniform)], 4000, 1);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.5);
    expect(Math.max(...values)).toBeLessThan(0.25);
    const normal = initialParameters(
      [entry("n", [40, 100], 0, { kind: "normal", mean: 2, std: 0.5 })],
      4000,
      1,
    );
    const mean = normal.reduce((sum, value) => sum + value, 0) / 4000;
    const variance = normal.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4000;
    expect(mean).toBeCloseTo(2, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(0.5, 1);
    expect([...initialParameters([entry("c", [2], 0, { kind: "constant", value: 3 })], 2, 1)]).toEqual([
      3, 3,
    ]);
  });

  it.each([
    [6, 4],
    [4, 6],
    [5, 5],
  ])("are orthogonal as [%i, %i], scaled by the gain", (rows, columns) => {
    const values = initialParameters(
      [entry("o", [rows, columns], 0, { kind: "orthogonal", gain: 2 })],
      rows * columns,
      3,
    );
    const element = (row: number, column: number) => values[row * columns + column] ?? Number.NaN;
    const tall = rows >= columns;
    const count = Math.min(rows, columns);
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let product = 0;
        for (let i = 0; i < Math.max(rows, columns); i++)
          product += tall ? element(i, a) * element(i, b) : element(a, i) * element(b, i);
        expect(product).toBeCloseTo(a === b ? 4 : 0, 5);
      }
    }
  });
});
