/** Whether what is dropped names inputs of the model, shares of rows and splits, and whether the model can do without it. */
import type { Drops } from "../data/drop.ts";
import { dropRate } from "../data/drop.ts";
import type { Dataset } from "../data/schema.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { Problems, UserError } from "../diagnostics/problems.ts";
import type { Span } from "../diagnostics/source.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { DataInput } from "./bind-data.ts";
import type { RecordedOutput } from "./compiled.ts";

/** Throws a UserError with every name that is no input of the model, every split that the dataset lacks, and every number that is no share. */
export function requireDrops(drops: Drops, inputs: readonly DataInput[], dataset: Dataset): void {
  const problems = new Problems();
  for (const [name, rate] of Object.entries(drops)) {
    const problem = nameProblem(name, rate, inputs, dataset) ?? rateProblem(name, rate);
    if (problem !== null) problems.add(problem);
  }
  if (problems.hasErrors) throw new UserError(problems.all);
}

function nameProblem(
  name: string,
  rate: number,
  inputs: readonly DataInput[],
  dataset: Dataset,
): Diagnostic | null {
  const parts = name.split(".");
  const field = parts.at(-1) ?? "";
  const modalities = inputs.filter(({ kind }) => kind === "input").map((input) => input.name);
  const splits = Object.keys(dataset.splits);
  const listed = (names: readonly string[]) => names.map((one) => `\`${one}\``).join(", ");
  if (parts.length > 2 || (parts.length === 2 && !splits.includes(parts[0] ?? ""))) {
    const text = `\`${name}\` should be a modality, or a split and a modality. The splits of the dataset are ${listed(splits)}.`;
    const near = suggest(parts[0] ?? "", splits);
    return dropProblem("unknown-modality", "Split not found", `${name}=${rate}`, text, near);
  }
  if (modalities.includes(field)) return null;
  const label = inputs.some((input) => input.kind === "label" && input.name === field);
  const text = label
    ? `\`${field}\` is the label of the model. What is dropped is a modality: ${listed(modalities)}.`
    : `The model has no input \`${field}\`. Its modalities are ${listed(modalities)}.`;
  const near = label ? null : suggest(field, modalities);
  return dropProblem("unknown-modality", "Modality not found", `${name}=${rate}`, text, near);
}

function rateProblem(name: string, rate: number): Diagnostic | null {
  if (rate >= 0 && rate <= 1) return null;
  return dropProblem(
    "bad-drop",
    "Not a share of the rows",
    `${name}=${rate}`,
    `${rate} is no share: 0 takes the modality from no row, 1 from every one, 0.3 from three in ten.`,
    null,
  );
}

function dropProblem(
  code: "bad-drop" | "unknown-modality",
  title: string,
  given: string,
  text: string,
  near: string | null,
): Diagnostic {
  return {
    code,
    severity: "error",
    title,
    primary: null,
    related: [],
    place: { file: `--drop ${given}` },
    text,
    ...(near === null ? {} : { hint: `Did you mean \`${near}\`?` }),
  };
}

/** An output of the model with the place that declares it. */
export interface DeclaredOutput {
  readonly name: string;
  readonly span: Span;
}

/** What is dropped, the splits that will be evaluated, and whether the model is trained before that. */
interface DropUse {
  readonly drops: Drops;
  readonly evaluated: readonly string[];
  readonly purpose: "train" | "evaluate";
}

/** Throws a UserError when rows of a split that is evaluated lose a modality that the prediction cannot do without. */
export function requirePredictions(
  { drops, evaluated, purpose }: DropUse,
  outputs: readonly RecordedOutput[],
  declared: readonly DeclaredOutput[],
): void {
  const problems = new Problems();
  for (const output of outputs.filter(({ predicts }) => predicts !== null)) {
    for (const field of output.needs) {
      const concerned = evaluated.filter((split) => dropRate(drops, split, field) > 0);
      const span = declared.find(({ name }) => name === output.name)?.span;
      if (concerned.length === 0) continue;
      problems.add({
        code: "drop-without-prediction",
        severity: "error",
        title: "A row without this modality has no prediction",
        primary: span === undefined ? null : { span, text: `needs \`${field}\`` },
        related: [],
        text: `\`${output.name}\` is computed from \`${field}\`, so rows of ${concerned.map((split) => `\`${split}\``).join(" and ")} that lose it would have no prediction, and the metrics would leave them out.`,
        hint: hintFor(purpose, field),
      });
    }
  }
  if (problems.hasErrors) throw new UserError(problems.all);
}

/** A run that is evaluated has its spec for good, and training is over. */
function hintFor(purpose: DropUse["purpose"], field: string): string {
  const stands = `\`or_zero(${field})\`, or \`or_zero\` of what is made from it`;
  return purpose === "train"
    ? `Say in the spec what stands in its place where the prediction reads it: ${stands}. To drop it in training only: \`--drop train.${field}=…\`.`
    : `Train a model whose spec says what stands in its place where the prediction reads it: ${stands}.`;
}
