/**
 * A small dataset that fits a model, with numbers out of nowhere: rows of different lengths, rows without a label, a row without its first
 * modality. Every spec can be run on it, so that every spec can be tested. Sizes are chosen small: those that data bring differ from one another
 * where they may, those that the model sets itself shrink to at most 4.
 */
import { hash32 } from "../base/hash.ts";
import { at, invariant } from "../base/invariant.ts";
import { RandomStream } from "../base/random.ts";
import { builtins, operators } from "../builtins/index.ts";
import type { CheckedModel } from "../check/checked.ts";
import { evaluate } from "../check/evaluate.ts";
import type { ValueType } from "../check/values.ts";
import type { Dataset, Field, FieldKind, FieldSpec, Split } from "../data/schema.ts";
import { emptyField, isInteger, rowSize } from "../data/schema.ts";
import type { DataInput } from "../train/bind-data.ts";
import { kindFor } from "../train/field-kinds.ts";
import type { Dim } from "../types/dim.ts";
import { dimAsSymbol, dimEvaluate } from "../types/dim.ts";
import { dataInputs, fixedSizes } from "./prepare.ts";

/** The largest value of a size that only the model knows. Heads, layers and widths that are powers of two stay divisible. */
const LARGEST_SETTING = 4;
const STEPS = [5, 4, 6];
const WIDTHS = [3, 4, 5];
const VOCABULARY = 7;
const CLASSES = 3;

export interface InventRequest {
  readonly model: CheckedModel;
  /** Types of inputs and labels, by their nodes. */
  readonly types: ReadonlyMap<object, ValueType>;
  /** Rows of a batch. */
  readonly batch: { readonly labelled: number; readonly unlabelled: number };
  /** Batches in the training split; the others hold one each. */
  readonly batches: number;
  readonly seed: number;
  /** A number for every size, instead of small ones. */
  readonly sizes?: ReadonlyMap<string, number>;
  /** Every row has all its steps and modalities, so that all of the work that is counted is done. */
  readonly full?: boolean;
}

export interface Invented {
  readonly dataset: Dataset;
  /** A number for every size of the model that is not computed from others. Sizes that the user has set stay. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Invents sizes and data. In the training split the labelled rows come first. */
export function inventData(request: InventRequest): Invented {
  const { model, types, batch, batches, full = false } = request;
  const inputs = dataInputs(model, types);
  const sizes = request.sizes ?? inventSizes(model, inputs);
  const fields = inputs.map((input) => fieldSpec(input, sizes));
  const steps = new Map(inputs.map((input) => [input.name, stepsName(input)]));
  const label = inputs.find(({ kind }) => kind === "label")?.name ?? null;
  const missing = full ? null : (inputs.find(({ kind }) => kind === "input")?.name ?? null);
  const split = (name: string, labelled: number, unlabelled: number): Split => {
    const rows = labelled + unlabelled;
    const made = fields.map((spec): [string, Field] => {
      const isPresent = (row: number) =>
        spec.name === label ? row < labelled : spec.name !== missing || row !== 1;
      const streams = { seed: hash32(`${request.seed}/${name}`), steps: steps.get(spec.name) ?? spec.name };
      return [spec.name, inventField(spec, rows, isPresent, { ...streams, full })];
    });
    return { name, rows, ids: null, fields: new Map(made) };
  };
  const splits = {
    train: split("train", batch.labelled * batches, batch.unlabelled * batches),
    valid: split("valid", batch.labelled, 0),
    test: split("test", batch.labelled, 0),
  };
  const provenance = { command: "invented", sources: [], options: null };
  return {
    dataset: { name: "invented", fields, label, splits, scaling: {}, provenance, cleaned: [] },
    sizes,
  };
}

/** Sizes by name: of the data, then those of the model whose default is a number. */
function inventSizes(model: CheckedModel, inputs: readonly DataInput[]): Map<string, number> {
  const sizes = fixedSizes(model);
  const counts = { steps: 0, widths: 0 };
  const invent = (dim: Dim | null, value: () => number) => {
    const name = dim === null ? null : (dimAsSymbol(dim)?.name ?? null);
    if (name !== null && !sizes.has(name)) sizes.set(name, value());
  };
  for (const { type } of inputs) {
    const [, ...axes] = type.axes.map((axis) => (axis.kind === "axis" ? axis.dim : null));
    const isStepwise = type.element === "ids" || axes.length === 2 || hasRaggedAxis(type.axes[1]);
    for (const [place, dim] of axes.entries()) {
      const isSteps = isStepwise && place === 0;
      invent(dim, () => (isSteps ? at(STEPS, counts.steps++ % 3) : at(WIDTHS, counts.widths++ % 3)));
    }
    invent(type.bound, () => (type.element === "class" ? CLASSES : VOCABULARY));
  }
  for (const member of model.declaration.members) {
    if (member.kind !== "size" || member.default === null || sizes.has(member.name.name)) continue;
    const value = evaluate(member.default, { lookup: () => null, builtins, operators });
    if (typeof value === "number") sizes.set(member.name.name, Math.min(value, LARGEST_SETTING));
  }
  return sizes;
}

function hasRaggedAxis(axis: DataInput["type"]["axes"][number] | undefined): boolean {
  return axis?.kind === "axis" && axis.ragged;
}

/** The name of the axis that the rows of an input have lengths along: inputs that share it are aligned, step by step. */
function stepsName({ type }: DataInput): string | null {
  const axis = type.axes[1];
  return axis?.kind === "axis" ? (dimAsSymbol(axis.dim)?.name ?? null) : null;
}

function fieldSpec({ name, type }: DataInput, sizes: ReadonlyMap<string, number>): FieldSpec {
  const kind = kindFor(type);
  invariant(kind !== null, `no field can hold the input ${name}`);
  const number = (dim: Dim): number => {
    const value = dimEvaluate(dim, (symbol) => sizes.get(symbol.name) ?? null);
    invariant(typeof value === "number", `the input ${name} has a size without a value`);
    return value;
  };
  const extents = type.axes.slice(1).map((axis) => (axis.kind === "axis" ? number(axis.dim) : 1));
  const bound = type.bound === null ? 0 : number(type.bound);
  const maxLength = kind === "sequence" || kind === "tokens" ? at(extents, 0) : 1;
  const width = kind === "vector" ? at(extents, 0) : kind === "sequence" ? (extents[1] ?? 1) : 1;
  return {
    name,
    kind,
    width,
    maxLength,
    ...(kind === "tokens" ? { vocabularySize: bound } : {}),
    ...(kind === "class" ? { classes: Array.from({ length: bound }, (_, index) => `class ${index}`) } : {}),
  };
}

/** A number that a field of this kind may hold, from a uniform one in [0, 1). */
function inventedValue(kind: FieldKind, spec: FieldSpec, draw: number): number {
  const bound = kind === "tokens" ? (spec.vocabularySize ?? 1) : (spec.classes?.length ?? 1);
  if (isInteger(kind)) return Math.floor(draw * bound);
  return kind === "score" ? 6 * draw - 3 : 2 * draw - 1;
}

function inventField(
  spec: FieldSpec,
  rows: number,
  isPresent: (row: number) => boolean,
  streams: { readonly seed: number; readonly steps: string; readonly full: boolean },
): Field {
  const field = emptyField(spec, rows);
  const values = new RandomStream(streams.seed, hash32(`values/${spec.name}`));
  const lengths = new RandomStream(streams.seed, hash32(`lengths/${streams.steps}`));
  const size = rowSize(spec);
  for (let row = 0; row < rows; row++) {
    if (!isPresent(row)) continue;
    field.present[row] = 1;
    // The first row has all steps, the others between 2 and all of them.
    const steps =
      row === 0 || streams.full
        ? spec.maxLength
        : 2 + Math.floor(lengths.uniform(row) * (spec.maxLength - 1));
    const valid = Math.min(steps, spec.maxLength);
    if (field.lengths !== null) field.lengths[row] = valid;
    for (let index = 0; index < valid * spec.width; index++)
      field.data[row * size + index] = inventedValue(spec.kind, spec, values.uniform(row * size + index));
  }
  return field;
}
