/** Ridge regression in closed form, for a grid of penalties at once. */
import { at } from "../base/invariant.ts";
import type { Matrix } from "./matrix.ts";
import { columnOf } from "./matrix.ts";

/** Weights of centred features and the mean of the target: prediction = offset + Σ weight x. */
export interface Ridge {
  readonly weights: Float64Array;
  readonly offset: number;
}

/** The normal equations of features (columns of mean about 0) for several targets: set up once, solved for every penalty. */
export class RidgeSolver {
  private readonly features: Matrix;
  private readonly gram: Float64Array;
  private readonly targets: readonly { readonly mean: number; readonly product: Float64Array }[];

  constructor(features: Matrix, targets: Matrix) {
    this.features = features;
    this.gram = gramOf(features);
    this.targets = Array.from({ length: targets.columns }, (_, column) => {
      const values = columnOf(targets, column);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return { mean, product: transposedProduct(features, values, mean) };
    });
  }

  /** min Σ (y − ŷ)² / n + penalty |w|², one result per target. */
  solve(penalty: number): Ridge[] {
    const { rows, columns } = this.features;
    const lower = cholesky(this.gram, columns, penalty * rows);
    return this.targets.map(({ mean, product }) => ({
      weights: solveCholesky(lower, columns, product),
      offset: mean,
    }));
  }
}

/** Predictions for every row. */
export function predictRidge({ weights, offset }: Ridge, { rows, columns, data }: Matrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = offset;
    for (let column = 0; column < columns; column++)
      sum += (weights[column] as number) * (data[row * columns + column] as number);
    return sum;
  });
}

/** 1 − Σ (y − ŷ)² / Σ (y − mean)²: 1 is perfect, 0 no better than the mean of these rows, negative worse. NaN for a constant target. */
export function rSquared(predicted: ArrayLike<number>, truth: ArrayLike<number>): number {
  let mean = 0;
  for (let row = 0; row < truth.length; row++) mean += at(truth, row) / truth.length;
  let errors = 0;
  let total = 0;
  for (let row = 0; row < truth.length; row++) {
    errors += (at(truth, row) - at(predicted, row)) ** 2;
    total += (at(truth, row) - mean) ** 2;
  }
  return total > 0 ? 1 - errors / total : Number.NaN;
}

function gramOf({ rows, columns, data }: Matrix): Float64Array {
  const gram = new Float64Array(columns * columns);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < columns; i++) {
      const value = data[row * columns + i] as number;
      for (let j = 0; j <= i; j++)
        gram[i * columns + j] =
          (gram[i * columns + j] as number) + value * (data[row * columns + j] as number);
    }
  return gram;
}

function transposedProduct(
  { rows, columns, data }: Matrix,
  values: Float64Array,
  mean: number,
): Float64Array {
  const product = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    const value = (values[row] as number) - mean;
    for (let column = 0; column < columns; column++)
      product[column] = (product[column] as number) + value * (data[row * columns + column] as number);
  }
  return product;
}

/** Lower triangle L with L Lᵀ = A + diagonal I; only the lower triangle of A is read. */
function cholesky(matrix: Float64Array, size: number, diagonal: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = (matrix[i * size + j] as number) + (i === j ? diagonal : 0);
      for (let k = 0; k < j; k++) sum -= (lower[i * size + k] as number) * (lower[j * size + k] as number);
      // Rounding can leave a pivot of a nearly singular matrix below 0; a huge one switches its feature off.
      if (i === j) lower[i * size + i] = sum > 0 ? Math.sqrt(sum) : 1e150;
      else lower[i * size + j] = sum / (lower[j * size + j] as number);
    }
  return lower;
}

function solveCholesky(lower: Float64Array, size: number, right: Float64Array): Float64Array {
  const solution = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    let sum = solution[i] as number;
    for (let k = 0; k < i; k++) sum -= (lower[i * size + k] as number) * (solution[k] as number);
    solution[i] = sum / (lower[i * size + i] as number);
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = solution[i] as number;
    for (let k = i + 1; k < size; k++) sum -= (lower[k * size + i] as number) * (solution[k] as number);
    solution[i] = sum / (lower[i * size + i] as number);
  }
  return solution;
}
