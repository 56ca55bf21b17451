/** The report of `mird data inspect` as text: one table, then what deserves a look. */
import type { FieldReport, InspectReport } from "./inspect.ts";
import type { CleaningNote } from "./schema.ts";

/** The report for people, as plain lines. */
export function describeInspection(report: InspectReport): string {
  const header = ["field", "split", "kind", "rows", "present", "length", "range", "mean ± sd", "zeros"];
  const rows = report.fields.map((field) => [
    field.field,
    field.split,
    field.kind,
    String(field.rows),
    String(field.present),
    field.length === null ? "-" : `${field.length.min} / ${field.length.median} / ${field.length.max}`,
    field.values === null ? "-" : `${number(field.values.min)} to ${number(field.values.max)}`,
    field.values === null || field.kind === "tokens"
      ? "-"
      : `${number(field.values.mean)} ± ${number(field.values.deviation)}`,
    field.kind === "tokens" || field.kind === "class" ? "-" : `${Math.round(100 * field.zeroShare)} %`,
  ]);
  const lines = [`Dataset \`${report.name}\` (length: least / median / most)`, ...table([header, ...rows])];
  for (const { field, split, histogram } of report.fields) {
    if (histogram !== null)
      lines.push(
        `${field} in ${split}: ${histogram.map(({ name, count }) => `${name}: ${count}`).join(", ")}`,
      );
  }
  const remarks = [
    ...splitRemarks(report),
    ...report.fields.flatMap(fieldRemarks),
    ...sharedRemarks(report),
    ...report.ids.map(
      ({ split, what, count, examples }) => `${split}: ${what}: ${count} (${examples.join(", ")})`,
    ),
  ];
  const section = (title: string, items: readonly string[]) =>
    items.length > 0 ? [title, ...items.map((item) => `  ${item}`)] : [];
  const recorded = report.recorded.map(describeNote);
  return `${[...lines, ...section("Worth a look", remarks), ...section("Cleaned and noticed when it was made", recorded)].join("\n")}\n`;
}

/** One line for a thing that an import changed or noticed. */
export function describeNote({ field, split, what, count, examples = [] }: CleaningNote): string {
  const where = [field, split].filter((part) => part !== null).join(", ");
  const shown =
    examples.length === 0 ? "" : ` (${examples.join("; ")}${count > examples.length ? "; …" : ""})`;
  return `${where === "" ? "" : `${where}: `}${what}: ${count}${shown}`;
}

function splitRemarks({ splits, label }: InspectReport): string[] {
  return splits.flatMap(({ split, rows, labelled, incomplete, repeatedRows, repeated }) => [
    ...(label !== null && labelled < rows
      ? [`${split}: rows without \`${label}\`: ${rows - labelled} of ${rows}`]
      : []),
    ...(incomplete > 0 ? [`${split}: rows that lack at least one field: ${incomplete} of ${rows}`] : []),
    ...(repeatedRows > 0
      ? [
          `${split}: rows equal to an earlier one in every input: ${repeatedRows} (${repeated.map((pair) => pair.join(" = ")).join(", ")})`,
        ]
      : []),
  ]);
}

function fieldRemarks(field: FieldReport): string[] {
  const where = `${field.field} in ${field.split}`;
  const columns = field.constantColumns;
  const listed = `${columns.slice(0, 8).join(", ")}${columns.length > 8 ? ", …" : ""}`;
  return [
    ...(field.present === 0 ? [`${where}: absent in every row`] : []),
    ...(field.notFinite > 0 ? [`${where}: values that are NaN or infinite: ${field.notFinite}`] : []),
    ...(columns.length > 0
      ? [`${where}: constant columns: ${columns.length} of ${field.width} (${listed})`]
      : []),
    ...(field.zeroSteps > 0 ? [`${where}: steps of zeros only: ${field.zeroSteps}`] : []),
    ...(field.kind === "score" && field.present > 1 && field.values?.min === field.values?.max
      ? [`${where}: every row has the same value (correlation is not defined)`]
      : []),
    ...(field.repeatedRows > 0 ? [`${where}: rows equal to an earlier one: ${field.repeatedRows}`] : []),
  ];
}

function sharedRemarks({ shared }: InspectReport): string[] {
  return shared.map(({ field, splits: [first, second], count, examples }) => {
    const what = field === null ? "every input" : `\`${field}\``;
    const pairs = examples.map(([a, b]) => `${a} = ${b}`).join(", ");
    return `${first} and ${second}: rows of ${second} equal to one of ${first} in ${what}: ${count} (${pairs})`;
  });
}

function number(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}

/** Columns padded to one width, two blanks between them. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
