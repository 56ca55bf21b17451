/** Golden cases of metrics: `src/statistics/metrics.ts` on predictions and labels. They are computed on the host, whatever the device. */
import { at } from "../../../src/base/invariant.ts";
import { weightedF1 } from "../../../src/statistics/confusion.ts";
import { computeMetrics } from "../../../src/statistics/metrics.ts";
import type { CaseFile } from "../case-file.ts";
import { named, tensorOf } from "../case-file.ts";
import type { Miss } from "../compare.ts";
import { compareTensor } from "../compare.ts";

type Numbers = readonly number[];

/** Golden names as ours. */
const NAMES: Readonly<Record<string, string>> = {
  mae: "mae",
  corr: "corr",
  acc5: "acc5",
  acc7: "acc7",
  acc2_nonneg: "acc2",
  f1_nonneg: "f1",
  acc2_pos: "acc2_non0",
  f1_pos: "f1_non0",
};

/** The reference's own evaluation: these metrics on the rows whose label is not 0. */
const REFERENCE: Readonly<Record<string, string>> = { mae: "mae", corr: "corr", acc2: "acc2", f1: "f1" };

export function runMetricsCase(file: CaseFile): Promise<readonly Miss[]> {
  const predicted = Array.from(tensorOf(file, "in.pred").data, Number);
  const truth = Array.from(tensorOf(file, "in.label").data, Number);
  const kept = truth.flatMap((label, row) => (label === 0 ? [] : [row]));
  const [keptPredicted, keptTruth] = [pick(predicted, kept), pick(truth, kept)];
  const all = computeMetrics("score", { predicted, truth });
  const reference = computeMetrics("score", { predicted: keptPredicted, truth: keptTruth });
  const values = new Map<string, number>([
    ...renamed(NAMES, all, ""),
    ...renamed(REFERENCE, reference, "ref."),
    // Some evaluations hand over the predictions as the truth.
    ["f1_nonneg_swapped", computeMetrics("score", { predicted: truth, truth: predicted }).get("f1") ?? 0],
    ["f1_pos_swapped", weightedF1({ predicted: positive(keptTruth), truth: positive(keptPredicted) })],
  ]);
  const misses = named(file, "out.").map((name) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`${file.name}: no metric ${name}`);
    return compareTensor(file, `out.${name}`, [value]);
  });
  return Promise.resolve(misses.filter((miss) => miss !== null));
}

function pick(values: Numbers, rows: Numbers): number[] {
  return rows.map((row) => at(values, row));
}

function positive(values: Numbers): number[] {
  return values.map((value) => (value > 0 ? 1 : 0));
}

function renamed(
  names: Readonly<Record<string, string>>,
  values: ReadonlyMap<string, number>,
  prefix: string,
): [string, number][] {
  return Object.entries(names).map(([golden, own]) => [`${prefix}${golden}`, values.get(own) ?? Number.NaN]);
}
