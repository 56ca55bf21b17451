/** Optimisation never changes a result beyond rounding: every spec runs one step with all passes and without any. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { SmallSpec } from "../support/one-step.ts";
import { compileSmall, runOneStep, smallSizes } from "../support/one-step.ts";

const BATCH = { labelled: 3, unlabelled: 2 };
const MIRD = "specs/mird.mird";
const JOINT = "SparseWordAttention(width = 8, layers = 2, heads = 2, rate = 0.2)";

/** The texts of `specs/`, as they are but smaller. */
const LIBRARY: readonly SmallSpec[] = readdirSync("specs")
  .filter((name) => name.endsWith(".mird"))
  .map((name) => ({ path: `specs/${name}`, settings: smallSizes(`specs/${name}`), batch: BATCH }));

const SPECS: readonly SmallSpec[] = [
  ...LIBRARY.filter(({ path }) => path !== MIRD),
  { path: MIRD, settings: { ...smallSizes(MIRD), joint: JOINT }, batch: BATCH },
  {
    path: MIRD,
    settings: { ...smallSizes(MIRD), joint: JOINT, L: "4", Tv: "2", penalty: "ClubSample(hidden = 6)" },
    batch: BATCH,
  },
  { path: "examples/mosi/mosi.mird", settings: { d: "4", V: "9", L: "4", A: "3" }, batch: BATCH },
  { path: "examples/mmmo/mmmo.mird", settings: { d: "4", Ta: "4", Tv: "4", Da: "3", Dv: "2" }, batch: BATCH },
  {
    path: "examples/quickstart/quickstart.mird",
    settings: { d: "4", V: "9", L: "4", Ta: "4", Tv: "4", Da: "3", Dv: "2" },
    batch: BATCH,
  },
];

describe("one step with and without optimisation", () => {
  test.each(SPECS)("$path", (spec) => {
    const [plain, optimised] = [compileSmall(spec, false), compileSmall(spec, true)];
    const [want, got] = [runOneStep(plain), runOneStep(optimised)];
    for (const [name, expected] of want) {
      if (name === "work") continue;
      const found = got.get(name);
      const worst = expected.reduce((most, value, index) => {
        const difference = Math.abs(value - (found?.[index] ?? Number.NaN));
        return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(most, difference);
      }, 0);
      expect(worst, name).toBeLessThan(1e-8);
    }
  });
});
