/** How factors become a sequence: a fixed random network whose first layer is modulated along time by the factors. */

import { hash32 } from "../base/hash.ts";
import { at } from "../base/invariant.ts";
import { RandomStream } from "../base/random.ts";

/** Temporal basis functions per modality. */
const BASES = 6;
const HIDDEN = 24;

/** A matrix of independent normal numbers with the given deviation, [rows][columns]. */
function randomMatrix(
  random: RandomStream,
  rows: number,
  columns: number,
  deviation: number,
  offset: number,
): Float64Array[] {
  return Array.from({ length: rows }, (_, row) =>
    Float64Array.from(
      { length: columns },
      (_, column) => deviation * random.normal(offset + row * columns + column),
    ),
  );
}

/**
 * h(t) = tanh(A f + B (g(f) ⊙ φ(t)) + c), out(t) = tanh(C h(t)) scaled to deviation near 1: f are the factors, φ are
 * sines of random frequency and phase, g is linear, so that the factors decide how strongly each basis swings.
 */
export class Mixer {
  private readonly still: Float64Array[];
  private readonly gains: Float64Array[];
  private readonly swing: Float64Array[];
  private readonly offset: Float64Array;
  private readonly out: Float64Array[];
  private readonly frequency: Float64Array;
  private readonly phase: Float64Array;

  constructor(seed: number, name: string, factors: number, width: number) {
    const random = new RandomStream(seed, hash32(`synthetic/mixer/${name}`));
    // Each matrix reads draws of its own: a million numbers apart is beyond every size.
    const matrix = (rows: number, columns: number, deviation: number, site: number) =>
      randomMatrix(random, rows, columns, deviation, site * 2 ** 26);
    this.still = matrix(HIDDEN, factors, 1 / Math.sqrt(factors), 0);
    this.gains = matrix(BASES, factors, 1 / Math.sqrt(factors), 1);
    this.swing = matrix(HIDDEN, BASES, 1 / Math.sqrt(BASES), 2);
    this.out = matrix(width, HIDDEN, 1.5 / Math.sqrt(HIDDEN), 3);
    this.offset = at(matrix(1, HIDDEN, 0.3, 4), 0);
    this.frequency = Float64Array.from(
      { length: BASES },
      (_, base) => 0.5 + 2.5 * random.uniform(5 * 2 ** 26 + base),
    );
    this.phase = Float64Array.from(
      { length: BASES },
      (_, base) => 2 * Math.PI * random.uniform(6 * 2 ** 26 + base),
    );
  }

  /** The outputs at `time` in [0, 1] for one row's factors. */
  at(factors: readonly number[], time: number): number[] {
    const bases = this.gains.map((row, base) => {
      const wave = Math.sin(
        2 * Math.PI * (this.frequency[base] as number) * time + (this.phase[base] as number),
      );
      return wave * dot(row, factors);
    });
    const hidden = this.still.map((row, unit) =>
      Math.tanh(dot(row, factors) + dot(at(this.swing, unit), bases) + (this.offset[unit] as number)),
    );
    return this.out.map((row) => 1.5 * Math.tanh(dot(row, hidden)));
  }
}

function dot(weights: Float64Array, values: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < weights.length; index++)
    sum += (weights[index] as number) * (values[index] ?? 0);
  return sum;
}
