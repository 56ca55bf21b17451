/**
 * Dependence of two samples through the similarities (or distances) of their rows: distance correlation, the normalised Hilbert-Schmidt independence
 * criterion (HSIC) and its linear form. All three are the same correlation of two n × n matrices; they differ in the matrix alone (Sejdinovic et al.,
 * arXiv 1207.6076). Matrices are U-centred, which makes each covariance unbiased: 0 in the mean for independent samples, whatever n and the widths are.
 */
import { at, invariant } from "../base/invariant.ts";
import type { RandomStream } from "../base/random.ts";
import type { Matrix } from "./matrix.ts";

/** Fewer rows cannot be U-centred. */
export const LEAST_ROWS = 4;

/** Share of the squares of a matrix that rounding leaves when everything else cancels. */
const ROUNDING = 1e-24;

/** A U-centred matrix over the rows of a sample. */
export interface Similarity {
  readonly rows: number;
  /** [rows, rows], symmetric, 0 on the diagonal, every row sums to 0. */
  readonly data: Float64Array;
}

/** Euclidean distances: the correlation of two of these is the bias-corrected squared distance correlation (Székely and Rizzo, arXiv 1310.2926). */
export function distanceSimilarity(sample: Matrix): Similarity {
  return uCentred(
    squaredDistances(sample).map((square) => Math.sqrt(square)),
    sample.rows,
  );
}

/**
 * Gaussian kernel exp(−d² / 2σ²): the correlation of two of these is the normalised HSIC, from unbiased estimates (Song et al., JMLR 13, 2012, eq. 5). Without
 * `width`, σ is the median of the distances between different rows.
 */
export function gaussianSimilarity(sample: Matrix, width?: number): Similarity {
  const squares = squaredDistances(sample);
  const variance = width === undefined ? medianOfPairs(squares, sample.rows) : width ** 2;
  return uCentred(
    squares.map((square) => Math.exp(-square / (2 * variance))),
    sample.rows,
  );
}

/** Inner products of centred rows: sees linear dependence alone (unbiased linear CKA, arXiv 1905.00414). */
export function linearSimilarity(sample: Matrix): Similarity {
  const { rows, columns, data } = sample;
  const products = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let column = 0; column < columns; column++)
        sum += (data[i * columns + column] as number) * (data[j * columns + column] as number);
      products[i * rows + j] = sum;
      products[j * rows + i] = sum;
    }
  return uCentred(products, rows);
}

/** Unbiased estimate of the covariance: Σ a_ij b_ij / (n (n − 3)). */
export function similarityCovariance(a: Similarity, b: Similarity): number {
  let sum = 0;
  for (let index = 0; index < a.data.length; index++)
    sum += (a.data[index] as number) * (b.data[index] as number);
  return sum / (a.rows * (a.rows - 3));
}

/** Correlation of two similarities: 1 for equal ones, about 0 (either sign) for independent samples; NaN where a sample does not vary. */
export function similarityCorrelation(a: Similarity, b: Similarity): number {
  const squares = similarityCovariance(a, a) * similarityCovariance(b, b);
  return squares > 0 ? similarityCovariance(a, b) / Math.sqrt(squares) : Number.NaN;
}

/**
 * Share of random pairings of the rows whose covariance is at least that of the true pairing, the true one counted among them, so never 0: the p-value of
 * a permutation test for independence.
 */
export function permutationPValue(
  a: Similarity,
  b: Similarity,
  permutations: readonly Uint32Array[],
): number {
  const { rows } = a;
  const reached = lowerSum(
    a,
    b,
    Uint32Array.from({ length: rows }, (_, row) => row),
  );
  const asLarge = permutations.filter((order) => lowerSum(a, b, order) >= reached).length;
  return (1 + asLarge) / (1 + permutations.length);
}

/** Random orders of the rows for {@link permutationPValue}; the same ones serve every pair of samples. */
export function permutationsOf(
  rows: number,
  count: number,
  random: (index: number) => RandomStream,
): Uint32Array[] {
  return Array.from({ length: count }, (_, index) => random(index).permutation(rows));
}

/** Σ over i > j of a_ij b_π(i)π(j). */
function lowerSum(a: Similarity, b: Similarity, order: Uint32Array): number {
  const { rows } = a;
  let sum = 0;
  for (let i = 1; i < rows; i++) {
    const own = i * rows;
    const other = (order[i] as number) * rows;
    for (let j = 0; j < i; j++)
      sum += (a.data[own + j] as number) * (b.data[other + (order[j] as number)] as number);
  }
  return sum;
}

function squaredDistances({ rows, columns, data }: Matrix): Float64Array {
  const squares = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let column = 0; column < columns; column++) {
        const gap = (data[i * columns + column] as number) - (data[j * columns + column] as number);
        sum += gap * gap;
      }
      squares[i * rows + j] = sum;
      squares[j * rows + i] = sum;
    }
  return squares;
}

/** The median of the entries below the diagonal; the smallest number above 0 there where more than half are 0. */
function medianOfPairs(squares: Float64Array, rows: number): number {
  const pairs = new Float64Array((rows * (rows - 1)) / 2);
  let next = 0;
  for (let i = 1; i < rows; i++) for (let j = 0; j < i; j++) pairs[next++] = at(squares, i * rows + j);
  pairs.sort();
  const middle = at(pairs, pairs.length >> 1);
  return middle > 0 ? middle : (pairs.find((square) => square > 0) ?? 1);
}

/** a_ij − Σ_k a_ik / (n − 2) − Σ_k a_kj / (n − 2) + Σ a / ((n − 1) (n − 2)) off the diagonal, of a symmetric matrix; its diagonal does not count. */
function uCentred(matrix: Float64Array, rows: number): Similarity {
  invariant(rows >= LEAST_ROWS, `U-centring needs ${LEAST_ROWS} rows`);
  const sums = new Float64Array(rows);
  let total = 0;
  for (let i = 0; i < rows; i++) {
    matrix[i * rows + i] = 0;
    let sum = 0;
    for (let j = 0; j < rows; j++) sum += matrix[i * rows + j] as number;
    sums[i] = sum / (rows - 2);
    total += sum;
  }
  total /= (rows - 1) * (rows - 2);
  const data = new Float64Array(rows * rows);
  let before = 0;
  let after = 0;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < i; j++) {
      const value = (matrix[i * rows + j] as number) - (sums[i] as number) - (sums[j] as number) + total;
      before += (matrix[i * rows + j] as number) ** 2;
      after += value * value;
      data[i * rows + j] = value;
      data[j * rows + i] = value;
    }
  // Of a sample that does not vary, rounding alone is left.
  return { rows, data: after > ROUNDING * before ? data : data.fill(0) };
}
