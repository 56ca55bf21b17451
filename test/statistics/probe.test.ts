/** Probes, regression, components and scores on cases whose answers are known. */
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.ts";
import { disentanglementScores } from "../../src/statistics/disentanglement-scores.ts";
import type { Matrix } from "../../src/statistics/matrix.ts";
import { columnOf, fitStandardiser, matrixOf, standardise } from "../../src/statistics/matrix.ts";
import { principalComponents } from "../../src/statistics/principal-components.ts";
import { mapParts, probe } from "../../src/statistics/probe.ts";
import { predictRidge, RidgeSolver, rSquared } from "../../src/statistics/ridge.ts";
import { changed, normal } from "./samples.ts";

describe("ridge regression", () => {
  it("is the closed form for one feature: Σxy / (Σx² + n λ)", () => {
    const x = matrixOf([-1, 0, 1], 3);
    const y = matrixOf([1, 5, 3], 3);
    const [ridge] = new RidgeSolver(x, y).solve(2);
    expect(ridge?.weights[0]).toBeCloseTo(2 / (2 + 3 * 2), 12);
    expect(ridge?.offset).toBe(3);
  });

  it("recovers several weights when almost nothing is penalised", () => {
    const x = normal(50, 3, 1);
    const y = matrixOf(
      Array.from({ length: 50 }, (_, row) => 2 * (x.data[3 * row] ?? 0) - (x.data[3 * row + 2] ?? 0)),
      50,
    );
    const centred = standardise(x, { ...fitStandardiser(x), deviation: [1, 1, 1] });
    const [ridge] = new RidgeSolver(centred, y).solve(1e-12);
    if (ridge === undefined) throw new Error("a target has a result");
    expect([...ridge.weights].map((weight) => Math.round(weight * 1e6) / 1e6)).toEqual([2, 0, -1]);
    expect(rSquared(predictRidge(ridge, centred), y.data)).toBeCloseTo(1, 9);
  });

  it("R² is 0 for the mean, negative for worse, undefined for a constant", () => {
    expect(rSquared([2, 2, 2], [1, 2, 3])).toBe(0);
    expect(rSquared([3, 2, 1], [1, 2, 3])).toBe(-3);
    expect(rSquared([1, 1], [1, 1])).toBeNaN();
  });
});

describe("probes", () => {
  const inputs = { fit: normal(400, 2, 1), choose: normal(100, 2, 2), test: normal(200, 2, 3) };
  const targetsOf = (sample: Matrix) =>
    matrixOf(
      Array.from({ length: sample.rows }, (_, row) => {
        const [a = 0, b = 0] = sample.data.subarray(2 * row, 2 * row + 2);
        return [a - b, a * a, normal(1, 1, sample.rows + row).data[0] ?? 0];
      }).flat(),
      sample.rows,
    );
  const { linear, nonlinear } = probe(inputs, mapParts(inputs, targetsOf), new RandomStream(1, 2));

  it("find a linear function both", () => {
    expect(linear[0]).toBeGreaterThan(0.999);
    expect(nonlinear[0]).toBeGreaterThan(0.99);
  });

  it("find a square only with the kernel", () => {
    expect(linear[1]).toBeLessThan(0.05);
    expect(nonlinear[1]).toBeGreaterThan(0.95);
  });

  it("find nothing in noise", () => {
    expect(linear[2]).toBeLessThan(0.05);
    expect(nonlinear[2]).toBeLessThan(0.05);
  });
});

describe("principal components", () => {
  it("are the axes of a stretched cloud, by variance, with variance 1", () => {
    const cloud = changed(
      normal(800, 3, 5),
      (value, index) => value * (index % 3 === 1 ? 5 : index % 3 === 2 ? 2 : 0.1),
    );
    const { scores, shares } = principalComponents(cloud, 2);
    expect(shares[0]).toBeCloseTo(25 / 29, 1);
    expect(shares[1]).toBeCloseTo(4 / 29, 1);
    for (const [component, column] of [1, 2].entries()) {
      const [score, own] = [columnOf(scores, component), columnOf(cloud, column)];
      const squares = score.reduce((sum, value) => sum + value * value, 0) / 800;
      expect(squares).toBeCloseTo(1, 9);
      const product = score.reduce((sum, value, row) => sum + value * (own[row] ?? 0), 0);
      const length = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0) * 800);
      expect(Math.abs(product) / length).toBeGreaterThan(0.99);
    }
  });

  it("are as many as the sample varies in", () => {
    const line = changed(normal(50, 2, 6), (_, index) => (index % 2 === 0 ? 1 : -1) * Math.floor(index / 2));
    const { shares } = principalComponents(line, 3);
    expect(shares.length).toBe(1);
    expect(shares[0]).toBeCloseTo(1, 12);
  });
});

describe("standardising", () => {
  it("leaves out columns that do not vary, and those that hold rounding alone", () => {
    const sample = matrixOf([1, 5, 3, 2, 5, 3.0000001, 4, 5, 3], 3);
    expect(fitStandardiser(sample).kept).toEqual([0]);
  });
});

describe("scores over what latents hold", () => {
  it("are 1 where every factor has a latent of its own", () => {
    expect(
      disentanglementScores([
        [1, 0],
        [0, 1],
      ]),
    ).toEqual({ disentanglement: 1, completeness: 1, gap: 1 });
  });

  it("are 0 where everything is everywhere", () => {
    const { disentanglement, completeness, gap } = disentanglementScores([
      [0.5, 0.5],
      [0.5, 0.5],
    ]);
    expect([disentanglement, completeness, gap].map((value) => Math.abs(value))).toEqual([0, 0, 0]);
  });

  it("follow their formulas in between", () => {
    const entropy = (...shares: number[]) =>
      -shares.reduce((sum, p) => sum + (p > 0 ? p * Math.log2(p) : 0), 0);
    const { disentanglement, completeness, gap } = disentanglementScores([
      [0.9, 0.1],
      [0.3, -0.2],
    ]);
    // The first latent weighs 1.0 of 1.3 and is split 9 to 1, the second holds one factor alone.
    expect(disentanglement).toBeCloseTo((1 / 1.3) * (1 - entropy(0.9, 0.1)) + 0.3 / 1.3, 12);
    expect(completeness).toBeCloseTo((1 - entropy(0.75, 0.25) + 1) / 2, 12);
    expect(gap).toBeCloseTo((0.6 + 0.1) / 2, 12);
  });

  it("are undefined for one latent or one factor", () => {
    expect(disentanglementScores([[0.4, 0.2]]).gap).toBeNaN();
    expect(disentanglementScores([[0.4], [0.2]]).disentanglement).toBeNaN();
  });
});
