/** What the CPU target has to reach, as ratios within one run on one machine. */

export interface Bar {
  readonly what: string;
  readonly ratio: number;
  readonly least: number;
}

/**
 * Matrix products: GFLOP/s of hand-written prototypes with two threads, on a machine whose peak probe gave 56. What is measured, relative to the peak of
 * the machine it is measured on, has to be 9 tenths of that.
 */
export const MATMUL_BARS: readonly {
  readonly shape: readonly [number, number, number];
  readonly two: number;
}[] = [
  { shape: [512, 512, 512], two: 70 },
  { shape: [1024, 1024, 1024], two: 73 },
  { shape: [144, 64, 256], two: 73 },
  { shape: [2400, 300, 256], two: 76 },
  { shape: [7200, 768, 768], two: 81 },
  { shape: [48, 192, 64], two: 79 },
];
/** 48 products of [50, 64] and [64, 50]. */
export const BATCHED_BAR = { shape: [50, 64, 50], batch: 48, two: 65 } as const;
const PROTOTYPE_PEAK = 56;
const PART = 0.9;

export function matmulBar(what: string, gflops: number, peak: number, two: number): Bar {
  return {
    what: `${what}, 2 threads, of the peak`,
    ratio: gflops / peak,
    least: (PART * two) / PROTOTYPE_PEAK,
  };
}

export const LEAST = { lstm: 1, published: 3, tuned: 1, software: 10 } as const;

export function describeBar({ what, ratio, least }: Bar): string {
  const verdict = ratio >= least ? "reached" : "missed";
  return `| ${what} | ${ratio.toFixed(2)} | ${least.toFixed(2)} | ${verdict} |`;
}
