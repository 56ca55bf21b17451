/** Several runs of one model as one table: mean and standard deviation over their seeds. */
import { at } from "../base/invariant.ts";
import type { Drops } from "../data/drop.ts";
import { absentRows } from "../data/drop.ts";
import { splitResults } from "../driver/results.ts";
import type { Comparison, RunLacks, RunValues } from "../report/comparison.ts";
import { compareRuns } from "../report/comparison.ts";
import { readRun } from "../report/run-directory.ts";
import { runError } from "../report/run-error.ts";
import type { RunInfo } from "../report/run-info.ts";
import { metricsJson } from "../report/tables.ts";
import type { Confusion } from "../statistics/confusion.ts";
import type { DeviceFlags } from "./devices.ts";
import type { EvaluatedRun } from "./evaluate-run.ts";
import { evaluateRun } from "./evaluate-run.ts";

export interface EvaluateRuns {
  readonly runs: readonly string[];
  /** Null: the dataset of each run. */
  readonly data: string | null;
  readonly splits: readonly string[];
  /** Shares of rows that lose a modality; null: those of each run. */
  readonly drop: Drops | null;
  /** Rows of a batch; null: as many as in training. */
  readonly batch: number | null;
  readonly device: DeviceFlags;
}

/** Evaluates every run. Throws a UserError where runs are not of one model with the same settings and seeds of their own. */
export async function evaluateRuns(request: EvaluateRuns): Promise<Comparison> {
  const { runs, data, splits, drop, batch, device } = request;
  const infos = runs.map(readRun);
  requireOneModel(runs, infos);
  const values: RunValues[] = [];
  const confusions = new Map<string, Confusion>();
  const lacks: RunLacks[] = [];
  let shown: readonly string[] = [];
  for (const [index, run] of runs.entries()) {
    const evaluated = await evaluateRun({ run, data, splits, drop, batch, device });
    const { evaluations, settings } = evaluated;
    values.push(valuesOf(evaluations));
    lacks.push(lacksOf(at(infos, index).seed, evaluated));
    for (const [split, { confusion }] of evaluations)
      if (confusion !== null) confusions.set(split, addConfusion(confusions.get(split), confusion));
    const [first] = evaluations.values();
    shown = settings.report.length > 0 ? settings.report : [...(first?.metrics.keys() ?? [])];
  }
  const table = compareRuns({
    axes: ["model"],
    seeds: infos.map(({ seed }) => seed),
    splits,
    metrics: shown,
    variants: [{ values: [at(infos, 0).model], runs: values, folders: runs }],
  });
  const counts = [...confusions].map(([split, confusion]) => ({ split, ...confusion }));
  const lacking = lacks.filter(({ absent, unpredicted }) => absent.length + unpredicted.length > 0);
  return {
    ...table,
    ...(counts.length === 0 ? {} : { confusions: counts }),
    ...(lacking.length === 0 ? {} : { lacks: lacking }),
  };
}

function lacksOf(seed: number, { dataset, drop, evaluations }: EvaluatedRun): RunLacks {
  const unpredicted = [...evaluations].flatMap(([split, evaluation]) =>
    evaluation.unpredicted === null ? [] : [{ split, ...evaluation.unpredicted }],
  );
  return { seed, absent: absentRows(dataset, drop), unpredicted };
}

/** Counts of several runs together. The runs have one dataset, so that only classes without a name can be more in one of them. */
function addConfusion(before: Confusion | undefined, more: Confusion): Confusion {
  if (before === undefined) return more;
  const { classes } = before.classes.length > more.classes.length ? before : more;
  const count = ({ counts }: Confusion, t: number, p: number) => counts[t]?.[p] ?? 0;
  const counts = classes.map((_, t) => classes.map((__, p) => count(before, t, p) + count(more, t, p)));
  return { classes, counts };
}

function valuesOf(evaluations: Parameters<typeof splitResults>[0]): RunValues {
  const json = metricsJson(splitResults(evaluations));
  return Object.fromEntries(
    Object.entries(json as Record<string, Record<"metrics" | "losses", Record<string, number | null>>>).map(
      ([split, { metrics, losses }]) => [split, { ...losses, ...metrics }],
    ),
  );
}

/** A mean over runs that differ in more than the seed would say nothing. */
function requireOneModel(runs: readonly string[], infos: readonly RunInfo[]): void {
  const [first] = infos;
  const facts = ({ sources, spec, model, settings, epochs, drop, dataset }: RunInfo) => ({
    spec: sources[spec],
    model,
    settings: Object.entries(settings).sort(),
    epochs,
    drop,
    dataset: dataset.fingerprint,
  });
  for (const [index, info] of infos.entries()) {
    if (first === undefined || index === 0) continue;
    const [own, base] = [facts(info), facts(first)];
    const differing = (Object.keys(own) as (keyof typeof own)[]).filter(
      (name) => JSON.stringify(own[name]) !== JSON.stringify(base[name]),
    );
    if (differing.length > 0) {
      throw runError(
        "run-unreadable",
        at(runs, index),
        `The run is not of the same kind as \`${runs[0]}\`; these differ: ${differing.join(", ")}. A mean is over runs that differ in the seed alone.`,
        "Variants side by side: `mird compare`, or `mird eval` for each.",
      );
    }
    const twin = infos.findIndex(({ seed }) => seed === info.seed);
    if (twin < index) {
      throw runError(
        "run-unreadable",
        at(runs, index),
        `The run has the seed ${info.seed}, as \`${at(runs, twin)}\` has; equal seeds give equal runs.`,
      );
    }
  }
}
