/** Covariances, determinants, classes and rows that change places, against numbers that are known from elsewhere. */
import { describe, expect, test } from "vitest";
import { TestModel } from "../support/elaborate.ts";

const IMPORTS = `import std.loss (triplet)
import std.nn (elu)
import std.statistics (class_means, covariance, diagonal, log_determinant, unit)`;

/** Symmetric and positive definite, with determinant 19.75 (expanded by hand along the first row). */
const MATRIX = [4, 1, -0.5, 1, 3, 0.25, -0.5, 0.25, 2];

function square(statement: string, values: readonly number[] = MATRIX): TestModel {
  return new TestModel(`${IMPORTS}\nmodel M {\n  input x : f32[B, D]\n  y = ${statement}\n}`, {
    sizes: { B: 3, D: 3 },
    inputs: { x: { values } },
  });
}

function expectClose(got: readonly number[], want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  for (const [place, value] of got.entries()) expect(value).toBeCloseTo(want[place] ?? Number.NaN, 10);
}

describe("symmetric matrices", () => {
  test("factor, diagonal and determinant", () => {
    const factor = square("cholesky(x)").values("y");
    const at = (row: number, column: number) => factor[row * 3 + column] ?? Number.NaN;
    const product = [0, 1, 2].flatMap((row) =>
      [0, 1, 2].map((column) => [0, 1, 2].reduce((sum, k) => sum + at(row, k) * at(column, k), 0)),
    );
    expectClose(product, MATRIX);
    expect([at(0, 1), at(0, 2), at(1, 2)]).toEqual([0, 0, 0]);
    expect(square("diagonal(x)").values("y")).toEqual([4, 3, 2]);
    const determinant = 4 * (6 - 0.0625) - (2 + 0.125) + -0.5 * (0.25 + 1.5);
    expectClose(square("log_determinant(x)").values("y"), [Math.log(determinant)]);
  });

  test("the derivative of the logarithm of the determinant is the inverse", () => {
    const inverse = square("log_determinant(x)").gradient("y", "x");
    const product = [0, 1, 2].flatMap((row) =>
      [0, 1, 2].map((column) =>
        [0, 1, 2].reduce((sum, k) => sum + (MATRIX[row * 3 + k] ?? 0) * (inverse[k * 3 + column] ?? 0), 0),
      ),
    );
    expectClose(product, [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  test("one that is not positive definite has no factor", () => {
    expect(square("cholesky(x)", [1, 2, 0, 2, 1, 0, 0, 0, 1]).values("y")[4]).toBeNaN();
  });

  test("a matrix that is not square is refused", () => {
    const wide = new TestModel("model M {\n  input x : f32[B, D]\n  y = cholesky(x)\n}", {
      sizes: { B: 2, D: 3 },
      inputs: { x: { values: [1, 2, 3, 4, 5, 6] } },
    });
    expect(() => wide.values("y")).toThrow();
  });
});

test("covariances with weights leave rows out", () => {
  // Rows 0 and 1 alone: means 2.5 and 2, deviations ±1.5 and ∓1.
  const weighted = square("covariance(x, rename(x, D = E), where(index(B) < 2, 1, 0))").values("y");
  expectClose(weighted.slice(0, 2), [2.25, -1.5]);
  expectClose(weighted.slice(4, 5), [1]);
});

test("means of classes, vectors of length 1, exponential units, triplets", () => {
  const model = new TestModel(
    `${IMPORTS}
model M {
  input x : f32[B, D]
  input kind : class[B] < C
  means = class_means(x, kind)
  length = sum(unit(x)^2, axis = D)
  bent = elu(x, 2)
  apart = triplet(x, x, x + 1, margin = 2)
}`,
    {
      sizes: { B: 3, D: 2, C: 3 },
      inputs: { x: { values: [1, 2, 3, 6, -1, 0] }, kind: { values: [2, 2, 0] } },
    },
  );
  expect(model.values("means")).toEqual([-1, 0, 0, 0, 2, 4]);
  expectClose(model.values("length"), [1, 1, 1]);
  expectClose(model.values("bent"), [1, 2, 3, 6, 2 * (Math.exp(-1) - 1), 0]);
  expectClose(model.values("apart"), [2 - Math.SQRT2]);
});

describe("rows that change places", () => {
  const present = [true, true, false, true, true, true, false, true];
  const moved = (name: string, site: number) =>
    new TestModel(`model M {\n  input x : f32[B]\n  y = ${"0 * shuffle(x) + ".repeat(site)}${name}(x)\n}`, {
      sizes: { B: 8 },
      inputs: { x: { values: [1, 2, 3, 4, 5, 6, 7, 8], present } },
      training: true,
    });

  test("a derangement leaves no present row where it was", () => {
    for (const site of [0, 1, 2, 3]) {
      const values = moved("derange", site)
        .values("y")
        .filter((_, row) => present[row]);
      expect([...values].sort()).toEqual([1, 2, 4, 5, 6, 8]);
      expect(values.filter((value, index) => value === [1, 2, 4, 5, 6, 8][index])).toEqual([]);
    }
  });

  test("drawing with replacement draws present rows only, and some of them twice", () => {
    const values = [0, 1, 2, 3].flatMap((site) =>
      moved("resample", site)
        .values("y")
        .filter((_, row) => present[row]),
    );
    expect(values.every((value) => [1, 2, 4, 5, 6, 8].includes(value))).toBe(true);
    expect(new Set(values.slice(0, 6)).size).toBeLessThan(6);
  });
});
