/** Tables of a run: metrics for people and programs, predictions as CSV. */

import type { AbsentRows } from "../data/drop.ts";
import type { Confusion } from "../statistics/confusion.ts";

/** Metrics and losses of one split. */
export interface SplitResult {
  readonly split: string;
  readonly metrics: ReadonlyMap<string, number>;
  readonly losses: ReadonlyMap<string, number>;
  /** Of a class label: its classes against the predicted ones. */
  readonly confusion?: Confusion | null;
  /** Labelled rows that the metrics leave out, since they lack fields that the prediction needs. */
  readonly unpredicted?: Unpredicted | null;
}

/** How many labelled rows have no prediction, of how many, and the fields that they lack. */
export interface Unpredicted {
  readonly rows: number;
  readonly labelled: number;
  readonly lacking: readonly string[];
}

/** By split, then metrics and losses by name; undefined values are null, as JSON has no NaN. */
export function metricsJson(results: readonly SplitResult[]): Record<string, unknown> {
  const numbers = (values: ReadonlyMap<string, number>) =>
    Object.fromEntries([...values].map(([name, value]) => [name, Number.isFinite(value) ? value : null]));
  return Object.fromEntries(
    results.map(({ split, metrics, losses, confusion = null, unpredicted = null }) => [
      split,
      {
        metrics: numbers(metrics),
        losses: numbers(losses),
        ...(confusion === null ? {} : { confusion }),
        ...(unpredicted === null ? {} : { unpredicted }),
      },
    ]),
  );
}

/** One line per metric or loss, one column per split. `first` names the metrics that stand on top, in this order; then the others, then losses. */
export function metricsTable(results: readonly SplitResult[], first: readonly string[]): string {
  const metricNames = unique(results.flatMap(({ metrics }) => [...metrics.keys()]));
  const top = first.filter((name) => metricNames.includes(name));
  const names = [...top, ...metricNames.filter((name) => !top.includes(name))];
  const losses = unique(results.flatMap(({ losses }) => [...losses.keys()]));
  const rows = [
    ["", ...results.map(({ split }) => split)],
    ...names.map((name) => [name, ...results.map(({ metrics }) => formatNumber(metrics.get(name)))]),
    ...losses.map((name) => [
      `loss ${name}`,
      ...results.map((result) => formatNumber(result.losses.get(name))),
    ]),
  ];
  const left = results.flatMap(({ split, unpredicted = null }) =>
    unpredicted === null ? [] : [unpredictedText(split, unpredicted)],
  );
  return left.length === 0 ? alignColumns(rows) : `${alignColumns(rows)}\n${left.join("")}`;
}

/** Heading and cells of the confusions of a split: a line per class, a column per predicted class. */
export function confusionTable({ classes, counts }: Confusion): string[][] {
  const rows = counts.map((line, index) => [classes[index] ?? "", ...line.map(String)]);
  return [["label \\ predicted", ...classes], ...rows];
}

/** The confusions of every split that has them, for the terminal. */
export function confusionText(results: readonly Pick<SplitResult, "split" | "confusion">[]): string {
  return results
    .flatMap(({ split, confusion = null }) =>
      confusion === null
        ? []
        : [`\n${split}: rows by label and prediction\n\n${alignColumns(confusionTable(confusion))}`],
    )
    .join("");
}

/** A line about the labelled rows of a split that have no prediction. */
export function unpredictedText(split: string, left: Unpredicted): string {
  const { rows, labelled, lacking } = left;
  const what = lacking.map((name) => `\`${name}\``).join(" or ");
  return `${split}: ${rows} of ${labelled} labelled rows have no prediction, since they lack ${what}; the metrics are over the others.\n`;
}

/** A line about the rows without a modality that was dropped. */
export function absentText({ field, splits }: AbsentRows): string {
  const counts = splits.map(({ split, absent, rows }) => `${split} ${absent} of ${rows}`);
  return `Rows without ${field}: ${counts.join(", ")}.\n`;
}

/** Four decimals; `-` where there is no value, `undefined` where the metric is not defined for these rows. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined) return "-";
  if (Number.isNaN(value)) return "undefined";
  return Math.abs(value) >= 1e5 ? value.toExponential(3) : value.toFixed(4);
}

/** The first column to the left, and those whose headings `left` names; the others to the right. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  { left = [] }: { readonly left?: readonly string[] } = {},
): string {
  const isLeft = (column: number) => column === 0 || left.includes(rows[0]?.[column] ?? "");
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((cell, column) => Math.max(most[column] ?? 0, cell.length)),
    [],
  );
  const pad = (cell: string, column: number) =>
    isLeft(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return `${rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n")}\n`;
}

/** CSV after RFC 4180: cells with commas, quotes or line ends are quoted. */
export function csv(header: readonly string[], rows: Iterable<readonly (string | number | null)[]>): string {
  const lines = [header.join(",")];
  for (const row of rows) lines.push(row.map(csvCell).join(","));
  return `${lines.join("\n")}\n`;
}

function csvCell(value: string | number | null): string {
  if (value === null) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
