/** Columns of a feature field, seen row by row: moments for scaling, and extremes that deserve a look. */
import type { Scaling } from "../schema.ts";

/** Beyond this the square of a value is no 32-bit number any more, or nearly so. */
const HUGE = 1e18;
/**
 * An extreme that repeats, is a whole number but not 0 (as -255 or 999 are), and lies this many times the span of all
 * other values away from them is suspect.
 */
const GAP = 3;

/** Values of one column that lie apart from all others and occur several times, as a stand-in for "missing" does. */
interface Suspect {
  readonly column: number;
  readonly value: number;
  readonly count: number;
  /** The range of all other values. */
  readonly others: readonly [number, number];
}

/** The extreme on one side of a column (mirrored for the highest), how often it occurs, and the value next to it. */
class Extremes {
  readonly most: Float64Array;
  readonly next: Float64Array;
  readonly count: Float64Array;

  constructor(width: number) {
    this.most = new Float64Array(width).fill(Infinity);
    this.next = new Float64Array(width).fill(Infinity);
    this.count = new Float64Array(width);
  }

  add(column: number, value: number): void {
    const most = this.most[column] as number;
    if (value > most) {
      if (value < (this.next[column] as number)) this.next[column] = value;
    } else if (value === most) this.count[column] = (this.count[column] as number) + 1;
    else {
      this.next[column] = most;
      this.most[column] = value;
      this.count[column] = 1;
    }
  }
}

export class ColumnStatistics {
  private readonly width: number;
  private readonly count: Float64Array;
  private readonly mean: Float64Array;
  private readonly squares: Float64Array;
  private readonly low: Extremes;
  /** Of the negated values. */
  private readonly high: Extremes;
  private steps = 0;

  constructor(width: number) {
    this.width = width;
    this.count = new Float64Array(width);
    this.mean = new Float64Array(width);
    this.squares = new Float64Array(width);
    this.low = new Extremes(width);
    this.high = new Extremes(width);
  }

  /**
   * Adds the steps of one row (steps × width; NaN is no value). Moments of the row are joined to those so far
   * (T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979),
   * so that one pass through the data is enough and as exact as two.
   */
  add(values: Float64Array): void {
    const { width } = this;
    this.steps += values.length / width;
    for (let column = 0; column < width; column++) {
      let [count, sum] = [0, 0];
      for (let index = column; index < values.length; index += width) {
        const value = values[index] as number;
        if (Number.isNaN(value)) continue;
        count++;
        sum += value;
        this.low.add(column, value);
        this.high.add(column, -value);
      }
      if (count === 0) continue;
      const mean = sum / count;
      let squares = 0;
      for (let index = column; index < values.length; index += width) {
        const value = values[index] as number;
        if (!Number.isNaN(value)) squares += (value - mean) ** 2;
      }
      this.join(column, count, mean, squares);
    }
  }

  private join(column: number, count: number, mean: number, squares: number): void {
    const before = this.count[column] as number;
    const all = before + count;
    const difference = mean - (this.mean[column] as number);
    this.count[column] = all;
    this.mean[column] = (this.mean[column] as number) + (difference * count) / all;
    this.squares[column] =
      (this.squares[column] as number) + squares + (difference ** 2 * before * count) / all;
  }

  /** Mean and deviation (of the population) of every column; null if no step was added. */
  scaling(clip: number | null): Scaling | null {
    if (this.steps === 0) return null;
    const columns = Array.from({ length: this.width }, (_, column) => column);
    // A column is constant if its values are equal; the deviation of equal values need not come out as 0.
    const isConstant = (column: number) =>
      !(-(this.high.most[column] as number) > (this.low.most[column] as number));
    const constant = columns.filter(isConstant);
    const deviation = columns.map((column) =>
      isConstant(column) ? 1 : Math.sqrt((this.squares[column] as number) / (this.count[column] as number)),
    );
    const mean = columns.map((column) =>
      isConstant(column) ? this.only(column) : (this.mean[column] as number),
    );
    return { mean, deviation, constant, clip, fittedOn: this.steps };
  }

  /** The value of a constant column; 0 if it has none. */
  private only(column: number): number {
    const value = this.low.most[column] as number;
    return Number.isFinite(value) ? value : 0;
  }

  /** Columns with values whose squares overflow in 32 bits. */
  get huge(): number[] {
    return Array.from({ length: this.width }, (_, column) => column).filter((column) => {
      const [low, high] = [this.low.most[column] as number, -(this.high.most[column] as number)];
      return (this.count[column] as number) > 0 && Math.max(-low, high) > HUGE;
    });
  }

  /** Values that look like stand-ins for "missing". */
  get suspects(): Suspect[] {
    const found: Suspect[] = [];
    for (let column = 0; column < this.width; column++) {
      const [low, nextLow] = [this.low.most[column] as number, this.low.next[column] as number];
      const [high, nextHigh] = [-(this.high.most[column] as number), -(this.high.next[column] as number)];
      const [lows, highs] = [this.low.count[column] as number, this.high.count[column] as number];
      if (lows > 1 && isMark(low) && high > nextLow && nextLow - low > GAP * (high - nextLow))
        found.push({ column, value: low, count: lows, others: [nextLow, high] });
      if (highs > 1 && isMark(high) && nextHigh > low && high - nextHigh > GAP * (nextHigh - low))
        found.push({ column, value: high, count: highs, others: [low, nextHigh] });
    }
    return found;
  }
}

function isMark(value: number): boolean {
  return Number.isInteger(value) && value !== 0;
}
