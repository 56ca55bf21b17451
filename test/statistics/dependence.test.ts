/** Dependence by similarities, against closed forms and what each statistic can and cannot see. */
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.ts";
import type { Similarity } from "../../src/statistics/centred-correlation.ts";
import {
  distanceSimilarity,
  gaussianSimilarity,
  linearSimilarity,
  permutationPValue,
  permutationsOf,
  similarityCorrelation,
  similarityCovariance,
} from "../../src/statistics/centred-correlation.ts";
import type { Matrix } from "../../src/statistics/matrix.ts";
import { changed, correlated, normal } from "./samples.ts";

const KINDS = {
  linear: linearSimilarity,
  gaussian: (sample: Matrix) => gaussianSimilarity(sample),
  distance: distanceSimilarity,
} as const;
const orders = (rows: number, count: number) =>
  permutationsOf(rows, count, (index) => new RandomStream(9, index));

describe("U-centring", () => {
  it.each(Object.keys(KINDS) as (keyof typeof KINDS)[])("%s: every row sums to 0", (kind) => {
    const { rows, data } = KINDS[kind](normal(20, 3, 1));
    for (let i = 0; i < rows; i++) {
      const row = data.subarray(i * rows, (i + 1) * rows);
      expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 10);
      expect(row[i]).toBe(0);
    }
  });

  it("is the unbiased HSIC of Song et al., written out for four rows", () => {
    const [x, y] = [normal(4, 1, 2), normal(4, 1, 3)];
    const kernel = ({ data }: Matrix) =>
      Array.from({ length: 4 }, (_, i) =>
        Array.from({ length: 4 }, (_, j) =>
          i === j ? 0 : Math.exp(-(((data[i] ?? 0) - (data[j] ?? 0)) ** 2) / 2),
        ),
      );
    const [k, l] = [kernel(x), kernel(y)];
    const sum = (term: (i: number, j: number, q: number) => number) => {
      let total = 0;
      for (let i = 0; i < 4; i++)
        for (let j = 0; j < 4; j++) for (let q = 0; q < 4; q++) total += term(i, j, q);
      return total;
    };
    const trace = sum((i, j) => ((k[i]?.[j] ?? 0) * (l[i]?.[j] ?? 0)) / 4);
    const [allK, allL] = [sum((i, j) => (k[i]?.[j] ?? 0) / 4), sum((i, j) => (l[i]?.[j] ?? 0) / 4)];
    const mixed = sum((i, j, q) => (k[i]?.[j] ?? 0) * (l[j]?.[q] ?? 0));
    const expected = (trace + (allK * allL) / (3 * 2) - (2 * mixed) / 2) / (4 * 1);
    expect(similarityCovariance(gaussianSimilarity(x, 1), gaussianSimilarity(y, 1))).toBeCloseTo(
      expected,
      12,
    );
  });
});

describe("a normal pair", () => {
  it.each([0, 0.5, 0.9])("has the squared distance correlation of its closed form, correlation %f", (rho) => {
    // Székely, Rizzo and Bakirov (2007), theorem 7.
    const share = (r: number) => r * Math.asin(r) + Math.sqrt(1 - r * r);
    const numerator = share(rho) - rho * Math.asin(rho / 2) - Math.sqrt(4 - rho * rho) + 1;
    const expected = numerator / (1 + Math.PI / 3 - Math.sqrt(3));
    const found = Array.from({ length: 12 }, (_, seed) => {
      const { x, y } = correlated(400, 1, rho, seed);
      return similarityCorrelation(distanceSimilarity(x), distanceSimilarity(y));
    });
    expect(Math.abs(found.reduce((sum, value) => sum + value, 0) / 12 - expected)).toBeLessThan(0.03);
  });

  it.each([0, 0.5, 0.9])("has the HSIC of its closed form, correlation %f", (rho) => {
    // Gaussian integrals with kernels of width 1.
    const paired = 1 / Math.sqrt((1 + 2) * (1 + 2) - (2 * rho) ** 2);
    const apart = 1 / 3;
    const mixed = 0.5 / Math.sqrt(1.5 ** 2 - (rho / 2) ** 2);
    const expected = paired + apart - 2 * mixed;
    const { x, y } = correlated(1500, 1, rho, 6);
    const found = similarityCovariance(gaussianSimilarity(x, 1), gaussianSimilarity(y, 1));
    expect(Math.abs(found - expected)).toBeLessThan(0.004);
  });

  it("has the squared correlation as its linear form", () => {
    const { x, y } = correlated(2000, 1, 0.6, 7);
    expect(similarityCorrelation(linearSimilarity(x), linearSimilarity(y))).toBeCloseTo(0.36, 1.5);
  });
});

describe("y = x² + noise, which correlation cannot see", () => {
  const x = normal(300, 1, 11);
  const noise = normal(300, 1, 12);
  const y = changed(x, (value, index) => value * value + 0.3 * (noise.data[index] ?? 0));
  const shuffles = orders(300, 199);
  const test = (of: (sample: Matrix) => Similarity) => permutationPValue(of(x), of(y), shuffles);

  it("is found by HSIC and distance correlation, and not by the linear form", () => {
    expect(test(KINDS.gaussian)).toBe(1 / 200);
    expect(test(KINDS.distance)).toBe(1 / 200);
    expect(similarityCorrelation(linearSimilarity(x), linearSimilarity(y))).toBeLessThan(0.03);
    expect(similarityCorrelation(gaussianSimilarity(x), gaussianSimilarity(y))).toBeGreaterThan(0.3);
  });
});

describe("independent samples", () => {
  it("have statistics around 0, however wide the samples are", () => {
    for (const kind of Object.values(KINDS)) {
      const found = Array.from({ length: 20 }, (_, seed) =>
        similarityCorrelation(kind(normal(40, 20, seed)), kind(normal(40, 20, 100 + seed))),
      );
      expect(Math.abs(found.reduce((sum, value) => sum + value, 0) / 20)).toBeLessThan(0.05);
      expect(found.some((value) => value < 0)).toBe(true);
    }
  });

  it("have p-values spread evenly from 0 to 1", () => {
    const shuffles = orders(30, 99);
    const values = Array.from({ length: 200 }, (_, seed) =>
      permutationPValue(
        gaussianSimilarity(normal(30, 2, 3 * seed)),
        gaussianSimilarity(normal(30, 2, 3 * seed + 5000)),
        shuffles,
      ),
    ).sort((a, b) => a - b);
    // Kolmogorov-Smirnov distance to the uniform distribution; beyond 0.115 with probability 0.01.
    const distance = Math.max(...values.map((value, index) => Math.abs(value - (index + 1) / 200)));
    expect(distance).toBeLessThan(0.115);
  });
});

it("is 1 for a sample with itself and undefined for one that does not vary", () => {
  const x = normal(30, 3, 21);
  const still = changed(x, () => 2);
  for (const kind of Object.values(KINDS)) {
    expect(similarityCorrelation(kind(x), kind(x))).toBeCloseTo(1, 12);
    expect(similarityCorrelation(kind(x), kind(still))).toBeNaN();
  }
});
