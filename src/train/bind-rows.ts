/** Whether a dataset has the splits and the rows that a training needs. */
import type { Dataset, Split } from "../data/schema.ts";
import { rowsByLabel } from "../data/schema.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { UserError } from "../diagnostics/problems.ts";
import { findMetric } from "../statistics/metrics.ts";
import { fieldOf } from "./data-arenas.ts";
import type { TrainSettings } from "./settings.ts";

interface RowRequest {
  readonly dataset: Dataset;
  readonly folder: string;
  /** Name of the model's label; null when it has none. */
  readonly label: string | null;
  readonly batch: { readonly labelled: number; readonly unlabelled: number };
  readonly settings: TrainSettings;
}

/** Throws a UserError with every lack of splits, labelled or unlabelled rows. */
export function requireRows(request: RowRequest): void {
  const problems = [...trainingRows(request), ...selectionRows(request)];
  if (problems.length > 0) throw new UserError(problems);
}

/** Throws a UserError with the first value of a field that is neither 0 nor 1. */
export function requireBinary(dataset: Dataset, name: string, folder: string): void {
  for (const split of Object.values(dataset.splits)) {
    const { data, spec } = fieldOf(split, name);
    const place = data.findIndex((value: number) => value !== 0 && value !== 1);
    if (place < 0) continue;
    const row = Math.floor(place / spec.width);
    throw new UserError([
      {
        code: "label-values",
        severity: "error",
        title: "Label is neither 0 nor 1",
        primary: null,
        related: [],
        place: { file: folder, within: [`field "${name}"`, `split "${split.name}"`, `row ${row}`] },
        text: `A label with several numbers per row is a yes or no for each, 1 or 0; here stands ${data[place]}. Other numbers can be learned from, but no metric compares them.`,
        hint: "Import yes and no as 1 and 0, or leave out `predicts` in the spec.",
      },
    ]);
  }
}

function trainingRows({ dataset, folder, label, batch }: RowRequest): Diagnostic[] {
  const split = dataset.splits.train;
  if (split === undefined || split.rows === 0)
    return [missingSplit(dataset, folder, "train", "training reads it")];
  const { labelled, unlabelled } = rowsByLabel(split, label);
  const problems: Diagnostic[] = [];
  if (batch.labelled > 0 && labelled.length === 0 && label !== null)
    problems.push(noLabels(folder, split, label));
  if (batch.unlabelled > 0 && unlabelled.length === 0) {
    problems.push({
      ...base(folder, split.name),
      code: "no-unlabelled-rows",
      title: "No rows without a label",
      text:
        `A batch takes ${batch.unlabelled} unlabelled rows, but all ${split.rows} rows of the training split ` +
        `${label === null ? "count as labelled, since the model has no label" : `have \`${label}\``}.`,
      hint: "Leave out `+ … unlabelled` in the `batch` line, or import rows without a label.",
    });
  }
  return problems;
}

function selectionRows({ dataset, folder, label, settings }: RowRequest): Diagnostic[] {
  const { selection, patience } = settings;
  if (selection === null && patience === null) return [];
  const why =
    selection === null
      ? "`patience` watches it"
      : `\`select ${selection.direction} valid.${selection.metric}\` reads it`;
  const split = dataset.splits.valid;
  if (split === undefined || split.rows === 0) return [missingSplit(dataset, folder, "valid", why)];
  const byMetric = selection !== null && findMetric(selection.metric) !== null;
  if (byMetric && label !== null && rowsByLabel(split, label).labelled.length === 0)
    return [noLabels(folder, split, label)];
  return [];
}

function missingSplit(dataset: Dataset, folder: string, name: string, why: string): Diagnostic {
  const splits = Object.values(dataset.splits).map((split) => `\`${split.name}\` (${split.rows} rows)`);
  return {
    ...base(folder, name),
    code: "missing-split",
    title: "Split not found",
    text: `The dataset has no rows in the split \`${name}\`, and ${why}. It has ${splits.join(", ")}.`,
    hint: "Import the data with a column that names the split, or with shares for validation and test.",
  };
}

function noLabels(folder: string, split: Split, label: string): Diagnostic {
  return {
    ...base(folder, split.name),
    code: "no-labelled-rows",
    title: "No rows with a label",
    text: `None of the ${split.rows} rows of the split \`${split.name}\` has a value for the label \`${label}\`.`,
    hint: "Look at the label with `mird data inspect`.",
  };
}

function base(folder: string, split: string) {
  return {
    severity: "error",
    primary: null,
    related: [],
    place: { file: folder, within: [`split "${split}"`] },
  } satisfies Partial<Diagnostic>;
}
