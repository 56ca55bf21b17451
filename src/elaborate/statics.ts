/** Arithmetic on values known at compile time. Sizes keep their symbolic form beside their number, so that axes can be named by them. */
import { CompilerBug } from "../base/invariant.ts";
import type { BinaryOperator } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import { dimAdd, dimDivide, dimMultiply, dimNumber, dimSubtract } from "../types/dim.ts";
import type { FlagValue, NumberValue } from "./values.ts";

export function numberValue(value: number, dim: Dim | null = null): NumberValue {
  return { kind: "number", value, dim: dim ?? (Number.isSafeInteger(value) ? dimNumber(value) : null) };
}

const sizes: Partial<Record<BinaryOperator, (a: Dim, b: Dim) => Dim>> = {
  "+": dimAdd,
  "-": dimSubtract,
  "*": dimMultiply,
  "/": dimDivide,
};

/** Result of an operator on two numbers. */
export function staticBinary(
  operator: BinaryOperator,
  a: NumberValue,
  b: NumberValue,
): NumberValue | FlagValue {
  const value = numeric(operator, a.value, b.value);
  if (typeof value === "boolean") return { kind: "flag", value };
  const combine = sizes[operator];
  const dim =
    a.dim !== null && b.dim !== null && combine !== undefined && Number.isSafeInteger(value)
      ? combine(a.dim, b.dim)
      : null;
  return numberValue(value, dim);
}

function numeric(operator: BinaryOperator, a: number, b: number): number | boolean {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "^":
      return a ** b;
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      throw new CompilerBug(`operator ${operator} on numbers`);
  }
}

/** Result of `and`, `or`, `==`, `!=` on two flags. */
export function flagBinary(operator: BinaryOperator, a: FlagValue, b: FlagValue): FlagValue {
  switch (operator) {
    case "and":
      return { kind: "flag", value: a.value && b.value };
    case "or":
      return { kind: "flag", value: a.value || b.value };
    case "==":
      return { kind: "flag", value: a.value === b.value };
    case "!=":
      return { kind: "flag", value: a.value !== b.value };
    default:
      throw new CompilerBug(`operator ${operator} on flags`);
  }
}
