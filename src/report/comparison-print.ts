/** A comparison for people and programs: terminal text, Markdown, LaTeX, CSV. */

import type { Comparison, ComparisonRow, Difference, Spread } from "./comparison.ts";
import { LEAST_PAIRS } from "./comparison.ts";
import { amount } from "./quantity.ts";
import { absentText, alignColumns, confusionTable, csv, formatNumber, unpredictedText } from "./tables.ts";

/** One table of cells, before its form is chosen. */
export interface ComparisonTable {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Terminal text. */
export function comparisonText(comparison: Comparison): string {
  const parts = comparisonTables(comparison).map(
    ({ title, header, rows }) => `${title}\n\n${alignColumns([header, ...rows])}`,
  );
  return [...parts, ...comparisonNotes(comparison).map((note) => `${note}\n`)].join("\n");
}

/** Markdown. */
export function comparisonMarkdown(comparison: Comparison): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  const parts = comparisonTables(comparison).map(({ title, header, rows }) => {
    const rule = header.map((_, column) => (column === 0 ? "---" : "---:"));
    return `**${title}**\n\n${[header, rule, ...rows].map(line).join("")}`;
  });
  return [...parts, ...comparisonNotes(comparison).map((note) => `${note}\n`)].join("\n");
}

/** LaTeX: a `tabular` per table, with the rules of the package booktabs. */
export function comparisonLatex(comparison: Comparison): string {
  const line = (cells: readonly string[]) => `${cells.map(latexCell).join(" & ")} \\\\\n`;
  const parts = comparisonTables(comparison).map(({ title, header, rows }) => {
    const columns = `l${"r".repeat(header.length - 1)}`;
    const body = `\\toprule\n${line(header)}\\midrule\n${rows.map(line).join("")}\\bottomrule\n`;
    return `% ${title}\n\\begin{tabular}{${columns}}\n${body}\\end{tabular}\n`;
  });
  const remarks = comparisonNotes(comparison).map((note) => `% ${note}\n`);
  return ["% needs \\usepackage{booktabs}\n", ...parts, ...remarks].join("\n");
}

/** A line per variant, split and metric, with the value of every seed. */
export function comparisonCsv(comparison: Comparison): string {
  const { axes, seeds, rows } = comparison;
  const numbers = ["runs", "mean", "deviation", "difference", "low", "high"];
  const header = [...axes, "split", "metric", ...numbers, ...seeds.map((seed) => `seed ${seed}`)];
  const lines = rows.flatMap(({ values, cells }) =>
    cells.map(({ split, metric, count, mean, deviation, difference, values: bySeed }) => {
      const { mean: change = null, low = null, high = null } = difference ?? {};
      return [...values, split, metric, count, mean, deviation, change, low, high, ...bySeed];
    }),
  );
  return csv(header, lines);
}

/** Means of every split, differences where there are several variants, and the classes against the predicted ones where they were counted. */
export function comparisonTables(comparison: Comparison): ComparisonTable[] {
  const counts = (comparison.confusions ?? []).map(({ split, ...confusion }): ComparisonTable => {
    const [header = [], ...rows] = confusionTable(confusion);
    const runs = comparison.seeds.length;
    return {
      title: `${split}: rows by label and prediction${runs > 1 ? `, over ${runs} runs` : ""}`,
      header,
      rows,
    };
  });
  const results = comparison.splits.flatMap((split) => {
    const means = meansTable(comparison, split);
    return comparison.rows.length < 2 ? [means] : [means, differencesTable(comparison, split)];
  });
  return [...results, ...counts];
}

function meansTable({ axes, seeds, metrics, rows }: Comparison, split: string): ComparisonTable {
  const over = seeds.length === 1 ? "1 seed" : `mean ± standard deviation over ${seeds.length} seeds`;
  return {
    title: `${split}: ${over}`,
    header: [axes.join(", "), ...metrics],
    rows: rows.map((row) => [
      variantLabel(row),
      ...cellsOf(row, split).map((cell) => spreadText(cell, seeds.length)),
    ]),
  };
}

function differencesTable({ axes, metrics, rows }: Comparison, split: string): ComparisonTable {
  const [first, ...others] = rows;
  const base = first === undefined ? "" : variantLabel(first);
  return {
    title: `${split}: difference to ${base} by seed, mean [95 % interval]`,
    header: [axes.join(", "), ...metrics],
    rows: others.map((row) => [
      variantLabel(row),
      ...cellsOf(row, split).map(({ difference }) =>
        difference === null ? "-" : differenceText(difference),
      ),
    ]),
  };
}

/** The values of a row, without the axis names. */
export function variantLabel({ values }: ComparisonRow): string {
  return values.join(", ");
}

function cellsOf({ cells }: ComparisonRow, split: string): ComparisonRow["cells"] {
  return cells.filter((cell) => cell.split === split);
}

/** `0.5123 ± 0.0100`, and the number of runs where some have no value. */
function spreadText({ count, mean, deviation }: Spread, seeds: number): string {
  if (mean === null) return "undefined";
  const around = deviation === null ? "" : ` ± ${formatNumber(deviation)}`;
  return `${formatNumber(mean)}${around}${count < seeds ? ` (${amount(count, "run")})` : ""}`;
}

/** `+0.0123 [-0.0100, +0.0300]`. */
function differenceText({ mean, low, high }: Difference): string {
  if (mean === null) return "undefined";
  const interval = low === null || high === null ? "" : ` [${signed(low)}, ${signed(high)}]`;
  return `${signed(mean)}${interval}`;
}

function signed(value: number): string {
  return value >= 0 ? `+${formatNumber(value)}` : formatNumber(value);
}

/** What has to be known to read the tables. */
export function comparisonNotes(comparison: Comparison): string[] {
  const { axes, seeds, rows } = comparison;
  const failed = rows.flatMap((row) =>
    row.failed.map(
      (seed) =>
        `${axes.join(", ")} = ${variantLabel(row)}, seed ${seed}: no result; its loss stopped being a number.`,
    ),
  );
  const few = rows.length > 1 && seeds.length < LEAST_PAIRS;
  const interval = `An interval needs at least ${LEAST_PAIRS} seeds; this comparison has ${seeds.length}.`;
  return [...lackNotes(comparison), ...(few ? [interval] : []), ...failed];
}

/** A note for everything that rows lacked; what holds for several seeds is said once. */
function lackNotes({ seeds, lacks = [] }: Comparison): string[] {
  const seedsOf = new Map<string, number[]>();
  for (const { seed, absent, unpredicted } of lacks) {
    const left = unpredicted.map((rows) => unpredictedText(rows.split, rows));
    for (const line of [...absent.map(absentText), ...left]) {
      const note = line.trimEnd();
      seedsOf.set(note, [...(seedsOf.get(note) ?? []), seed]);
    }
  }
  return [...seedsOf].map(([note, own]) =>
    own.length === seeds.length ? note : `seed ${own.join(", ")}: ${note}`,
  );
}

const LATEX: Readonly<Record<string, string>> = {
  "±": "$\\pm$",
  "%": "\\%",
  _: "\\_",
  "&": "\\&",
  "#": "\\#",
  $: "\\$",
  "{": "\\{",
  "}": "\\}",
  "^": "\\textasciicircum{}",
  "~": "\\textasciitilde{}",
  "\\": "\\textbackslash{}",
};

/** Text of a cell; signed numbers are set as mathematics, so that a minus is one. */
function latexCell(cell: string): string {
  const escaped = cell.replaceAll(/[±%_&#${}^~\\]/g, (sign) => LATEX[sign] ?? sign);
  return escaped.replaceAll(/(?<![\w.])[+-]\d[\d.]*(e[+-]?\d+)?/g, (number) => `$${number}$`);
}
