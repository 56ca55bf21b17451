/** `report.html` of a comparison: the tables, how the variants went side by side, and what was compared. */
import type { Comparison } from "../comparison.ts";
import type { ComparisonPlan } from "../comparison-folder.ts";
import { comparisonNotes, comparisonTables, variantLabel } from "../comparison-print.ts";
import type { LogEntry } from "../log.ts";
import type { RunDependence } from "../run-dependence.ts";
import type { RunInfo } from "../run-info.ts";
import type { Point } from "./charts.ts";
import { heatChart, intervalChart, lineChart } from "./charts.ts";
import type { Section } from "./html.ts";
import { facts, figures, htmlText, page, specTexts, table } from "./html.ts";
import { averagePoints, epochPoints, iterationPoints } from "./log-points.ts";

/** One finished run of a variant. */
export interface ComparedRun {
  readonly info: RunInfo;
  readonly log: readonly LogEntry[];
  readonly dependence: RunDependence | null;
}

export interface ComparisonPageData {
  readonly comparison: Comparison;
  readonly plan: ComparisonPlan;
  /** By variant, in the order of the rows; runs without a result are left out. */
  readonly runs: readonly (readonly ComparedRun[])[];
}

/** The page as one HTML file. */
export function comparisonPage(data: ComparisonPageData): string {
  const { plan, comparison } = data;
  const sections = [
    resultSection(comparison),
    differenceSection(comparison),
    curveSection(data, "metrics"),
    curveSection(data, "losses"),
    pairSection(data),
    dependenceSection(data),
    variantSection(data),
    specSection(plan),
  ].filter((section): section is Section => section !== null);
  const [first] = data.runs.flat();
  const lead = facts([
    ["spec", plan.spec],
    ["model", plan.model ?? first?.info.model ?? ""],
    ["compared", plan.over.map(({ name, values }) => `${name}: ${values.join(", ")}`).join("; ")],
    ["seeds", comparison.seeds.join(", ")],
    ...Object.entries(plan.settings).map(([name, value]) => [name, value] as const),
    ...(plan.drop.length === 0 ? [] : [["dropped", plan.drop.join(", ")] as const]),
    ["dataset", `${first?.info.dataset.name ?? ""} (${plan.dataset.slice(0, 12)})`],
    ["device", first?.info.device.name ?? plan.target],
  ]);
  return page(`Comparison over ${comparison.axes.join(", ")}`, lead, sections);
}

function resultSection(comparison: Comparison): Section {
  const tables = comparisonTables(comparison).map(
    ({ title, header, rows }) =>
      `<h3>${htmlText(title)}</h3>\n${table([header, ...rows.map((row) => row.map(unbroken))])}`,
  );
  const notes = comparisonNotes(comparison).map((note) => `<p>${htmlText(note)}</p>\n`);
  return { id: "results", title: "Results", body: [...tables, ...notes].join("") };
}

/** A cell whose lines break only before a deviation or an interval. */
function unbroken(cell: string): string {
  return cell.replaceAll(/ (?![[±])/g, "\u00a0");
}

/** The differences as lines, where there are enough seeds for an interval. */
function differenceSection({ splits, metrics, rows }: Comparison): Section | null {
  const [first, ...others] = rows;
  const [split] = splits;
  if (first === undefined || split === undefined) return null;
  const charts = metrics.flatMap((metric) => {
    const intervals = others.flatMap((row) => {
      const cell = row.cells.find((one) => one.split === split && one.metric === metric);
      const { mean = null, low = null, high = null } = cell?.difference ?? {};
      return mean === null || low === null || high === null
        ? []
        : [{ name: variantLabel(row), mean, low, high }];
    });
    return intervals.length === 0 ? [] : [{ title: metric, svg: intervalChart(intervals) }];
  });
  if (charts.length === 0) return null;
  const lead = `<p>On ${htmlText(split)}: variant minus ${htmlText(variantLabel(first))}, seed by seed. Dot: mean; line: 95 % bootstrap interval.</p>\n`;
  return { id: "differences", title: "Differences", body: `${lead}${figures(charts)}` };
}

/** Curves over epochs, the mean over seeds for every variant. Of losses those of training and of the validation split. */
function curveSection(data: ComparisonPageData, part: "metrics" | "losses"): Section | null {
  const byVariant = variantPoints(data, (log) => epochPoints(log, part));
  const names = new Set(byVariant.flatMap(({ points }) => [...points.keys()]));
  const wanted = [...names].filter((name) =>
    part === "metrics" ? data.comparison.metrics.includes(name) : !name.includes("["),
  );
  const charts = wanted.flatMap((name) =>
    (["train", "valid"] as const).flatMap((series) => {
      const lines = byVariant.flatMap(({ label, points }) =>
        averagePoints(
          (points.get(name) ?? []).map((own) => own.filter((point) => point.series === series)),
          label,
        ),
      );
      const title = part === "metrics" ? name : `${name}, ${series}`;
      return lines.length === 0 ? [] : [{ title, svg: lineChart(lines, "epoch") }];
    }),
  );
  if (charts.length === 0) return null;
  const title = part === "metrics" ? "Metrics on the validation split" : "Losses";
  return { id: part, title, body: `<p>Mean over the seeds that reached an epoch.</p>\n${figures(charts)}` };
}

/** Every term of the sums over pairs, such as mi[z_y,z_l], one chart for each. */
function pairSection(data: ComparisonPageData): Section | null {
  const byVariant = variantPoints(data, (log) => iterationPoints(log, (name) => name.includes("[")));
  const names = [...new Set(byVariant.flatMap(({ points }) => [...points.keys()]))];
  if (names.length === 0) return null;
  const charts = names.map((name) => ({
    title: name,
    svg: lineChart(
      byVariant.flatMap(({ label, points }) => averagePoints(points.get(name) ?? [], label)),
      "iteration",
    ),
  }));
  const lead =
    "<p>Raw values, mean over seeds. Where the variants differ in the penalty, they measure different things: compare shapes, not heights.</p>\n";
  return { id: "pairs", title: "Pairs, term by term", body: `${lead}${figures(charts)}` };
}

/** Points of every run of a variant by name: one list for each run that has some. */
function variantPoints(
  { comparison, runs }: ComparisonPageData,
  of: (log: readonly LogEntry[]) => Map<string, Point[]>,
): { readonly label: string; readonly points: Map<string, Point[][]> }[] {
  return comparison.rows.map((row, index) => {
    const points = new Map<string, Point[][]>();
    for (const { log } of runs[index] ?? [])
      for (const [name, own] of of(log)) points.set(name, [...(points.get(name) ?? []), own]);
    return { label: variantLabel(row), points };
  });
}

function dependenceSection({ comparison, runs }: ComparisonPageData): Section | null {
  const charts = comparison.rows.flatMap((row, index) => {
    const measured = (runs[index] ?? []).flatMap(({ dependence }) => dependence ?? []);
    const [first] = measured;
    if (first === undefined) return [];
    const cells = first.pairs.map((pair) => {
      const values = measured.flatMap(({ pairs }) =>
        pairs.filter((one) => one.first === pair.first && one.second === pair.second),
      );
      const mean = values.reduce((sum, { hsic }) => sum + hsic, 0) / values.length;
      return { row: pair.second, column: pair.first, value: mean };
    });
    return [{ title: variantLabel(row), svg: heatChart(cells) }];
  });
  if (charts.length === 0) return null;
  const lead =
    "<p>Normalised HSIC of the selected models on the test split (else the validation split), mean over seeds: 0 independent, 1 the same. No variant has been trained against it, unless its penalty is HSIC.</p>\n";
  return { id: "dependence", title: "Dependence between latents", body: `${lead}${figures(charts)}` };
}

/** What every variant was set to, with the sizes that came out. */
function variantSection({ comparison, runs }: ComparisonPageData): Section {
  const names = [...new Set(runs.flatMap((own) => Object.keys(own[0]?.info.sizes ?? {})))];
  // A variant without a result has no run that says its sizes.
  const rows = comparison.rows.map((row, index) => [
    variantLabel(row),
    ...names.map((name) => String(runs[index]?.[0]?.info.sizes[name] ?? "-")),
  ]);
  const body = table([[comparison.axes.join(", "), ...names], ...rows]);
  return { id: "variants", title: "Variants and their sizes", body };
}

function specSection({ spec, sources }: ComparisonPlan): Section {
  return { id: "spec", title: "Spec", body: specTexts(spec, sources) };
}
