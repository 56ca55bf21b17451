/** Report pages: everything a page shows is gathered here from a run folder, its dataset and its compiled model. */
import { join } from "node:path";
import { at } from "../base/invariant.ts";
import { writeFileAtomic } from "../data/files.ts";
import { isObject, readJson } from "../data/json-shape.ts";
import type { Dataset } from "../data/schema.ts";
import { rowSize } from "../data/schema.ts";
import { runDependence, shownRows, shownSplit } from "../driver/latent-dependence.ts";
import { latentOutputs, outputMatrix } from "../driver/latents.ts";
import { summarize } from "../driver/summary.ts";
import { isComparison, readComparison, readPlan } from "../report/comparison-folder.ts";
import { readLog } from "../report/log.ts";
import type { Cell } from "../report/page/charts.ts";
import { comparisonPage } from "../report/page/comparison-page.ts";
import type { Coloring, LatentScatter, RunPageData } from "../report/page/run-page.ts";
import { resultRows, runPage } from "../report/page/run-page.ts";
import type { RunDependence } from "../report/run-dependence.ts";
import { readDependence } from "../report/run-dependence.ts";
import { readRun } from "../report/run-directory.ts";
import { formatNumber } from "../report/tables.ts";
import { LEAST_ROWS } from "../statistics/centred-correlation.ts";
import { labelScores } from "../statistics/label-sets.ts";
import { standardised } from "../statistics/matrix.ts";
import { principalComponents } from "../statistics/principal-components.ts";
import type { RecordedOutput } from "../train/compiled.ts";
import type { GivenData } from "./dataset.ts";
import type { DeviceFlags } from "./devices.ts";
import type { EvaluatedRun } from "./evaluate-run.ts";
import { evaluateRun } from "./evaluate-run.ts";
import { summaryTables } from "./summary-tables.ts";

/** The page of a run or a comparison, in its folder. */
export const REPORT_FILE = "report.html";

/** Writes `report.html` into the folder of a run or a comparison and returns its path. Throws a UserError for any other folder, and for one without results yet. */
export async function writeReport(
  folder: string,
  data: GivenData | null,
  device: DeviceFlags,
): Promise<string> {
  return isComparison(folder) ? writeComparisonReport(folder) : await writeRunReport(folder, data, device);
}

/** The same for a run; `out`: another file. */
export async function writeRunReport(
  run: string,
  data: GivenData | null,
  device: DeviceFlags,
  out = join(run, REPORT_FILE),
): Promise<string> {
  return writePage(out, runPage(await runPageData(run, data, device)));
}

/** The same for a comparison, from what its runs have left. */
export function writeComparisonReport(folder: string): string {
  const comparison = readComparison(folder);
  const runs = comparison.rows.map(({ folders, failed }) =>
    folders
      .filter((_, index) => !failed.includes(at(comparison.seeds, index)))
      .map((name) => {
        const run = join(folder, name);
        return {
          info: readRun(run),
          log: readLog(join(run, "metrics.jsonl")),
          dependence: readDependence(run),
        };
      }),
  );
  return writePage(join(folder, REPORT_FILE), comparisonPage({ comparison, plan: readPlan(folder), runs }));
}

function writePage(path: string, html: string): string {
  writeFileAtomic(path, [new TextEncoder().encode(html)]);
  return path;
}

async function runPageData(run: string, data: GivenData | null, device: DeviceFlags): Promise<RunPageData> {
  const info = readRun(run);
  const splits = (dataset: Dataset) =>
    [shownSplit(dataset)].filter((name) => dataset.splits[name] !== undefined);
  const evaluated = await evaluateRun({ run, data, splits, device, initial: true });
  const { model, settings, dataset, evaluations, initial } = evaluated;
  const split = shownSplit(dataset);
  const metrics = readJson(join(run, "metrics.json"));
  const rows = shownRows(model, dataset, split);
  const tables = summaryTables(summarize(model));
  const latents = latentOutputs(model);
  const enough = rows.length >= LEAST_ROWS;
  const [before, after] = [initial, evaluations].map((all) => runDependence(model, dataset, all));
  return {
    info,
    log: readLog(join(run, "metrics.jsonl")),
    results: resultRows(isObject(metrics) && isObject(metrics.splits) ? metrics.splits : {}),
    reported: settings.report,
    split,
    dependence: before && after ? { before: cellsOf(before), after: cellsOf(after) } : null,
    scatters: enough ? latents.map((latent) => scatterOf(evaluated, split, latent, rows)) : [],
    colorings: coloringsOf(dataset, split, rows),
    predictions: predictionsOf(evaluated, split),
    plan: tables.phases,
    modules: tables.modules,
    memory: tables.memory,
  };
}

function cellsOf({ pairs }: RunDependence): Cell[] {
  return pairs.map(({ first, second, hsic }) => ({ row: second, column: first, value: hsic }));
}

function scatterOf(
  { evaluations }: EvaluatedRun,
  split: string,
  latent: RecordedOutput,
  rows: Uint32Array,
): LatentScatter {
  const sample = outputMatrix(latent, evaluations.get(split), rows);
  const { scores } = principalComponents(standardised(sample), 2);
  const { columns, data } = scores;
  const value = (row: number, column: number) => (column < columns ? at(data, row * columns + column) : 0);
  return {
    latent: latent.name,
    points: Array.from({ length: scores.rows }, (_, row) => ({ x: value(row, 0), y: value(row, 1) })),
  };
}

/** The label, and the first column of every known factor. */
function coloringsOf(dataset: Dataset, split: string, rows: Uint32Array): Coloring[] {
  return dataset.fields.flatMap((spec): Coloring[] => {
    const { name, kind, classes } = spec;
    const label = name === dataset.label && (kind === "score" || kind === "class");
    const factor = name.startsWith("factor.") && (kind === "vector" || kind === "score");
    const field = dataset.splits[split]?.fields.get(name);
    if (field === undefined || !(label || factor)) return [];
    const values = Array.from(rows, (row) => {
      if (field.present[row] !== 1) return null;
      const value = at(field.data, row * rowSize(spec));
      return kind === "class" ? (classes?.[value] ?? `class ${value}`) : value;
    });
    return [{ name: factor && spec.width > 1 ? `${name}[0]` : name, values }];
  });
}

function predictionsOf({ model, evaluations }: EvaluatedRun, split: string): RunPageData["predictions"] {
  const { confusion = null, pairs = null } = evaluations.get(split) ?? {};
  if (confusion !== null) return { kind: "class", matrix: confusion.counts, names: confusion.classes };
  const { label } = model;
  if (label === null || pairs === null) return null;
  if (label.kind === "set") {
    const lines = labelScores(pairs).map(({ trueCount, predictedCount, f1, averagePrecision }, index) => [
      `${label.name}.${index}`,
      ...[trueCount, predictedCount].map(String),
      ...[f1, averagePrecision].map((value) => formatNumber(value)),
    ]);
    return { kind: "set", labels: [["label", "rows", "predicted", "F1", "average precision"], ...lines] };
  }
  const points = Array.from(pairs.truth, (truth, row) => ({ x: truth, y: at(pairs.predicted, row) }));
  return { kind: "score", points };
}
