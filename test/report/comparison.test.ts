/** The table of a comparison: its numbers, and its forms. */
import { describe, expect, it } from "vitest";
import type { ComparedVariant } from "../../src/report/comparison.ts";
import { compareRuns } from "../../src/report/comparison.ts";
import {
  comparisonCsv,
  comparisonLatex,
  comparisonMarkdown,
  comparisonText,
} from "../../src/report/comparison-print.ts";

const run = (mae: number | null) => ({ test: { mae } });
const variant = (name: string, ...values: (number | null)[]): ComparedVariant => ({
  values: [name],
  folders: [],
  runs: values.map(run),
});

function compared(...variants: ComparedVariant[]) {
  const seeds = (variants[0]?.runs ?? []).map((_, seed) => seed);
  return compareRuns({ axes: ["penalty"], seeds, splits: ["test"], metrics: ["mae"], variants });
}
const cell = (comparison: ReturnType<typeof compared>, row: number) => comparison.rows[row]?.cells[0];

describe("the numbers", () => {
  it("are means and sample standard deviations over the seeds", () => {
    expect(cell(compared(variant("A", 1, 2, 3, 6)), 0)).toMatchObject({ mean: 3, count: 4 });
    expect(cell(compared(variant("A", 1, 2, 3, 6)), 0)?.deviation).toBeCloseTo(Math.sqrt(14 / 3), 12);
    expect(cell(compared(variant("A", 5)), 0)).toMatchObject({ mean: 5, deviation: null });
  });

  it("are paired: what all variants share with a seed cancels", () => {
    const seen = compared(variant("A", 10, 20, 30), variant("B", 11, 21, 31));
    expect(cell(seen, 0)?.difference).toBeNull();
    expect(cell(seen, 1)?.difference).toEqual({ count: 3, mean: 1, low: 1, high: 1 });
  });

  it("have the interval of a mean of many normal differences", () => {
    const differences = Array.from({ length: 200 }, (_, index) => Math.sin(index * 12.9898) * 3);
    const base = differences.map(() => 1);
    const seen = compared(variant("A", ...base), variant("B", ...differences.map((value) => 1 + value)));
    const { mean, low, high } = cell(seen, 1)?.difference ?? {};
    const { deviation } = cell(seen, 1) ?? {};
    const half = (1.96 * Number(deviation)) / Math.sqrt(200);
    expect(Math.abs(Number(high) - Number(mean) - half)).toBeLessThan(0.05 * half);
    expect(Math.abs(Number(mean) - Number(low) - half)).toBeLessThan(0.05 * half);
  });

  it("leave out runs without a value, in pairs as well", () => {
    const seen = compared(variant("A", 1, 2, 3), {
      values: ["B"],
      folders: [],
      runs: [run(4), null, run(null)],
    });
    expect(cell(seen, 1)).toMatchObject({ mean: 4, count: 1, difference: { count: 1, mean: 3, low: null } });
    expect(seen.rows[1]?.failed).toEqual([1]);
    expect(comparisonText(seen)).toContain("penalty = B, seed 1: no result");
  });
});

describe("the forms", () => {
  const seen = compared(variant("Club(hidden = 16)", 1, 2, 3), variant("None", 1.5, 2, 2.5));

  it("text", () => {
    expect(comparisonText(seen)).toMatch(/^Club\(hidden = 16\) +2\.0000 ± 1\.0000$/m);
    expect(comparisonText(seen)).toMatch(/^None +\+0\.0000 \[-0\.\d{4}, \+0\.\d{4}\]$/m);
    const few = compared(variant("A", 1, 2), variant("B", 2, 3));
    expect(comparisonText(few)).toContain("An interval needs at least 3 seeds; this comparison has 2.");
    expect(comparisonText(few)).not.toMatch(/\[[-+]/);
  });

  it("Markdown", () => {
    expect(comparisonMarkdown(seen)).toContain("| Club(hidden = 16) | 2.0000 ± 1.0000 |\n");
  });

  it("LaTeX", () => {
    const text = comparisonLatex(compared(variant("a_b", 1, 2, 3), variant("None", 2, 3, 4)));
    expect(text).toContain("a\\_b & 2.0000 $\\pm$ 1.0000 \\\\\n");
    expect(text).toContain("None & $+1.0000$ [$+1.0000$, $+1.0000$] \\\\\n");
  });

  it("CSV", () => {
    expect(comparisonCsv(seen).split("\n").slice(0, 2)).toEqual([
      "penalty,split,metric,runs,mean,deviation,difference,low,high,seed 0,seed 1,seed 2",
      "Club(hidden = 16),test,mae,3,2,1,,,,1,2,3",
    ]);
  });
});
