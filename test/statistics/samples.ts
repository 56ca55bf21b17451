/** Samples with known answers. */
import { RandomStream } from "../../src/base/random.ts";
import type { Matrix } from "../../src/statistics/matrix.ts";

/** Standard normal numbers, [rows, columns]. */
export function normal(rows: number, columns: number, seed: number): Matrix {
  const random = new RandomStream(seed, 77);
  return {
    rows,
    columns,
    data: Float64Array.from({ length: rows * columns }, (_, index) => random.normal(index)),
  };
}

/** Every number made into another. */
export function changed(sample: Matrix, change: (value: number, index: number) => number): Matrix {
  return { ...sample, data: sample.data.map(change) };
}

/** Two samples whose columns are pairwise normal with this correlation. */
export function correlated(
  rows: number,
  columns: number,
  correlation: number,
  seed: number,
): { readonly x: Matrix; readonly y: Matrix } {
  const x = normal(rows, columns, seed);
  const other = normal(rows, columns, seed + 1000);
  const rest = Math.sqrt(1 - correlation ** 2);
  return {
    x,
    y: changed(other, (value, index) => correlation * (x.data[index] ?? 0) + rest * value),
  };
}

/** Mutual information of {@link correlated} in nats. */
export function normalInformation(columns: number, correlation: number): number {
  return (-columns / 2) * Math.log(1 - correlation ** 2);
}
