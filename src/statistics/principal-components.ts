/** Principal components of a sample. */
import { at } from "../base/invariant.ts";
import type { Matrix } from "./matrix.ts";
import { fitStandardiser } from "./matrix.ts";

const ITERATIONS = 500;
const TOLERANCE = 1e-10;

export interface PrincipalComponents {
  /** The sample in the leading directions, the one of largest variance first, each with variance 1. */
  readonly scores: Matrix;
  /** Of the variance of the sample, by component. */
  readonly shares: readonly number[];
}

/** The `count` leading components (fewer where the sample has fewer columns), by orthogonal iteration on the covariance. A direction's sign makes its largest entry positive. */
export function principalComponents(sample: Matrix, count: number): PrincipalComponents {
  const { rows, columns } = sample;
  const centred = centre(sample);
  const covariance = covarianceOf(centred);
  const trace = Array.from({ length: columns }, (_, column) => at(covariance, column * (columns + 1)));
  const total = trace.reduce((sum, value) => sum + value, 0);
  const directions = leadingDirections(covariance, columns, Math.min(count, columns));
  const kept = directions.filter(({ variance }) => variance > 1e-12 * total);
  const data = new Float64Array(rows * kept.length);
  for (const [index, { vector, variance }] of kept.entries())
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let column = 0; column < columns; column++)
        sum += at(centred.data, row * columns + column) * at(vector, column);
      data[row * kept.length + index] = sum / Math.sqrt(variance);
    }
  return {
    scores: { rows, columns: kept.length, data },
    shares: kept.map(({ variance }) => variance / total),
  };
}

function centre(sample: Matrix): Matrix {
  const { rows, columns } = sample;
  const { kept, mean } = fitStandardiser(sample);
  const data = new Float64Array(rows * columns);
  for (const [index, column] of kept.entries())
    for (let row = 0; row < rows; row++)
      data[row * columns + column] = at(sample.data, row * columns + column) - at(mean, index);
  return { rows, columns, data };
}

function covarianceOf({ rows, columns, data }: Matrix): Float64Array {
  const covariance = new Float64Array(columns * columns);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < columns; i++) {
      const value = (data[row * columns + i] as number) / rows;
      for (let j = 0; j < columns; j++)
        covariance[i * columns + j] =
          (covariance[i * columns + j] as number) + value * (data[row * columns + j] as number);
    }
  return covariance;
}

interface Direction {
  readonly vector: Float64Array;
  readonly variance: number;
}

function leadingDirections(covariance: Float64Array, columns: number, count: number): Direction[] {
  // The columns of largest covariance with the others are a start that no direction is orthogonal to by accident.
  let vectors: Float64Array[] = Array.from({ length: count }, (_, index) =>
    Float64Array.from(
      { length: columns },
      (_, column) => Math.cos((index + 1) * (column + 0.5)) + (column === index ? 1 : 0),
    ),
  );
  let variances = new Array<number>(count).fill(0);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const images = vectors.map((vector) => multiply(covariance, columns, vector));
    const next = images.map((image, index) => dot(image, at(vectors, index)));
    vectors = orthonormal(images);
    const change = Math.max(0, ...next.map((value, index) => Math.abs(value - at(variances, index))));
    variances = next;
    if (change <= TOLERANCE * Math.max(...next, Number.MIN_VALUE)) break;
  }
  const directions = vectors.map((vector) => ({
    vector: oriented(vector),
    variance: dot(multiply(covariance, columns, vector), vector),
  }));
  return directions.sort((a, b) => b.variance - a.variance);
}

function multiply(matrix: Float64Array, size: number, vector: Float64Array): Float64Array {
  return vector.map((_, row) => dot(matrix.subarray(row * size, (row + 1) * size), vector));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] as number);
  return sum;
}

/** Gram-Schmidt, twice for the sake of rounding; a vector that vanishes stays 0. */
function orthonormal(vectors: readonly Float64Array[]): Float64Array[] {
  const done: Float64Array[] = [];
  for (const vector of vectors) {
    let rest = vector;
    for (let pass = 0; pass < 2; pass++)
      for (const earlier of done) {
        const share = dot(rest, earlier);
        rest = rest.map((value, index) => value - share * at(earlier, index));
      }
    const length = Math.sqrt(dot(rest, rest));
    done.push(length > 0 ? rest.map((value) => value / length) : rest);
  }
  return done;
}

function oriented(vector: Float64Array): Float64Array {
  const largest = vector.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
  return largest < 0 ? vector.map((value) => -value) : vector;
}
