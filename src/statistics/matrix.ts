/** Samples as a matrix: a row per sample, a column per number, float64. */
import { at, invariant } from "../base/invariant.ts";
import type { RandomStream } from "../base/random.ts";

/** A column whose deviation is below this share of its largest value holds rounding errors only. */
const CONSTANT = 1e-6;

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** Row-major. */
  readonly data: Float64Array;
}

/** A matrix of these values, [rows, columns] row-major. */
export function matrixOf(values: ArrayLike<number>, rows: number): Matrix {
  const columns = rows === 0 ? 0 : values.length / rows;
  invariant(Number.isInteger(columns), "rows of a matrix are of one length");
  return { rows, columns, data: Float64Array.from(values) };
}

/** The rows with these numbers, in this order. */
export function takeRows({ columns, data }: Matrix, rows: ArrayLike<number>): Matrix {
  const taken = new Float64Array(rows.length * columns);
  for (let row = 0; row < rows.length; row++) {
    const from = at(rows, row) * columns;
    taken.set(data.subarray(from, from + columns), row * columns);
  }
  return { rows: rows.length, columns, data: taken };
}

/** The values of one column. */
export function columnOf({ rows, columns, data }: Matrix, column: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => at(data, row * columns + column));
}

/** Matrices of the same rows, side by side. */
export function sideBySide(parts: readonly Matrix[]): Matrix {
  const { rows } = at(parts, 0);
  const columns = parts.reduce((sum, part) => sum + part.columns, 0);
  const data = new Float64Array(rows * columns);
  let offset = 0;
  for (const part of parts) {
    for (let row = 0; row < rows; row++)
      data.set(part.data.subarray(row * part.columns, (row + 1) * part.columns), row * columns + offset);
    offset += part.columns;
  }
  return { rows, columns, data };
}

/** x ↦ (x − mean) / deviation column by column, for the columns that vary. */
export interface Standardiser {
  /** Numbers of the columns that vary, in order. */
  readonly kept: readonly number[];
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Mean and standard deviation (over n) of the columns that vary in these rows. */
export function fitStandardiser({ rows, columns, data }: Matrix): Standardiser {
  const [kept, mean, deviation]: [number[], number[], number[]] = [[], [], []];
  for (let column = 0; column < columns; column++) {
    let sum = 0;
    let largest = 0;
    for (let row = 0; row < rows; row++) {
      const value = at(data, row * columns + column);
      sum += value;
      largest = Math.max(largest, Math.abs(value));
    }
    const centre = sum / rows;
    let squares = 0;
    for (let row = 0; row < rows; row++) squares += (at(data, row * columns + column) - centre) ** 2;
    const spread = Math.sqrt(squares / rows);
    if (!(spread > CONSTANT * largest)) continue;
    kept.push(column);
    mean.push(centre);
    deviation.push(spread);
  }
  return { kept, mean, deviation };
}

/** The columns that vary, standardised. */
export function standardise({ rows, columns, data }: Matrix, by: Standardiser): Matrix {
  const width = by.kept.length;
  const scaled = new Float64Array(rows * width);
  for (const [index, column] of by.kept.entries()) {
    const mean = at(by.mean, index);
    const deviation = at(by.deviation, index);
    for (let row = 0; row < rows; row++)
      scaled[row * width + index] = (at(data, row * columns + column) - mean) / deviation;
  }
  return { rows, columns: width, data: scaled };
}

/** The columns that vary, standardised by these rows themselves. */
export function standardised(sample: Matrix): Matrix {
  return standardise(sample, fitStandardiser(sample));
}

/** `most` of the numbers 0 to count − 1 by chance, in rising order; all of them where there are no more. */
export function sampleRows(count: number, most: number, random: RandomStream): Uint32Array {
  if (count <= most) return Uint32Array.from({ length: count }, (_, row) => row);
  return random.permutation(count).slice(0, most).sort();
}
