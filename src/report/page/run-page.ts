/** `report.html` of a run: what was trained, how it went, what came out. */
import { at } from "../../base/invariant.ts";
import type { LogEntry } from "../log.ts";
import type { RunInfo } from "../run-info.ts";
import { formatNumber } from "../tables.ts";
import type { Cell } from "./charts.ts";
import { heatChart, lineChart, scatterChart } from "./charts.ts";
import type { Section } from "./html.ts";
import { facts, figures, htmlText, page, specTexts, table } from "./html.ts";
import { epochPoints, iterationPoints, numberEntries } from "./log-points.ts";

/** The two leading components of a latent at the rows of a split. */
export interface LatentScatter {
  readonly latent: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** What points are coloured by: the label or a factor, null where a row has none. */
export interface Coloring {
  readonly name: string;
  readonly values: readonly (number | string | null)[];
}

export interface RunPageData {
  readonly info: RunInfo;
  readonly log: readonly LogEntry[];
  /** Header, then a line per metric or loss, a column per split. */
  readonly results: readonly (readonly string[])[];
  readonly reported: readonly string[];
  readonly split: string;
  /** Normalised HSIC of the latents, as initialised and as selected; null with fewer than two latents or too few rows. */
  readonly dependence: { readonly before: readonly Cell[]; readonly after: readonly Cell[] } | null;
  readonly scatters: readonly LatentScatter[];
  readonly colorings: readonly Coloring[];
  readonly predictions:
    | { readonly kind: "score"; readonly points: readonly { readonly x: number; readonly y: number }[] }
    | {
        readonly kind: "class";
        readonly matrix: readonly (readonly number[])[];
        readonly names: readonly string[];
      }
    /** Of a set of labels: header, then a line per label. */
    | { readonly kind: "set"; readonly labels: readonly (readonly string[])[] }
    | null;
  /** The compiled plan by phase; the first row is the header. */
  readonly plan: readonly (readonly string[])[];
  readonly modules: readonly (readonly string[])[];
  readonly memory: readonly (readonly string[])[];
}

/** The page as one HTML file. */
export function runPage(data: RunPageData): string {
  const sections = [
    { id: "results", title: "Results", body: table(data.results) },
    lossSection(data),
    informationSection(data),
    metricSection(data),
    dependenceSection(data),
    latentSection(data),
    predictionSection(data),
    specSection(data),
    planSection(data),
  ].filter((section): section is Section => section !== null);
  return page(`${data.info.model}, seed ${data.info.seed}`, lead(data.info), sections);
}

function lead(info: RunInfo): string {
  const dropped = Object.entries(info.drop).map(([name, share]) => `${name} ${share}`);
  return facts([
    ["spec", info.spec],
    ["command", info.command],
    ...(dropped.length === 0 ? [] : [["dropped", dropped.join(", ")] as const]),
    ["dataset", `${info.dataset.name} (${info.dataset.folder}, ${info.dataset.fingerprint.slice(0, 12)})`],
    ["device", info.device.name],
    ["started", info.started],
    ["status", info.status],
    [
      "version",
      Object.entries(info.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    ],
  ]);
}

function lossSection({ log }: RunPageData): Section {
  const points = epochPoints(log, "losses");
  const names = [...points.keys()].filter((name) => !name.includes("["));
  const charts = names.map((name) => ({
    title: name,
    svg: lineChart(points.get(name) ?? [], "epoch"),
  }));
  return {
    id: "losses",
    title: "Losses",
    body: `<p>Mean over the iterations of an epoch, and over the validation split after it.</p>\n${figures(charts)}`,
  };
}

/** Losses that are sums over pairs, such as mi[z_y,z_l], term by term as they were in every iteration. */
function informationSection({ log }: RunPageData): Section | null {
  const points = iterationPoints(log, (name) => name.includes("["));
  const sums = [...new Set([...points.keys()].map((name) => name.slice(0, name.indexOf("["))))];
  if (sums.length === 0) return null;
  const charts = sums.map((sum) => ({
    title: sum,
    svg: lineChart(
      [...points].flatMap(([name, values]) => (name.startsWith(`${sum}[`) ? values : [])),
      "iteration",
    ),
  }));
  return {
    id: "pairs",
    title: "Pairs, term by term",
    body: `<p>Raw values of the terms of each sum, in nats where the penalty is a bound of mutual information.</p>\n${figures(charts)}`,
  };
}

function metricSection({ log, reported }: RunPageData): Section {
  const points = epochPoints(log, "metrics");
  const names = [...points.keys()].filter((name) => reported.includes(name));
  const charts = names.map((name) => ({
    title: name,
    svg: lineChart(points.get(name) ?? [], "epoch"),
  }));
  const body =
    charts.length === 0
      ? "<p>The spec reports no metric, or the dataset has no validation split.</p>\n"
      : figures(charts);
  return { id: "metrics", title: "Metrics on the validation split", body };
}

function dependenceSection({ dependence, split }: RunPageData): Section {
  const title = "Dependence between latents";
  if (dependence === null)
    return {
      id: "dependence",
      title,
      body: "<p>The spec has no two latents as outputs, or the split has too few rows.</p>\n",
    };
  const body = `<p>Normalised HSIC on ${htmlText(split)}: 0 independent, 1 the same. <code>mird disentangle</code> measures more.</p>\n`;
  return {
    id: "dependence",
    title,
    body: `${body}${figures([
      { title: "as initialised", svg: heatChart(dependence.before) },
      { title: "as selected", svg: heatChart(dependence.after) },
    ])}`,
  };
}

function latentSection({ scatters, colorings, split }: RunPageData): Section {
  const parts = colorings.map(({ name, values }) => {
    const charts = scatters.map(({ latent, points }) => ({
      title: latent,
      svg: scatterChart(
        points.flatMap((point, row) => {
          const color = values[row] ?? null;
          return color === null ? [] : [{ ...point, color }];
        }),
        { x: "component 1", y: "component 2" },
      ),
    }));
    const numbers = values.filter((value) => typeof value === "number");
    const scale =
      numbers.length === 0
        ? ""
        : ` ${formatNumber(Math.min(...numbers))} <span class="ramp"></span> ${formatNumber(Math.max(...numbers))}`;
    return `<p>Coloured by <b>${htmlText(name)}</b>${scale}</p>\n${figures(charts)}`;
  });
  const body =
    parts.length === 0 || scatters.length === 0
      ? "<p>There are no latents, or nothing to colour them by.</p>\n"
      : `<p>Two leading principal components of each latent on ${htmlText(split)}, each with variance 1.</p>\n${parts.join("\n")}`;
  return { id: "latents", title: "Latents", body };
}

function predictionSection({ predictions, split }: RunPageData): Section {
  const title = "Prediction and label";
  const id = "predictions";
  if (predictions === null) return { id, title, body: "<p>The model predicts no label.</p>\n" };
  if (predictions.kind === "score") {
    const points = predictions.points.map((point) => ({ ...point, color: at(["rows"], 0) }));
    const svg = scatterChart(points, { x: "label", y: "prediction" }, { diagonal: true, size: 380 });
    return { id, title, body: figures([{ title: split, svg }]) };
  }
  if (predictions.kind === "set")
    return {
      id,
      title,
      body: `<p>On ${htmlText(split)}; a label counts as predicted from a chance of 0.5 on.</p>\n${table(predictions.labels)}`,
    };
  const { matrix, names } = predictions;
  const cells = matrix.flatMap((line, truth) =>
    line.map((value, predicted) => ({ row: at(names, truth), column: at(names, predicted), value })),
  );
  const most = Math.max(1, ...matrix.flat());
  const svg = heatChart(cells, { most, digits: 0 });
  return {
    id,
    title,
    body: figures([{ title: `${split}: rows by true class (down) and predicted class (across)`, svg }]),
  };
}

function specSection({ info }: RunPageData): Section {
  const settings = Object.entries(info.settings).map(([name, value]) => [name, value]);
  const changed = settings.length === 0 ? "" : table([["setting", "value"], ...settings]);
  const sizes = table([
    ["size", "value"],
    ...Object.entries(info.sizes).map(([name, value]) => [name, String(value)]),
  ]);
  return { id: "spec", title: "Spec", body: `${sizes}${changed}${specTexts(info.spec, info.sources)}` };
}

function planSection({ plan, modules, memory }: RunPageData): Section {
  return { id: "plan", title: "Compiled plan", body: `${table(plan)}${table(modules)}${table(memory)}` };
}

/** Metrics or losses of a split in `metrics.json`, for the table of results. */
export function resultRows(splits: Readonly<Record<string, unknown>>): string[][] {
  const names = Object.keys(splits);
  const of = (split: string, part: string) => numberEntries(numberGroup(splits[split], part));
  const rows = (part: string, head: string) => {
    const keys = [...new Set(names.flatMap((split) => [...of(split, part).keys()]))];
    return keys.map((key) => [
      `${head}${key}`,
      ...names.map((split) => {
        const values = of(split, part);
        return values.has(key) ? formatNumber(values.get(key) ?? Number.NaN) : "-";
      }),
    ]);
  };
  return [["", ...names], ...rows("metrics", ""), ...rows("losses", "loss ")];
}

function numberGroup(value: unknown, part: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[part]
    : null;
}
