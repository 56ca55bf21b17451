/**
 * Where a model meets a dataset: every input and label finds its field by name, kinds are compared, and the sizes of the fields become
 * the sizes of the model. All mistakes are reported at once, each with its place in the spec and in the dataset.
 */
import { at } from "../base/invariant.ts";
import type { Dataset, FieldSpec } from "../data/schema.ts";
import type { Diagnostic, Label } from "../diagnostics/diagnostic.ts";
import { Problems, UserError } from "../diagnostics/problems.ts";
import type { Span } from "../diagnostics/source.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Dim } from "../types/dim.ts";
import { dimAsSymbol, dimConstant, dimEvaluate, formatDim } from "../types/dim.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { formatType } from "../types/tensor-type.ts";
import { fieldType, KIND_WORDS, kindFor } from "./field-kinds.ts";

/** An input or label of a model. */
export interface DataInput {
  readonly kind: "input" | "label";
  readonly name: string;
  readonly type: TensorType;
  readonly span: Span;
}

export interface BindRequest {
  readonly inputs: readonly DataInput[];
  readonly dataset: Dataset;
  /** The dataset's folder as the user would type it, for messages. */
  readonly folder: string;
  /** Sizes that a dataset must fit. */
  readonly fixed: ReadonlyMap<string, FixedSize>;
}

/** A size that a variant or `--set` has fixed. */
export interface FixedSize {
  readonly value: number;
  /** The variant that fixes it, and where; null where `--set` does. */
  readonly variant: { readonly name: string; readonly span: Span } | null;
}

/** The model's sizes that the dataset decides, by name. Throws a UserError with everything that does not fit. */
export function datasetSizes(request: BindRequest): Map<string, number> {
  const binding = new Binding(request);
  for (const input of request.inputs) binding.field(input);
  for (const check of binding.later) check();
  if (binding.problems.hasErrors) throw new UserError(binding.problems.all);
  return binding.sizes;
}

/** What an axis accepts: a ragged axis and a bound may be larger than the data need, other axes may not. */
type Fit = "exact" | "at least";

class Binding {
  readonly problems = new Problems();
  readonly sizes = new Map<string, number>();
  /** Checks of sizes that are expressions; they run when every name has its size. */
  readonly later: (() => void)[] = [];
  private readonly request: BindRequest;
  private readonly decidedBy = new Map<string, { readonly input: DataInput; readonly field: FieldSpec }>();

  constructor(request: BindRequest) {
    this.request = request;
  }

  field(input: DataInput): void {
    const { fields } = this.request.dataset;
    const field = fields.find(({ name }) => name === input.name);
    if (field === undefined) this.missingField(input);
    else if (kindFor(input.type) !== field.kind) this.wrongKind(input, field);
    else this.fieldSizes(input, field);
  }

  private fieldSizes(input: DataInput, field: FieldSpec): void {
    const { axes, bound } = input.type;
    if (bound !== null) {
      const count = field.vocabularySize ?? field.classes?.length ?? 0;
      this.size(input, field, {
        dim: bound,
        value: count,
        fit: "at least",
        what: field.kind === "class" ? "classes" : "token ids",
      });
    }
    const steps = axes[1];
    const stepwise = field.kind === "sequence" || field.kind === "tokens";
    if (stepwise && steps?.kind === "axis") {
      const fit = steps.ragged ? "at least" : "exact";
      this.size(input, field, { dim: steps.dim, value: field.maxLength, fit, what: "steps" });
      if (!steps.ragged) this.requireEqualLengths(input, field);
    }
    const last = axes.at(-1);
    const hasWidth = field.kind === "vector" || (field.kind === "sequence" && axes.length === 3);
    if (hasWidth && last?.kind === "axis") {
      this.size(input, field, {
        dim: last.dim,
        value: field.width,
        fit: "exact",
        what: field.kind === "vector" ? "numbers" : "numbers per step",
      });
    } else if (field.kind === "sequence" && field.width !== 1) this.wrongKind(input, field);
  }

  /** Gives a named size its value, or compares a size that is known already. */
  private size(input: DataInput, field: FieldSpec, found: FoundSize): void {
    const name = dimAsSymbol(found.dim)?.name ?? null;
    if (name === null) {
      this.later.push(() => this.compare(input, field, found, this.evaluate(found.dim)));
      return;
    }
    const fixed = this.request.fixed.get(name)?.value;
    if (fixed !== undefined) {
      this.compare(input, field, found, fixed);
      this.sizes.set(name, fixed);
      return;
    }
    const known = this.sizes.get(name);
    if (known === undefined) {
      this.sizes.set(name, found.value);
      this.decidedBy.set(name, { input, field });
    } else this.compare(input, field, found, known);
  }

  private evaluate(dim: Dim): number | null {
    const value = dimEvaluate(
      dim,
      ({ name }) => this.sizes.get(name) ?? this.request.fixed.get(name)?.value ?? null,
    );
    return typeof value === "number" ? value : null;
  }

  /** `wanted` is null where a setting decides that is not known here; the compiler checks it with everything else. */
  private compare(input: DataInput, field: FieldSpec, found: FoundSize, wanted: number | null): void {
    if (wanted === null || wanted === found.value) return;
    if (found.fit === "at least" && wanted > found.value) return;
    const size = formatDim(found.dim);
    const other = this.decidedBy.get(size);
    const fixed = this.request.fixed.get(size);
    const place = other?.input.span ?? fixed?.variant?.span;
    const related = place === undefined ? [] : [{ span: place, text: `\`${size}\` is ${wanted} here` }];
    const more = found.fit === "at least" ? " or more" : "";
    const reason =
      other !== undefined
        ? `the field \`${other.field.name}\` has made it ${wanted}`
        : fixed === undefined
          ? `it is ${wanted}`
          : fixed.variant === null
            ? `\`--set ${size}=${wanted}\` sets it to ${wanted}`
            : `the variant \`${fixed.variant.name}\` sets \`${size} = ${wanted}\``;
    const constant = dimConstant(found.dim) !== null;
    const sentence = constant
      ? `The spec says ${wanted}.`
      : `\`${size}\` would have to be ${found.value}${more}, but ${reason}.`;
    this.add(input, {
      code: "data-size",
      title: "Data do not have this size",
      label: `the data have ${found.value}`,
      related,
      field: field.name,
      text: `The field \`${field.name}\` (\`${fieldType(field)}\`) has ${found.value} ${found.what}. ${sentence}`,
      ...(fixed === undefined ? {} : { hint: hintForFixed(size, fixed) }),
    });
  }

  private requireEqualLengths(input: DataInput, field: FieldSpec): void {
    for (const split of Object.values(this.request.dataset.splits)) {
      const values = split.fields.get(field.name);
      if (values === undefined || values.lengths === null) continue;
      const { lengths, present } = values;
      const row = lengths.findIndex((length, index) => present[index] === 1 && length !== field.maxLength);
      if (row < 0) continue;
      this.add(input, {
        code: "data-ragged",
        title: "Rows have lengths of their own",
        label: "every row has the same length here",
        field: field.name,
        within: [`split "${split.name}"`, `row ${row}`],
        text: `Row ${row} has ${at(lengths, row)} steps, others have up to ${field.maxLength}. Without \`~\` padding would count as data.`,
        hint: "Mark the axis as ragged with `~`.",
      });
      return;
    }
  }

  private missingField(input: DataInput): void {
    const { fields, label: labelled } = this.request.dataset;
    const near = suggest(
      input.name,
      fields.map(({ name }) => name),
    );
    const only = input.kind === "label" ? labelled : null;
    const guess = near ?? only;
    this.add(input, {
      code: "missing-field",
      title: "Data field not found",
      label: guess === null ? "not in the dataset" : `Did you mean \`${guess}\`?`,
      field: null,
      text: `The dataset has no field \`${input.name}\`${input.kind === "label" && labelled === null ? " and no labels at all" : ""}. It has:\n\n${fieldTable(fields)}`,
      hint: `Call the ${input.kind} as the field is called, or import the data again with a field \`${input.name}\`.`,
    });
  }

  private wrongKind(input: DataInput, field: FieldSpec): void {
    const wanted = kindFor(input.type);
    const expects =
      wanted === null
        ? `No kind of field holds \`${formatType(input.type)}\`.`
        : `\`${formatType(input.type)}\` reads ${KIND_WORDS[wanted]}.`;
    this.add(input, {
      code: "field-kind",
      title: input.kind === "label" ? "Labels of another kind" : "Field of another kind",
      label: `the data have \`${fieldType(field)}\``,
      field: field.name,
      text: `The field \`${field.name}\` holds ${KIND_WORDS[field.kind]}. ${expects}`,
      hint: `Declare it as \`${input.kind} ${input.name} : ${suggestedType(field)}\`.`,
    });
  }

  private add(input: DataInput, words: Words): void {
    const within = [...(words.field === null ? [] : [`field "${words.field}"`]), ...(words.within ?? [])];
    const diagnostic: Diagnostic = {
      code: words.code,
      severity: "error",
      title: words.title,
      primary: label(input, words.label),
      related: words.related ?? [],
      place: { file: this.request.folder, within },
      text: words.text,
      ...(words.hint === undefined ? {} : { hint: words.hint }),
    };
    this.problems.add(diagnostic);
  }
}

interface FoundSize {
  readonly dim: Dim;
  readonly value: number;
  readonly fit: Fit;
  /** What the number counts. */
  readonly what: string;
}

interface Words {
  readonly code: string;
  readonly title: string;
  readonly label: string;
  readonly related?: readonly Label[];
  readonly field: string | null;
  readonly within?: readonly string[];
  readonly text: string;
  readonly hint?: string;
}

function hintForFixed(size: string, { value, variant }: FixedSize): string {
  return variant === null
    ? `Leave out \`--set ${size}=…\`; the size is then taken from the data.`
    : `Write \`size ${size} = ${value}\` for a default that gives way to the data, or leave the line out.`;
}

function label(input: DataInput, text: string): Label {
  return { span: input.span, text };
}

function fieldTable(fields: readonly FieldSpec[]): string {
  const width = Math.max(0, ...fields.map(({ name }) => name.length));
  return fields
    .map((field) => `    ${field.name.padEnd(width)}  ${fieldType(field)}${extent(field)}`)
    .join("\n");
}

function extent(field: FieldSpec): string {
  if (field.kind === "sequence") return `  up to ${field.maxLength} steps`;
  return field.kind === "tokens" ? `  up to ${field.maxLength} tokens` : "";
}

/** A type with names for its sizes, as one would write it. */
function suggestedType(field: FieldSpec): string {
  switch (field.kind) {
    case "sequence":
      return "f32[B, T~, D]";
    case "vector":
      return "f32[B, D]";
    case "tokens":
      return "ids[B, L~] < V";
    case "class":
      return "class[B] < C";
    case "score":
      return "f32[B]";
  }
}
