import { describe, expect, it } from "vitest";
import { at } from "../../src/base/invariant.ts";
import { biasCorrection, rateFactor, scheduleArena, warmupSteps } from "../../src/train/schedule.ts";
import { oracleCases } from "../support/oracles.ts";
import { oracleFolder } from "../support/outside.ts";

const golden = oracleFolder("schedules beside the golden values");

describe.skipIf(golden === null)("rates against the golden values", () => {
  it.each(oracleCases(golden, "optimizers").filter(({ metadata }) => metadata.warmup !== undefined))(
    "$name",
    ({ metadata, values }) => {
      const total = Number(metadata.total);
      const warmup = Number(metadata.warmup) / total;
      for (const [step, want] of values("out.lr").entries()) {
        const rate = Number(metadata.lr) * rateFactor({ kind: "warmup_linear", warmup }, step, total);
        expect(Math.abs(rate - want), `update ${step}`).toBeLessThanOrEqual(1e-6 * want);
      }
    },
  );
});

describe("rate factors", () => {
  it("rise from 0, reach 1 after the warm-up, fall to 0", () => {
    for (const kind of ["warmup_linear", "cosine"] as const) {
      const factors = Array.from({ length: 12 }, (_, step) => rateFactor({ kind, warmup: 0.2 }, step, 10));
      expect(at(factors, 0)).toBe(0);
      expect(at(factors, 1)).toBe(0.5);
      expect(at(factors, 2)).toBe(1);
      for (let step = 3; step < 10; step++) expect(at(factors, step)).toBeLessThan(at(factors, step - 1));
      expect(at(factors, 10)).toBe(0);
      expect(at(factors, 11)).toBe(0);
    }
    expect(rateFactor({ kind: "cosine", warmup: 0 }, 5, 10)).toBeCloseTo(0.5, 12);
  });

  it("count warm-up steps upwards, but not past rounding errors", () => {
    expect(warmupSteps(0.1, 30)).toBe(3);
    expect(warmupSteps(0.1, 31)).toBe(4);
    expect(warmupSteps(0, 31)).toBe(0);
  });
});

describe("the schedule arena", () => {
  it("counts the updates of a repeated phase one by one", () => {
    const update = { phase: "estimators", repeats: 2, beta1: 0.9, beta2: 0.999 };
    const arena = scheduleArena(
      {
        updates: [
          { ...update, repeat: 0, offset: 0 },
          { ...update, repeat: 1, offset: 3 },
          { phase: "model", repeat: 0, repeats: 1, offset: 6, beta1: 0, beta2: 0 },
        ],
        schedules: new Map([["estimators", { kind: "warmup_linear", warmup: 1 }]]),
        iterations: 5,
      },
      2,
    );
    const t = 2 * 2 + 1;
    const want = [
      0.4,
      biasCorrection(0.9, t),
      biasCorrection(0.999, t),
      0.5,
      biasCorrection(0.9, t + 1),
      biasCorrection(0.999, t + 1),
      1,
      1,
      1,
    ];
    expect([...arena]).toEqual([...Float32Array.from(want)]);
  });
});
