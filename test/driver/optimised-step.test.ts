/** Optimisation never changes a result beyond rounding: every spec runs one step with all passes and without any. */
import { describe, expect, test } from "vitest";
import { librarySpecs } from "../support/library-specs.ts";
import { compileSmall, runOneStep } from "../support/one-step.ts";

describe("one step with and without optimisation", () => {
  test.each(librarySpecs)("$path", (spec) => {
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
