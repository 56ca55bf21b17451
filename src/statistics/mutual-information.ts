/** Mutual information of two samples from the distances of nearest neighbours. */
import { at } from "../base/invariant.ts";
import type { Matrix } from "./matrix.ts";

/** Neighbours of the estimate; few keep its bias small, more its variance. */
const NEIGHBOURS = 5;

/**
 * Estimator 1 of Kraskov, Stögbauer and Grassberger (arXiv cond-mat/0305641, eq. 8), in nats: ψ(k) + ψ(n) − mean(ψ(n_x + 1) + ψ(n_y + 1)), where n_x counts the rows that
 * are nearer in x than the k-th neighbour in (x, y), by the largest difference of a column. Columns should be of comparable scale. Its values scatter around 0 for
 * independent samples; in many dimensions it falls far short of strong dependence, so use it on a few. Columns must not be full of ties.
 */
export function nearestNeighbourInformation(x: Matrix, y: Matrix, neighbours = NEIGHBOURS): number {
  const { rows } = x;
  const inX = new Float64Array(rows);
  const inY = new Float64Array(rows);
  const nearest = new Float64Array(neighbours);
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    nearest.fill(Number.POSITIVE_INFINITY);
    for (let other = 0; other < rows; other++) {
      const dx = largestDifference(x, row, other);
      const dy = largestDifference(y, row, other);
      inX[other] = dx;
      inY[other] = dy;
      if (other !== row) insert(nearest, Math.max(dx, dy));
    }
    const radius = at(nearest, neighbours - 1);
    let nearX = 0;
    let nearY = 0;
    for (let other = 0; other < rows; other++) {
      if (other === row) continue;
      if ((inX[other] as number) < radius) nearX++;
      if ((inY[other] as number) < radius) nearY++;
    }
    sum += digamma(nearX + 1) + digamma(nearY + 1);
  }
  return digamma(neighbours) + digamma(rows) - sum / rows;
}

function largestDifference({ columns, data }: Matrix, row: number, other: number): number {
  let largest = 0;
  for (let column = 0; column < columns; column++) {
    const gap = Math.abs(
      (data[row * columns + column] as number) - (data[other * columns + column] as number),
    );
    if (gap > largest) largest = gap;
  }
  return largest;
}

/** Puts a value into a short sorted list, from which the largest falls out. */
function insert(sorted: Float64Array, value: number): void {
  if (value >= at(sorted, sorted.length - 1)) return;
  let place = sorted.length - 1;
  for (; place > 0 && at(sorted, place - 1) > value; place--) sorted[place] = at(sorted, place - 1);
  sorted[place] = value;
}

/** ψ(x), the derivative of log Γ, for x > 0: recurrence up to 10, then the asymptotic series (Abramowitz and Stegun 6.3.18). */
export function digamma(x: number): number {
  let shift = 0;
  let value = x;
  for (; value < 10; value++) shift -= 1 / value;
  const square = 1 / (value * value);
  const series =
    square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))));
  return shift + Math.log(value) - 1 / (2 * value) - series;
}
