/** Sizes and tensor types as they are written: axes of signatures, parameters and inputs. */

import { predefined } from "../builtins/predefined.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Expression, TensorTypeExpr } from "../syntax/ast.ts";
import type { Dim, SizeSymbol } from "../types/dim.ts";
import { dimConstant, dimSymbol, makeSymbol } from "../types/dim.ts";
import type { AxisType, RestSymbol, TensorType } from "../types/tensor-type.ts";
import { axisOf, tensorType } from "../types/tensor-type.ts";
import type { Checker } from "./checker.ts";
import { report } from "./report.ts";
import type { Scope } from "./scope.ts";
import { describe, quoteAll, sizeType } from "./values.ts";

/** The size that an expression stands for, or null after a report. */
export function resolveSize(checker: Checker, expression: Expression, scope: Scope): Dim | null {
  if (expression.kind === "name" && !knowsName(scope, expression.name)) {
    reportUnknownSize(checker, expression.name, expression, scope);
    return null;
  }
  const value = checker.infer(expression, scope);
  if (value.kind === "unknown") return null;
  if (value.kind !== "number" || value.dim === null) {
    report(checker.problems, expression.span, {
      code: "not-a-size",
      title: "This is not a size",
      label:
        value.kind === "number" && value.value === null
          ? "a number that need not be whole"
          : `this is ${describe(value)}`,
      text: "An axis is named by a size: a whole number, a `size` setting, the name of an axis, or arithmetic on these.",
    });
    return null;
  }
  const constant = dimConstant(value.dim);
  if (constant !== null && constant < 1) {
    report(checker.problems, expression.span, {
      code: "size-not-positive",
      title: "Size below 1",
      label: `this is ${constant}`,
      text: "Every axis has at least one element.",
    });
    return null;
  }
  return value.dim;
}

/** Whether a name has a meaning where a size is asked for. */
export function knowsName(scope: Scope, name: string): boolean {
  return scope.find(name) !== null || predefined.get(name)?.kind === "size";
}

function reportUnknownSize(checker: Checker, name: string, expression: Expression, scope: Scope): void {
  if (scope.mayMiss(name)) return;
  const sizes = sizeNames(scope);
  const near = suggest(name, sizes);
  report(checker.problems, expression.span, {
    code: "unknown-size",
    title: "Unknown size",
    label: near === null ? "no size of this name here" : `Did you mean \`${near}\`?`,
    text:
      sizes.length === 0
        ? `No size is known in ${scope.place} at this place, so \`${name}\` stands for nothing.`
        : `\`${name}\` is not a size in ${scope.place}. Known here: ${quoteAll(sizes)}.`,
    hint:
      scope.body === "model" && near === null ? `Declare it in the model: \`size ${name} = 64\`.` : undefined,
  });
}

/** Names of the sizes that can be seen. */
export function sizeNames(scope: Scope): string[] {
  return [...scope.visible].flatMap(([name, local]) =>
    local.type.kind === "number" && local.type.dim !== null && local.kind !== "turn" ? [name] : [],
  );
}

/** Defines every axis name that the types are the first to mention, so that the argument that brings the axis decides its size. */
export function bindAxisNames(types: readonly TensorTypeExpr[], scope: Scope): SizeSymbol[] {
  const made: SizeSymbol[] = [];
  const bind = (expression: Expression): void => {
    if (expression.kind !== "name" || scope.find(expression.name) !== null) return;
    const symbol = makeSymbol(expression.name, expression.span);
    made.push(symbol);
    scope.define(expression.name, { kind: "axis", type: sizeType(dimSymbol(symbol)), span: expression.span });
  };
  for (const type of types) {
    for (const axis of type.axes) if (axis.kind === "axis") bind(axis.size);
    if (type.bound !== null) bind(type.bound);
  }
  return made;
}

export interface TypePlace {
  /** What `..` stands for; null where it is not allowed. */
  readonly rest: RestSymbol | null;
  /** Whether `~` may stand here. */
  readonly ragged: boolean;
  /** "a parameter", "an input": for messages. */
  readonly what: string;
}

/** The tensor type that is written, all of its names being known; null after a report. */
export function resolveType(
  checker: Checker,
  written: TensorTypeExpr,
  scope: Scope,
  place: TypePlace,
): TensorType | null {
  const { problems } = checker;
  const axes: AxisType[] = [];
  let failed = false;
  let rests = 0;
  for (const [index, axis] of written.axes.entries()) {
    if (axis.kind === "rest") {
      rests++;
      if (place.rest === null || rests > 1) {
        failed = true;
        report(problems, axis.span, {
          code: place.rest === null ? "rest-not-allowed" : "rest-twice",
          title: place.rest === null ? "Axes must be named here" : "More than one `..`",
          label: place.rest === null ? "stands for any axes" : "the second one",
          text:
            place.rest === null
              ? `\`..\` stands for the axes that a caller brings, so it belongs in signatures. The type of ${place.what} names every axis.`
              : "With two `..` in one type nobody could tell where the first ends.",
        });
      } else axes.push({ kind: "rest", rest: place.rest });
      continue;
    }
    const dim = resolveSize(checker, axis.size, scope);
    if (axis.ragged && (index === 0 || !place.ragged)) {
      failed = true;
      report(problems, axis.span, {
        code: "ragged-not-allowed",
        title: "Axis cannot be ragged",
        label: index === 0 && place.ragged ? "the first axis" : `an axis of ${place.what}`,
        text:
          index === 0 && place.ragged
            ? "Lengths along a ragged axis are counted for every row of the first axis, so the first axis itself has one size."
            : `Only inputs bring ragged axes; ${place.what} has the same size for every row.`,
        hint: "Leave out the `~`.",
      });
    }
    if (dim === null) failed = true;
    else axes.push(axisOf(dim, axis.ragged));
  }
  const bound = resolveBound(checker, written, scope);
  if (failed || bound === undefined) return null;
  return tensorType(written.element, axes, bound);
}

/** Null: no bound and none needed; undefined: reported. */
function resolveBound(checker: Checker, written: TensorTypeExpr, scope: Scope): Dim | null | undefined {
  const whole = written.element === "ids" || written.element === "class";
  if (!whole) return null;
  if (written.bound === null) {
    report(checker.problems, written.span, {
      code: "missing-bound",
      title: "Whole numbers need a bound",
      label: "up to where?",
      text: `\`${written.element}\` holds whole numbers from 0 up to, not including, a bound.`,
      hint: `Write \`< ${written.element === "ids" ? "V" : "C"}\` behind it; a name without a value is filled in from the dataset.`,
    });
    return undefined;
  }
  return resolveSize(checker, written.bound, scope) ?? undefined;
}
