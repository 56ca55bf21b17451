import { describe, expect, it } from "vitest";
import { gaussianInformation, gaussianPairs } from "../../src/data/gaussian-pairs.ts";
import { problemsOf } from "./support.ts";

function values(split: "train" | "test", name: string, options: Parameters<typeof gaussianPairs>[0] = {}) {
  const field = gaussianPairs(options).splits[split]?.fields.get(name);
  if (field === undefined) throw new Error(`no ${name}`);
  return field.data;
}

const moment = (a: ArrayLike<number>, b: ArrayLike<number>, shift = 0) => {
  let sum = 0;
  for (let index = 0; index < a.length; index++)
    sum += (a[index] as number) * (b[(index + shift) % b.length] as number);
  return sum / a.length;
};

describe("gaussianPairs", () => {
  it("has variance 1, the correlation that was asked for at one place, and none between places", () => {
    const options = { width: 4, correlation: -0.7, train: 20000 };
    const [x, y] = [values("train", "x", options), values("train", "y", options)];
    // Deviations of these means are about 1 / sqrt(80000) = 0.0035.
    expect(moment(x, x)).toBeCloseTo(1, 1.3);
    expect(moment(y, y)).toBeCloseTo(1, 1.3);
    expect(moment(x, y)).toBeCloseTo(-0.7, 1.7);
    expect(Math.abs(moment(x, y, 1))).toBeLessThan(0.02);
    expect(Math.abs(moment(x, x, 4))).toBeLessThan(0.02);
  });

  it("keeps the first rows when more are asked for, and other rows in every split and seed", () => {
    const few = values("train", "y", { train: 16 });
    expect([...values("train", "y", { train: 64 }).subarray(0, few.length)]).toEqual([...few]);
    expect([...values("test", "y", { test: 16 })]).not.toEqual([...few]);
    expect([...values("train", "y", { train: 16, seed: 1 })]).not.toEqual([...few]);
  });

  it("knows the mutual information", () => {
    expect(gaussianInformation(1, 0.5)).toBeCloseTo(0.1438, 4);
    expect(gaussianInformation(3, -0.9)).toBeCloseTo(3 * 0.8304, 3);
    expect(gaussianInformation(8, 0)).toBeCloseTo(0, 12);
  });

  it("refuses what cannot be, all at once", async () => {
    const problems = await problemsOf(() => gaussianPairs({ correlation: 1, width: 0, train: 0.5 }));
    expect(problems).toEqual([
      'data-value :: gaussian pairs | option "train" :: `train` is 0.5; it must be a whole number from 1 to 10000000.',
      'data-value :: gaussian pairs | option "width" :: `width` is 0; it must be a whole number from 1 to 4096.',
      'data-value :: gaussian pairs | option "correlation" :: `correlation` is 1; it must be a number between -1 and 1.',
    ]);
  });
});
