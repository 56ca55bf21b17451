/**
 * Results of several variants and seeds as one table: mean and standard deviation over seeds, and paired differences to the first variant with
 * a bootstrap interval. Nothing is read or written here.
 */
import { at } from "../base/invariant.ts";
import { RandomStream } from "../base/random.ts";
import type { AbsentRows } from "../data/drop.ts";
import type { Confusion } from "../statistics/confusion.ts";
import type { Unpredicted } from "./tables.ts";

/** Resamples of the seeds behind an interval. */
const RESAMPLES = 10_000;
/** Fewer pairs than this have no interval. */
export const LEAST_PAIRS = 3;
/** Share of the resampled means that lies outside an interval, on each side. */
const TAIL = 0.025;
/** Names the stream of random numbers: the same resamples for every variant and metric, so that a table depends on results alone. */
const STREAM = [0x636f6d70, 0x61726521] as const;

/** What one run has left: values by split and metric, null where a metric is not defined. */
export type RunValues = Readonly<Record<string, Readonly<Record<string, number | null>>>>;

export interface ComparedVariant {
  /** One value per axis, as written. */
  readonly values: readonly string[];
  /** In the order of the seeds; null: the run has no result, because its loss stopped being a number. */
  readonly runs: readonly (RunValues | null)[];
  /** The folders of these runs. */
  readonly folders: readonly string[];
}

export interface ComparisonRequest {
  /** Names of the settings that differ. */
  readonly axes: readonly string[];
  readonly seeds: readonly number[];
  /** Splits in the order of the tables. */
  readonly splits: readonly string[];
  readonly metrics: readonly string[];
  readonly variants: readonly ComparedVariant[];
}

/** Mean and, with at least two numbers, their sample standard deviation. */
export interface Spread {
  readonly count: number;
  readonly mean: number | null;
  readonly deviation: number | null;
}

/** This variant minus the first one, seed by seed; `low` and `high` are null with fewer than three pairs. */
export interface Difference {
  readonly count: number;
  readonly mean: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

interface Cell extends Spread {
  readonly split: string;
  readonly metric: string;
  /** In the order of the seeds. */
  readonly values: readonly (number | null)[];
  /** Null for the first variant. */
  readonly difference: Difference | null;
}

export interface ComparisonRow {
  readonly values: readonly string[];
  /** Where the runs are, in the order of the seeds. */
  readonly folders: readonly string[];
  /** Seeds whose run has no result. */
  readonly failed: readonly number[];
  /** For every split every metric. */
  readonly cells: readonly Cell[];
}

/** Classes against predicted classes in a split, counted over all runs. */
export interface SplitConfusion extends Confusion {
  readonly split: string;
}

/** What the rows of one run lacked while it was evaluated: modalities that were dropped, and labelled rows that its metrics leave out for want of a prediction. */
export interface RunLacks {
  readonly seed: number;
  readonly absent: readonly AbsentRows[];
  readonly unpredicted: readonly (Unpredicted & { readonly split: string })[];
}

export interface Comparison extends Pick<ComparisonRequest, "axes" | "seeds" | "splits" | "metrics"> {
  /** Of runs of one model with a class label. */
  readonly confusions?: readonly SplitConfusion[];
  /** Of runs that were evaluated anew; runs that lacked nothing are left out. */
  readonly lacks?: readonly RunLacks[];
  readonly rows: readonly ComparisonRow[];
}

/** The table of a comparison. The first variant is the one that the others are compared with. */
export function compareRuns(request: ComparisonRequest): Comparison {
  const { axes, seeds, splits, metrics, variants } = request;
  const first = at(variants, 0);
  const rows = variants.map((variant) => ({
    values: variant.values,
    folders: variant.folders,
    failed: seeds.filter((_, index) => (variant.runs[index] ?? null) === null),
    cells: splits.flatMap((split) =>
      metrics.map((metric): Cell => {
        const values = valuesOf(variant, split, metric);
        const difference =
          variant === first ? null : pairedDifference(valuesOf(first, split, metric), values);
        return { split, metric, values, ...spread(values), difference };
      }),
    ),
  }));
  return { axes, seeds, splits, metrics, rows };
}

function valuesOf({ runs }: ComparedVariant, split: string, metric: string): (number | null)[] {
  return runs.map((run) => run?.[split]?.[metric] ?? null);
}

/** Values that are null do not count. */
function spread(values: readonly (number | null)[]): Spread {
  const defined = values.filter((value) => value !== null);
  const count = defined.length;
  if (count === 0) return { count, mean: null, deviation: null };
  const mean = meanOf(defined);
  if (count === 1) return { count, mean, deviation: null };
  const squares = defined.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { count, mean, deviation: Math.sqrt(squares / (count - 1)) };
}

/** Pairs with a null on either side do not count. */
function pairedDifference(base: readonly (number | null)[], other: readonly (number | null)[]): Difference {
  const pairs = other.flatMap((value, index) => {
    const reference = base[index] ?? null;
    return value === null || reference === null ? [] : [value - reference];
  });
  const count = pairs.length;
  const mean = count === 0 ? null : meanOf(pairs);
  if (count < LEAST_PAIRS) return { count, mean, low: null, high: null };
  const means = resampledMeans(pairs);
  return { count, mean, low: quantile(means, TAIL), high: quantile(means, 1 - TAIL) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Means of as many values drawn with replacement, in rising order (percentile bootstrap, doi 10.1214/aos/1176344552). */
function resampledMeans(values: readonly number[]): Float64Array {
  const { length } = values;
  const stream = new RandomStream(...STREAM);
  const means = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let sum = 0;
    for (let draw = 0; draw < length; draw++) {
      sum += at(values, Math.floor(stream.uniform(resample * length + draw) * length));
    }
    means[resample] = sum / length;
  }
  return means.sort();
}

/** Linear between the two nearest of the sorted values. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const low = at(sorted, below);
  const high = at(sorted, Math.min(below + 1, sorted.length - 1));
  return low + (place - below) * (high - low);
}
