/** The nearest-neighbour estimate of mutual information against known values. */
import { describe, expect, it } from "vitest";
import { digamma, nearestNeighbourInformation } from "../../src/statistics/mutual-information.ts";
import { changed, correlated, normal, normalInformation } from "./samples.ts";

it("digamma has its known values", () => {
  expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 12);
  expect(digamma(0.5)).toBeCloseTo(-1.9635100260214235, 12);
  expect(digamma(10)).toBeCloseTo(2.251752589066721, 12);
});

describe("normal pairs", () => {
  it.each([
    [1, 0],
    [1, 0.3],
    [1, 0.9],
    [2, 0.6],
  ] as const)("%i columns, correlation %f", (columns, rho) => {
    const { x, y } = correlated(1200, columns, rho, 31);
    expect(Math.abs(nearestNeighbourInformation(x, y) - normalInformation(columns, rho))).toBeLessThan(0.08);
  });
});

it("sees what correlation cannot, and no change of sign or place", () => {
  const x = normal(500, 1, 41);
  const noise = normal(500, 1, 42);
  const y = changed(x, (value, index) => value * value + 0.3 * (noise.data[index] ?? 0));
  const found = nearestNeighbourInformation(x, y);
  expect(found).toBeGreaterThan(0.5);
  const moved = changed(x, (value) => 3 - value);
  expect(nearestNeighbourInformation(moved, y)).toBeCloseTo(found, 9);
});

it("counts neighbours as the paper does: four points on a line", () => {
  const points = { rows: 4, columns: 1, data: Float64Array.of(0, 1, 3, 7) };
  // One neighbour: the radius of every point is its distance to the next in both, and nothing is nearer in either.
  expect(nearestNeighbourInformation(points, points, 1)).toBeCloseTo(
    digamma(1) + digamma(4) - 2 * digamma(1),
    12,
  );
});
