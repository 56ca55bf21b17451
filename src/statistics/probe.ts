/** Probes: how much of each target a representation tells, linearly and with a Gaussian kernel, on rows that the probe was not fitted to. */
import { at } from "../base/invariant.ts";
import type { RandomStream } from "../base/random.ts";
import type { Matrix } from "./matrix.ts";
import { columnOf, fitStandardiser, sampleRows, sideBySide, standardise, takeRows } from "./matrix.ts";
import { predictRidge, RidgeSolver, rSquared } from "./ridge.ts";

/** Penalties that are tried. */
const PENALTIES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10];
/** Kernel widths that are tried, in medians of the distance between rows. */
const WIDTHS = [0.5, 1, 2];
/** Random features of the kernel. */
const FEATURES = 128;
/** Rows behind a median distance. */
const MEDIAN_ROWS = 200;

/** One sample for fitting, one for choosing penalty and width, one for the result. */
export interface ProbeRows<T> {
  readonly fit: T;
  readonly choose: T;
  readonly test: T;
}

/** R² of every target (column) on the test rows. */
export interface ProbeResult {
  readonly linear: readonly number[];
  /** From the inputs themselves and random Fourier features of them, so it can do what the linear probe can. */
  readonly nonlinear: readonly number[];
}

/** Fits both probes to `inputs` (standardised on the way) for every column of `targets`. */
export function probe(
  inputs: ProbeRows<Matrix>,
  targets: ProbeRows<Matrix>,
  random: RandomStream,
): ProbeResult {
  const scaled = scaledBy(inputs, inputs.fit);
  const linear = [best([scaled], targets)].flat();
  const median = medianDistance(scaled.fit, random);
  const lifted = WIDTHS.map((width) => fourierFeatures(scaled, width * median, random));
  return { linear, nonlinear: best([scaled, ...lifted], targets) };
}

/** For every target the R² of the features and penalty that did best on the rows for choosing. */
function best(candidates: readonly ProbeRows<Matrix>[], targets: ProbeRows<Matrix>): number[] {
  const { columns } = targets.fit;
  const chosen = Array.from({ length: columns }, () => ({
    score: Number.NEGATIVE_INFINITY,
    result: Number.NaN,
  }));
  const choose = Array.from({ length: columns }, (_, column) => columnOf(targets.choose, column));
  const test = Array.from({ length: columns }, (_, column) => columnOf(targets.test, column));
  for (const features of candidates) {
    const solver = new RidgeSolver(features.fit, targets.fit);
    for (const penalty of PENALTIES)
      for (const [column, ridge] of solver.solve(penalty).entries()) {
        const score = rSquared(predictRidge(ridge, features.choose), at(choose, column));
        if (!(score > at(chosen, column).score)) continue;
        chosen[column] = { score, result: rSquared(predictRidge(ridge, features.test), at(test, column)) };
      }
  }
  return chosen.map(({ result }) => result);
}

function scaledBy(samples: ProbeRows<Matrix>, reference: Matrix): ProbeRows<Matrix> {
  const standardiser = fitStandardiser(reference);
  return mapParts(samples, (sample) => standardise(sample, standardiser));
}

/** cos(ω x + φ) √2 with normal ω / width and uniform φ, besides x itself (Rahimi and Recht, NIPS 2007); centred and scaled like every input. */
function fourierFeatures(samples: ProbeRows<Matrix>, width: number, random: RandomStream): ProbeRows<Matrix> {
  const { columns } = samples.fit;
  const waves = Float64Array.from({ length: FEATURES * columns }, (_, index) => random.normal(index) / width);
  const phases = Float64Array.from(
    { length: FEATURES },
    (_, index) => 2 * Math.PI * random.uniform(FEATURES * columns + index),
  );
  const lift = ({ rows, data }: Matrix): Matrix => {
    const lifted = new Float64Array(rows * FEATURES);
    for (let row = 0; row < rows; row++)
      for (let feature = 0; feature < FEATURES; feature++) {
        let angle = phases[feature] as number;
        for (let column = 0; column < columns; column++)
          angle += (waves[feature * columns + column] as number) * (data[row * columns + column] as number);
        lifted[row * FEATURES + feature] = Math.SQRT2 * Math.cos(angle);
      }
    return { rows, columns: FEATURES, data: lifted };
  };
  const lifted = mapParts(samples, lift);
  return joinParts(samples, scaledBy(lifted, lifted.fit), (own, other) => sideBySide([own, other]));
}

function medianDistance(sample: Matrix, random: RandomStream): number {
  const { rows, columns, data } = takeRows(sample, sampleRows(sample.rows, MEDIAN_ROWS, random));
  const distances: number[] = [];
  for (let i = 1; i < rows; i++)
    for (let j = 0; j < i; j++) {
      let sum = 0;
      for (let column = 0; column < columns; column++)
        sum += (at(data, i * columns + column) - at(data, j * columns + column)) ** 2;
      distances.push(Math.sqrt(sum));
    }
  distances.sort((a, b) => a - b);
  return distances[distances.length >> 1] || 1;
}

export function mapParts<T, R>({ fit, choose, test }: ProbeRows<T>, change: (part: T) => R): ProbeRows<R> {
  return { fit: change(fit), choose: change(choose), test: change(test) };
}

function joinParts<T, R>(a: ProbeRows<T>, b: ProbeRows<T>, join: (own: T, other: T) => R): ProbeRows<R> {
  return { fit: join(a.fit, b.fit), choose: join(a.choose, b.choose), test: join(a.test, b.test) };
}
