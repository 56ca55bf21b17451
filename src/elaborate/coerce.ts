/** Values in the form that a place needs: tensors, whole numbers, sizes. */
import { invariant } from "../base/invariant.ts";
import type { TensorValue } from "../builtins/build-context.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Expression } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import { scalarType } from "../types/tensor-type.ts";
import type { Elaboration } from "./elaboration.ts";
import { fail } from "./elaboration.ts";
import type { Scope } from "./scope.ts";
import type { NumberValue, Value } from "./values.ts";

/** How an item of a list is called in paths: by its name, or by its number from 1. */
export function labelOf(item: Expression, index: number): string {
  return item.kind === "name" ? item.name : String(index + 1);
}

/** A tensor, or a number as a scalar tensor. */
export function asTensor(e: Elaboration, value: Value): TensorValue {
  if (value.kind === "tensor") return value;
  invariant(value.kind === "number", `a ${value.kind} where a tensor is needed`);
  return {
    kind: "tensor",
    type: scalarType,
    node: e.host.g.constant(value.value),
    presence: new Map(),
    ragged: new Map(),
  };
}

/** A whole number known at compile time, or a problem for the user: sizes are only known to be whole once they have values. */
export function wholeNumber(e: Elaboration, expression: Expression, scope: Scope): NumberValue {
  return requireWhole(e.evaluate(expression, scope), expression.span);
}

/** The same for a value that stands at `span`. */
export function requireWhole(value: Value, span: Span): NumberValue {
  invariant(value.kind === "number", `a ${value.kind} where a size is needed`);
  if (value.dim !== null && value.value >= 0) return value;
  return fail({
    code: "size-not-whole",
    title: "Size is not a whole number",
    primary: { span, text: `this is ${value.value}` },
    text: "Sizes must be whole numbers that are not negative, and a division of sizes must come out exactly.",
    hint: "Choose sizes that divide: for example a width that is a multiple of the number of heads.",
  });
}

/** The symbolic form of a size expression. */
export function dimOf(e: Elaboration, expression: Expression, scope: Scope): Dim {
  const { dim } = wholeNumber(e, expression, scope);
  invariant(dim !== null, "a whole number without a size");
  return dim;
}
