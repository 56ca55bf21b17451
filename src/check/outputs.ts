/** Outputs of a model: what is written by `predict`, and what is compared with which label. */
import { suggest } from "../diagnostics/suggest.ts";
import type { Identifier, ModelMember } from "../syntax/ast.ts";
import { axisOf, formatType, isUnitAxis, type TensorType, tensorType } from "../types/tensor-type.ts";
import type { Checker } from "./checker.ts";
import { sameResult } from "./methods.ts";
import { report } from "./report.ts";
import type { Scope } from "./scope.ts";
import { describe, quoteAll } from "./values.ts";

/** An output that predicts a label. */
export interface Prediction {
  readonly output: string;
  readonly label: string;
  readonly type: TensorType;
}

type Output = Extract<ModelMember, { kind: "output" }>;

export function checkOutput(
  checker: Checker,
  member: Output,
  scope: Scope,
  labels: ReadonlyMap<string, TensorType | null>,
  predictions: Prediction[],
): void {
  for (const identifier of member.names) {
    const type = outputType(checker, identifier, scope);
    if (type !== null) checker.record(identifier, type);
    if (member.predicts !== null)
      checkPrediction({ checker, scope, labels, predictions }, identifier, type, member.predicts);
  }
}

function outputType(checker: Checker, identifier: Identifier, scope: Scope): TensorType | null {
  const { name, span } = identifier;
  const local = scope.use(name);
  if (local === null) {
    if (scope.mayMiss(name)) return null;
    const later = scope.upcoming(name);
    const near = suggest(name, scope.visible.keys());
    report(checker.problems, span, {
      code: "unknown-output",
      title: "Unknown output",
      label: near === null || later !== null ? "not defined yet" : `Did you mean \`${near}\`?`,
      related: later === null ? [] : [{ span: later, text: `\`${name}\` is defined here` }],
      text: `An output is a value that the model has given a name before; \`${name}\` is not.`,
    });
    return null;
  }
  const { type } = local;
  if (type.kind === "unknown") return null;
  const rows = type.kind === "tensor" ? type.axes[0] : undefined;
  const batch = scope.find("B")?.type;
  if (
    type.kind === "tensor" &&
    rows?.kind === "axis" &&
    batch?.kind === "number" &&
    rows.dim.key === batch.dim?.key
  )
    return type;
  report(checker.problems, span, {
    code: "output-without-rows",
    title: "Output needs a row each",
    label: `this is ${describe(type)}`,
    related: [{ span: local.span, text: "defined here" }],
    text: "What is written for every row of the dataset is a tensor whose first axis is `B`.",
    hint:
      type.kind === "record"
        ? `Give one of its fields a name: \`${name}_${[...type.fields.keys()][0] ?? "field"} = ${name}.${[...type.fields.keys()][0] ?? "field"}\`.`
        : undefined,
  });
  return null;
}

interface Surroundings {
  readonly checker: Checker;
  readonly scope: Scope;
  readonly labels: ReadonlyMap<string, TensorType | null>;
  readonly predictions: Prediction[];
}

function checkPrediction(
  { checker, scope, labels, predictions }: Surroundings,
  output: Identifier,
  type: TensorType | null,
  target: Identifier,
): void {
  const label = labels.get(target.name);
  if (label === undefined) {
    if (scope.mayMiss(target.name)) return;
    const near = suggest(target.name, labels.keys());
    report(checker.problems, target.span, {
      code: "unknown-label",
      title: "Unknown label",
      label: near === null ? "not a label" : `Did you mean \`${near}\`?`,
      text:
        labels.size === 0
          ? "The model has no label to predict."
          : `The ${labels.size === 1 ? "label of this model is" : "labels of this model are"} ${quoteAll([...labels.keys()])}.`,
      hint: labels.size === 0 ? `Declare it: \`label ${target.name} : f32[B]\`.` : undefined,
    });
    return;
  }
  if (label === null) return;
  const earlier = predictions.find((prediction) => prediction.label === target.name);
  if (earlier !== undefined)
    report(checker.problems, target.span, {
      code: "predicted-twice",
      title: "Label is predicted twice",
      label: `\`${earlier.output}\` predicts it already`,
      text: "Metrics compare a label with one output.",
      hint: `Write \`output ${output.name}\` without \`predicts\`.`,
    });
  // Also where the output itself is wrong, which has been reported: the metrics that compare with the label are not to blame.
  predictions.push({ output: output.name, label: target.name, type: label });
  const wanted = predictionOf(label);
  if (type !== null && !sameResult(type, wanted))
    reportPrediction(checker, output, type, target, label, wanted);
}

/** What an output must be in order to predict a label: the number itself, or one score for every class. */
function predictionOf(label: TensorType): TensorType {
  const plain = label.axes.map((axis) => (axis.kind === "axis" ? { ...axis, ragged: false } : axis));
  return tensorType("f32", label.bound === null ? plain : [...plain, axisOf(label.bound)]);
}

function reportPrediction(
  checker: Checker,
  output: Identifier,
  type: TensorType,
  target: Identifier,
  label: TensorType,
  wanted: TensorType,
): void {
  const last = type.axes.at(-1);
  const unit = last !== undefined && isUnitAxis(last) && type.axes.length === wanted.axes.length + 1;
  report(checker.problems, output.span, {
    code: "prediction-mismatch",
    title: "Output does not fit the label",
    label: `this is \`${formatType(type)}\``,
    related: [{ span: target.span, text: `\`${formatType(label)}\`` }],
    text: `To predict ${label.bound === null ? "this label" : "a class, an output gives a score for every class, so here"} the output must be\n\n    ${formatType(wanted)}`,
    hint: unit ? `\`at(${output.name}, axis = 1, index = 0)\` takes away the axis of size 1.` : undefined,
  });
}
