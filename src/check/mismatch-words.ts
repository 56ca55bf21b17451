/** Words for an argument whose type does not fit the signature. */

import { at } from "../base/invariant.ts";
import type { Label } from "../diagnostics/diagnostic.ts";
import type { CallArgument } from "../syntax/ast.ts";
import { dimAsSymbol, formatDim } from "../types/dim.ts";
import type { AxisType, TensorType } from "../types/tensor-type.ts";
import { formatAxis, formatType, isUnitAxis, substituteType } from "../types/tensor-type.ts";
import { apartFrom, sizeOrigins } from "./axis-words.ts";
import type { Checker } from "./checker.ts";
import type { Matcher, Mismatch } from "./match.ts";
import { report, shortText, type Words } from "./report.ts";
import type { ArgumentType, MethodType } from "./signature.ts";

interface Situation {
  readonly wrong: Mismatch;
  readonly pattern: TensorType;
  readonly actual: TensorType;
  readonly matcher: Matcher;
  readonly given: CallArgument;
  readonly argument: ArgumentType;
  readonly method: MethodType;
}

export function reportMismatch(checker: Checker, situation: Situation): void {
  const { argument, given } = situation;
  const words = explain(checker, situation);
  const declared = { span: argument.span, text: `\`${argument.name}\` is declared here` };
  const marked = [given.value.span, argument.span];
  report(checker.problems, given.value.span, {
    ...words,
    related: [declared, ...apartFrom(words.related ?? [], marked)],
  });
}

function explain(checker: Checker, situation: Situation): Words {
  const { wrong, pattern, actual, argument, method } = situation;
  const types = `\n\n    declared : ${formatType(pattern)}\n    given    : ${formatType(actual)}`;
  const whose = `the argument \`${argument.name}\` of ${method.title}`;
  switch (wrong.kind) {
    case "element":
      return {
        code: "wrong-element",
        title: "Wrong kind of element",
        label: `this is \`${formatType(actual)}\``,
        text: `T${whose.slice(1)} holds \`${pattern.element}\`, and this tensor holds \`${actual.element}\`.${types}`,
        hint:
          pattern.element === "f32"
            ? actual.element === "ids"
              ? "Whole numbers become vectors in an embedding; `float(x)` takes them as they are."
              : "`float(x)` turns them into `f32`."
            : undefined,
      };
    case "rank":
      return {
        code: "wrong-rank",
        title: "Wrong number of axes",
        label: `has ${count(actual.axes.length)}`,
        text: `T${whose.slice(1)} has ${count(fixedAxes(pattern))}${hasRest(pattern) ? " or more" : ""}.${types}`,
        hint: rankHint(pattern, actual),
      };
    case "ragged":
      return {
        code: "not-ragged",
        title: "Axis must be ragged",
        label: `\`${formatAxis(at(actual.axes, wrong.place))}\` has one size for all rows`,
        text: `T${whose.slice(1)} asks for lengths along \`${formatDim(wrong.pattern)}\`: it says \`${formatDim(wrong.pattern)}~\`.${types}`,
        related: axisOrigin(checker, actual, wrong.place),
        hint: undefined,
      };
    case "rest":
      return {
        code: "shape-mismatch",
        title: "Axes do not fit",
        label: `this is \`${formatType(actual)}\``,
        hint: unitHint(situation, wrong.expected),
        text: `\`..\` stands for the same axes everywhere in a signature. Here it is \`[${wrong.expected.map(formatAxis).join(", ")}]\`${restSource(situation)}.${types}`,
      };
    case "bound":
      return {
        code: "shape-mismatch",
        title: "Bounds do not agree",
        label: `below \`${actual.bound === null ? "" : formatDim(actual.bound)}\``,
        text: `The whole numbers of ${whose} must lie below \`${formatDim(wrong.expected)}\`${standsFor(wrong.pattern, formatDim(wrong.expected))}.${types}`,
        related: [
          ...sizeOrigins(checker, wrong.expected),
          ...(actual.bound === null ? [] : sizeOrigins(checker, actual.bound)),
        ],
      };
    case "axis":
      return explainAxis(checker, situation, wrong, types);
  }
}

function explainAxis(
  checker: Checker,
  situation: Situation,
  wrong: Extract<Mismatch, { kind: "axis" }>,
  types: string,
): Words {
  const { actual, matcher, argument, pattern } = situation;
  const own = at(actual.axes, wrong.place);
  const name = formatDim(wrong.pattern);
  if (wrong.expected === null)
    return {
      code: "shape-mismatch",
      title: "Axes do not fit",
      label: `this is \`${formatType(actual)}\``,
      text: `\`${name}\` is one axis, but here it would have to be one of the unknown axes \`..\`.${types}`,
      hint: "Name the axes in this signature instead of writing `..`.",
    };
  const found = formatAxis(own).replace("~", "");
  const expected = formatDim(wrong.expected);
  const bringer = matcher.bringerOf(wrong.pattern);
  const brought =
    bringer !== null && bringer.argument !== argument.name
      ? ` The argument \`${bringer.argument}\` says so.`
      : "";
  const related: Label[] =
    bringer !== null && bringer.argument !== argument.name
      ? [{ span: bringer.span, text: `here \`${name}\` is \`${expected}\`` }]
      : [...sizeOrigins(checker, wrong.expected)];
  const filled = formatType(substituteType(pattern, matcher.substitution));
  return {
    code: "shape-mismatch",
    title: "Axes do not fit",
    label: found === expected ? `another \`${found}\`` : `\`${found}\` where \`${expected}\` is needed`,
    related: [...related, ...axisOrigin(checker, actual, wrong.place)],
    text: `Axis ${wrong.place + 1} of \`${argument.name}\` must be \`${expected}\`${standsFor(wrong.pattern, expected)}; here it is ${found === expected ? "another size of this name" : `\`${found}\``}.${brought}${filled === formatType(pattern) ? types : `\n\n    needed : ${filled}\n    given  : ${formatType(actual)}`}`,
  };
}

function standsFor(pattern: TensorType["bound"], expected: string): string {
  if (pattern === null) return "";
  const written = formatDim(pattern);
  return written === expected || dimAsSymbol(pattern) === null
    ? ""
    : ` (written \`${written}\` in the signature)`;
}

/** The usual reason why two axes lists differ: an axis of size 1 at the end of one. */
function unitHint({ actual, given, matcher }: Situation, expected: readonly AxisType[]): string | undefined {
  const longer = actual.axes.length > expected.length ? actual.axes : expected;
  const last = longer.at(-1);
  if (Math.abs(actual.axes.length - expected.length) !== 1 || last === undefined || !isUnitAxis(last))
    return undefined;
  const place = longer === actual.axes ? given.value.span : matcher.bringerOf(null)?.span;
  const text = place === undefined ? null : shortText(place);
  return text === null ? undefined : `\`at(${text}, axis = 1, index = 0)\` takes away the axis of size 1.`;
}

function restSource({ matcher, argument }: Situation): string {
  const bringer = matcher.bringerOf(null);
  return bringer === null || bringer.argument === argument.name
    ? ""
    : ` in the argument \`${bringer.argument}\``;
}

function axisOrigin(checker: Checker, type: TensorType, place: number): Label[] {
  const axis = at(type.axes, place);
  return axis.kind === "axis" ? sizeOrigins(checker, axis.dim) : [];
}

function hasRest(type: TensorType): boolean {
  return type.axes.some((axis) => axis.kind === "rest");
}

function fixedAxes(type: TensorType): number {
  return type.axes.filter((axis) => axis.kind === "axis").length;
}

function count(axes: number): string {
  return axes === 1 ? "1 axis" : `${axes} axes`;
}

function rankHint(pattern: TensorType, actual: TensorType): string | undefined {
  if (hasRest(pattern) || actual.axes.length !== fixedAxes(pattern) + 1) return undefined;
  const steps = actual.axes[1];
  if (steps?.kind !== "axis" || fixedAxes(pattern) < 2) return undefined;
  return `Take the mean or the last element along \`${formatDim(steps.dim)}\` first: \`mean(x, axis = ${formatDim(steps.dim)})\`.`;
}
