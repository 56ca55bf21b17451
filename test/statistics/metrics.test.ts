import { describe, expect, it } from "vitest";
import { at } from "../../src/base/invariant.ts";
import { classF1, confusionMatrix } from "../../src/statistics/confusion.ts";
import { computeMetrics, findMetric, labelKind, METRICS } from "../../src/statistics/metrics.ts";
import { oracleCases } from "../support/oracles.ts";
import { oracleFolder } from "../support/outside.ts";

const golden = oracleFolder("metrics beside the golden values");

/** Names of the golden values beside ours. */
const GOLDEN = {
  mae: "mae",
  corr: "corr",
  acc2: "acc2_nonneg",
  f1: "f1_nonneg",
  acc2_non0: "acc2_pos",
  f1_non0: "f1_pos",
  acc5: "acc5",
  acc7: "acc7",
};

it("tells kinds of labels by their types", () => {
  const axis = (ragged = false) => ({ kind: "axis", ragged }) as const;
  const kind = (element: string, ...axes: readonly ReturnType<typeof axis>[]) => labelKind({ element, axes });
  expect(kind("class", axis())).toBe("class");
  expect(kind("f32", axis())).toBe("score");
  expect(kind("f32", axis(), axis())).toBe("set");
  // No metric compares sequences of numbers or of token ids.
  expect(kind("f32", axis(), axis(true))).toBeNull();
  expect(kind("f32", axis(), axis(true), axis())).toBeNull();
  expect(kind("ids", axis(), axis(true))).toBeNull();
});

describe("sets of labels", () => {
  // Three rows, two labels: truth 10, 01, 11; predicted 10, 11, 10 at a half.
  const pairs = {
    truth: [1, 0, 0, 1, 1, 1],
    predicted: [0.9, 0.2, 0.5, 0.8, 0.7, 0.4],
    width: 2,
  };
  const got = computeMetrics("set", pairs);

  it("have the F1 of their counts", () => {
    // Label 0: 2 hits, 2 true, 3 predicted; label 1: 1 hit, 2 true, 1 predicted.
    expect(got.get("f1_micro")).toBeCloseTo((2 * 3) / 8, 12);
    expect(got.get("f1_macro")).toBeCloseTo((4 / 5 + 2 / 3) / 2, 12);
    expect(got.get("f1_weighted")).toBeCloseTo((2 * (4 / 5) + 2 * (2 / 3)) / 4, 12);
  });

  it("count rows that are right as a whole, and single labels that are wrong", () => {
    expect(got.get("subset_accuracy")).toBeCloseTo(1 / 3, 12);
    expect(got.get("hamming_loss")).toBeCloseTo(2 / 6, 12);
  });

  it("have an average precision over the order of their chances", () => {
    expect(got.get("map")).toBeCloseTo(1, 12);
    // In the order of the chances: no, yes, no, yes. Precision at the two yes is 1/2 and 2/4.
    const worse = { truth: [0, 1, 0, 1], predicted: [0.9, 0.8, 0.7, 0.1], width: 1 };
    expect(computeMetrics("set", worse).get("map")).toBeCloseTo((1 / 2 + 2 / 4) / 2, 12);
    // Equal chances are one step: all four rows at once.
    const tied = { truth: [1, 0, 0, 1], predicted: [0.5, 0.5, 0.5, 0.5], width: 1 };
    expect(computeMetrics("set", tied).get("map")).toBeCloseTo(1 / 2, 12);
  });

  it("leave out labels that no row has, and are undefined without any", () => {
    const one = { truth: [1, 0, 1, 0], predicted: [0.9, 0.1, 0.8, 0.2], width: 2 };
    expect(computeMetrics("set", one).get("f1_macro")).toBe(1);
    expect(computeMetrics("set", one).get("map")).toBe(1);
    const none = { truth: [0, 0], predicted: [0.1, 0.1], width: 1 };
    expect(computeMetrics("set", none).get("f1_micro")).toBe(0);
    expect(computeMetrics("set", none).get("map")).toBeNaN();
  });
});

describe.skipIf(golden === null)("metrics against the golden values", () => {
  const cases = oracleCases(golden, "metrics");

  it("finds the cases", () => {
    expect(cases.length).toBeGreaterThan(10);
  });

  it.each(cases)("$name", ({ values, metadata }) => {
    const got = computeMetrics("score", { predicted: values("in.pred"), truth: values("in.label") });
    for (const [ours, theirs] of Object.entries(GOLDEN)) {
      const want = Number(metadata[`value.${theirs}`]?.replace("nan", "NaN"));
      const value = got.get(ours);
      if (Number.isNaN(want)) expect(value, ours).toBeNaN();
      else
        expect(Math.abs((value ?? Number.NaN) - want), ours).toBeLessThanOrEqual(
          1e-6 + 1e-5 * Math.abs(want),
        );
    }
  });
});

describe("score metrics", () => {
  const compute = (predicted: number[], truth: number[]) =>
    Object.fromEntries(computeMetrics("score", { predicted, truth }));

  it("round halves to the even number after clipping", () => {
    const halves = compute([0.5, 1.5, 2.5, -0.5, -1.5, 9], [0, 2, 2, 0, -2, 3]);
    expect(halves.acc7).toBe(1);
    expect(halves.acc5).toBe(1);
    expect(compute([0.5, -0.5, 1.5], [1, -1, 1]).acc3).toBeCloseTo(1 / 3, 12);
  });

  it("keep both two-class conventions apart", () => {
    const both = compute([0, 0.2, -0.2, -1], [0, 1, 1, -1]);
    expect(both.acc2).toBe(0.75);
    expect(both.acc2_non0).toBeCloseTo(2 / 3, 12);
  });

  it("are undefined without rows", () => {
    for (const [name, value] of Object.entries(compute([], []))) expect(value, name).toBeNaN();
  });

  it("of CH-SIMS cut into right-closed classes", () => {
    // Labels come as 32-bit floats; 0.1 is then a little more than the number 0.1.
    const truth = Float32Array.of(-1, -0.7, -0.1, 0, 0.1, 0.7, 1, 0.6);
    const predicted = Float32Array.of(-0.71, -0.69, -0.11, -0.05, 0.11, 0.8, 2, 0.7);
    const found = Object.fromEntries(computeMetrics("score", { predicted, truth }));
    // Five classes: 0 0 1 2 2 3 4 3 against 0 1 1 2 3 4 4 3.
    expect(found.sims_acc5).toBe(5 / 8);
    // Three classes: 0 0 0 1 1 2 2 2 against 0 0 0 1 2 2 2 2.
    expect(found.sims_acc3).toBe(7 / 8);
    // 0 is not positive.
    expect(found.sims_acc2).toBe(1);
    const signs = Object.fromEntries(computeMetrics("score", { predicted: [0.2, 0, 1], truth: [0, 0, 1] }));
    expect(signs.sims_acc2).toBeCloseTo(2 / 3, 12);
    // Both classes have 2 · 1 / (1 + 2) each way; two rows are not positive, one is.
    expect(signs.sims_f1).toBeCloseTo(2 / 3, 12);
  });

  it("mse is the mean square", () => {
    expect(compute([1, 2], [0, 4]).mse).toBe(2.5);
  });
});

describe("class metrics", () => {
  // Classes 0, 1, 2; class 2 is never predicted.
  const pairs = { predicted: [0, 0, 1, 1, 0], truth: [0, 0, 1, 0, 2] };

  it("count the confusions", () => {
    expect(confusionMatrix(pairs)).toEqual([
      [2, 1, 0],
      [0, 1, 0],
      [1, 0, 0],
    ]);
    expect(confusionMatrix({ predicted: [0], truth: [0] }, 3)).toHaveLength(3);
  });

  it("average F1 over classes and by their counts", () => {
    const f1 = classF1(confusionMatrix(pairs)).map((entry) => entry.f1);
    expect(f1).toEqual([4 / 6, 2 / 3, 0]);
    const got = computeMetrics("class", pairs);
    expect(got.get("accuracy")).toBe(0.6);
    expect(got.get("f1_macro")).toBeCloseTo((at(f1, 0) + at(f1, 1)) / 3, 12);
    expect(got.get("f1_weighted")).toBeCloseTo((3 * at(f1, 0) + at(f1, 1)) / 5, 12);
  });
});

describe("the table", () => {
  it("has every name once, with a sentence", () => {
    expect(new Set(METRICS.map(({ name, labels }) => `${labels} ${name}`)).size).toBe(METRICS.length);
    for (const metric of METRICS) expect(metric.doc).toMatch(/^[A-Z].*\.$/);
  });

  it("knows which way is better", () => {
    expect(findMetric("mae")?.better).toBe("lower");
    expect(findMetric("corr")?.better).toBe("higher");
    expect(findMetric("loss")).toBeNull();
  });
});
