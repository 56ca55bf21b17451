/** Report pages: everything a page shows is gathered here from a run folder, its dataset and its compiled model. */
import { join } from "node:path";
import { at } from "../base/invariant.ts";
import { writeFileAtomic } from "../data/files.ts";
import { isObject, readJson } from "../data/json-shape.ts";
import type { Dataset } from "../data/schema.ts";
import { rowSize } from "../data/schema.ts";
import { latentDependence } from "../driver/disentangle.ts";
import { summarize } from "../driver/summary.ts";
import { readLog } from "../report/log.ts";
import type { Cell } from "../report/page/charts.ts";
import type { Coloring, LatentScatter, RunPageData } from "../report/page/run-page.ts";
import { resultRows, runPage } from "../report/page/run-page.ts";
import { readRun } from "../report/run-directory.ts";
import { LEAST_ROWS } from "../statistics/centred-correlation.ts";
import { fitStandardiser, matrixOf, standardise, takeRows } from "../statistics/matrix.ts";
import { principalComponents } from "../statistics/principal-components.ts";
import { confusionMatrix } from "../train/confusion.ts";
import type { Evaluation } from "../train/evaluate.ts";
import type { DeviceFlags } from "./devices.ts";
import type { EvaluatedRun } from "./evaluate-run.ts";
import { evaluateRun } from "./evaluate-run.ts";
import { summaryTables } from "./summary-tables.ts";

/** Most rows behind a scatter or a heat map. */
const MOST_ROWS = 600;

/** The page of a run, in its folder. */
export const REPORT_FILE = "report.html";

/** Writes the page of a run to `out` and returns the path. Throws a UserError for a folder that is no run or has no results yet. */
export async function writeRunReport(
  run: string,
  data: string | null,
  device: DeviceFlags,
  out = join(run, REPORT_FILE),
): Promise<string> {
  writeFileAtomic(out, [new TextEncoder().encode(runPage(await runPageData(run, data, device)))]);
  return out;
}

async function runPageData(run: string, data: string | null, device: DeviceFlags): Promise<RunPageData> {
  const info = readRun(run);
  const evaluated = await evaluateRun({ run, data, splits: null, device, initial: true });
  const { model, settings, dataset, evaluations, initial } = evaluated;
  const split = dataset.splits.test === undefined ? "valid" : "test";
  const metrics = readJson(join(run, "metrics.json"));
  const rows = completeRows(evaluated, split);
  const tables = summaryTables(summarize(model));
  const latents = model.outputs.filter(({ predicts }) => predicts === null);
  const enough = rows.length >= LEAST_ROWS;
  return {
    info,
    log: readLog(join(run, "metrics.jsonl")),
    results: resultRows(isObject(metrics) && isObject(metrics.splits) ? metrics.splits : {}),
    reported: settings.report,
    split,
    dependence:
      latents.length < 2 || !enough
        ? null
        : {
            before: await dependenceCells(evaluated, initial.get(split), rows),
            after: await dependenceCells(evaluated, evaluations.get(split), rows),
          },
    scatters: enough
      ? latents.map(({ name }) => scatterOf(evaluated, evaluations.get(split), name, rows))
      : [],
    colorings: coloringsOf(dataset, split, rows),
    predictions: predictionsOf(evaluated, split),
    plan: tables.phases,
    modules: tables.modules,
    memory: tables.memory,
  };
}

/** The first rows of a split that have every input. */
function completeRows({ dataset, inputs }: EvaluatedRun, split: string): Uint32Array {
  const { fields, rows = 0 } = dataset.splits[split] ?? {};
  const flags = inputs.flatMap((name) => {
    const field = fields?.get(name);
    return field === undefined ? [] : [field.present];
  });
  return Uint32Array.from({ length: rows }, (_, row) => row)
    .filter((row) => flags.every((flag) => flag[row] === 1))
    .slice(0, MOST_ROWS);
}

function outputMatrix(
  { model }: EvaluatedRun,
  evaluation: Evaluation | undefined,
  name: string,
  rows: Uint32Array,
) {
  const width = model.outputs.find((output) => output.name === name)?.rowElements ?? 1;
  const values = evaluation?.outputs.get(name) ?? new Float32Array();
  return takeRows(matrixOf(values, values.length / width), rows);
}

async function dependenceCells(
  run: EvaluatedRun,
  evaluation: Evaluation | undefined,
  rows: Uint32Array,
): Promise<Cell[]> {
  const latents = run.model.outputs
    .filter(({ predicts }) => predicts === null)
    .map(({ name }) => {
      const sample = outputMatrix(run, evaluation, name, rows);
      return { name, fit: sample, choose: sample, test: sample };
    });
  const { pairs } = await latentDependence({ latents, permutations: 0, seed: 0, critics: null });
  return pairs.map(({ first, second, hsic }) => ({ row: second, column: first, value: hsic }));
}

function scatterOf(
  run: EvaluatedRun,
  evaluation: Evaluation | undefined,
  latent: string,
  rows: Uint32Array,
): LatentScatter {
  const sample = outputMatrix(run, evaluation, latent, rows);
  const { scores } = principalComponents(standardise(sample, fitStandardiser(sample)), 2);
  const { columns, data } = scores;
  const value = (row: number, column: number) => (column < columns ? at(data, row * columns + column) : 0);
  return {
    latent,
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

function predictionsOf(
  { model, dataset, evaluations }: EvaluatedRun,
  split: string,
): RunPageData["predictions"] {
  const { label } = model;
  const field = label === null ? undefined : dataset.splits[split]?.fields.get(label.name);
  const predicted = evaluations.get(split)?.predictions ?? null;
  if (label === null || field === undefined || predicted === null) return null;
  // A row that lacks what its prediction needs has none.
  const rows = [...field.present.keys()].filter(
    (row) => field.present[row] === 1 && !Number.isNaN(at(predicted, row)),
  );
  const pairs = rows.map((row) => ({ x: at(field.data, row), y: at(predicted, row) }));
  if (label.kind === "score") return { kind: "score", points: pairs };
  const matrix = confusionMatrix({ truth: pairs.map(({ x }) => x), predicted: pairs.map(({ y }) => y) });
  const names = matrix.map((_, index) => field.spec.classes?.[index] ?? `class ${index}`);
  return { kind: "class", matrix, names };
}
