/** Operators: on values known at compile time they are arithmetic on sizes and numbers, otherwise they work element by element. */
import type { BuiltinArgument } from "../builtins/builtin.ts";
import type { BinaryOperator, Expression } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import { dimAdd, dimConstant, dimDivide, dimMultiply, dimNumber, dimSubtract } from "../types/dim.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { alignAxes, formatType } from "../types/tensor-type.ts";
import { explainAxes } from "./axis-words.ts";
import type { Checker } from "./checker.ts";
import { report } from "./report.ts";
import type { Scope } from "./scope.ts";
import {
  asTensor,
  describe,
  type FlagType,
  type NumberType,
  numberType,
  sizeType,
  unknownType,
  type ValueType,
} from "./values.ts";

type Binary = Extract<Expression, { kind: "binary" }>;
type Unary = Extract<Expression, { kind: "unary" }>;

const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);

export function inferBinary(checker: Checker, expression: Binary, scope: Scope): ValueType {
  const left = checker.infer(expression.left, scope);
  const right = checker.infer(expression.right, scope);
  if (left.kind === "unknown" || right.kind === "unknown") return unknownType;
  if (left.kind === "number" && right.kind === "number")
    return staticBinary(checker, expression, left, right);
  if (left.kind === "flag" && right.kind === "flag") {
    const flag = combineFlags(expression.operator, left, right);
    if (flag !== null) return flag;
  }
  const { operator } = expression;
  const a = operand(checker, expression.left, left, operator);
  const b = operand(checker, expression.right, right, operator);
  if (a === null || b === null) return unknownType;
  if (operator === "^") return tensorPower(checker, expression, a, right);
  return tensorBinary(checker, expression, a, b);
}

export function inferUnary(checker: Checker, expression: Unary, scope: Scope): ValueType {
  const value = checker.infer(expression.operand, scope);
  if (value.kind === "unknown") return unknownType;
  if (expression.operator === "-") {
    if (value.kind === "number")
      return value.dim === null
        ? numberType(value.value === null ? null : -value.value)
        : sizeType(dimSubtract(dimNumber(0), value.dim));
    if (value.kind === "tensor" && value.element === "f32") return value;
    return wrongOperand(checker, expression.operand, value, "-");
  }
  if (value.kind === "flag") return { kind: "flag", value: value.value === null ? null : !value.value };
  if (value.kind === "tensor" && value.element === "bool") return value;
  return wrongOperand(checker, expression.operand, value, "not");
}

function staticBinary(checker: Checker, expression: Binary, left: NumberType, right: NumberType): ValueType {
  const { operator } = expression;
  if (operator === "and" || operator === "or") return wrongOperand(checker, expression.left, left, operator);
  const [a, b] = [left.value, right.value];
  if (comparisons.has(operator))
    return { kind: "flag", value: a === null || b === null ? null : compare(operator, a, b) };
  if (operator === "/" && b === 0)
    return report(checker.problems, expression.right.span, {
      code: "division-by-zero",
      title: "Division by zero",
      label: "this is 0",
      text: "Numbers that are known at compile time cannot be divided by 0.",
    });
  const dim = left.dim === null || right.dim === null ? null : combineDims(operator, left.dim, right.dim);
  if (dim !== null) return sizeType(dim);
  const constant = checker.operators.get(operator)?.constant;
  return numberType(a === null || b === null || constant === undefined ? null : constant([a, b]));
}

/** Null where the result need not be whole. */
function combineDims(operator: BinaryOperator, a: Dim, b: Dim): Dim | null {
  const [left, right] = [dimConstant(a), dimConstant(b)];
  switch (operator) {
    case "+":
      return dimAdd(a, b);
    case "-":
      return dimSubtract(a, b);
    case "*":
      return dimMultiply(a, b);
    case "/":
      if (left !== null && right !== null && left % right !== 0) return null;
      return dimDivide(a, b);
    default:
      return null;
  }
}

function compare(operator: BinaryOperator, a: number, b: number): boolean {
  switch (operator) {
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
    default:
      return a >= b;
  }
}

function combineFlags(operator: BinaryOperator, left: FlagType, right: FlagType): FlagType | null {
  const [a, b] = [left.value, right.value];
  const known = a !== null && b !== null;
  switch (operator) {
    case "and":
      return { kind: "flag", value: known ? a && b : null };
    case "or":
      return { kind: "flag", value: known ? a || b : null };
    case "==":
      return { kind: "flag", value: known ? a === b : null };
    case "!=":
      return { kind: "flag", value: known ? a !== b : null };
    default:
      return null;
  }
}

/** What an operator accepts, in words. */
function accepted(operator: BinaryOperator | "not"): string {
  if (operator === "and" || operator === "or" || operator === "not") return "flags or `bool` tensors";
  if (comparisons.has(operator)) return "numbers and tensors of `f32`, `ids` or `class`";
  return "numbers and `f32` tensors";
}

function accepts(operator: BinaryOperator, type: TensorType): boolean {
  if (operator === "and" || operator === "or") return type.element === "bool";
  if (comparisons.has(operator)) return type.element !== "bool";
  return type.element === "f32";
}

function operand(
  checker: Checker,
  expression: Expression,
  value: ValueType,
  operator: BinaryOperator,
): TensorType | null {
  const type = asTensor(value);
  if (type !== null && accepts(operator, type)) return type;
  wrongOperand(checker, expression, value, operator);
  return null;
}

function wrongOperand(
  checker: Checker,
  expression: Expression,
  value: ValueType,
  operator: BinaryOperator | "not",
): ValueType {
  const countable = value.kind === "tensor" && value.element !== "f32";
  const logical = operator === "and" || operator === "or" || operator === "not";
  return report(checker.problems, expression.span, {
    code: "wrong-operand",
    title: "Operator does not accept this",
    label: `this is ${describe(value)}`,
    text: `\`${operator}\` works on ${accepted(operator)}.`,
    hint:
      countable && !logical
        ? "`float(x)` turns whole numbers and truth values into `f32`."
        : value.kind === "record"
          ? `Name one of its fields: \`.${[...value.fields.keys()][0] ?? "field"}\`.`
          : undefined,
  });
}

function tensorPower(checker: Checker, expression: Binary, base: TensorType, exponent: ValueType): ValueType {
  if (exponent.kind === "number") return base;
  return report(checker.problems, expression.right.span, {
    code: "exponent-not-known",
    title: "Exponent must be a number",
    label: `this is ${describe(exponent)}`,
    text: "`^` takes an exponent that is known at compile time.",
    hint: "For positive `a`, a changing exponent is `exp(b * log(a))`.",
  });
}

function tensorBinary(checker: Checker, expression: Binary, a: TensorType, b: TensorType): ValueType {
  if (alignAxes(a.axes, b.axes) === null) {
    const words = explainAxes(checker, a, b);
    return report(checker.problems, expression.right.span, {
      code: "shape-mismatch",
      title: "Axes do not fit",
      label: words.label,
      related: [{ span: expression.left.span, text: `\`${formatType(a)}\`` }, ...words.related],
      text: `\`${expression.operator}\` works element by element, but these have no common axes:\n\n    ${formatType(a)}\n    ${formatType(b)}\n\n${words.text}`,
      hint: words.hint,
    });
  }
  if (a.element !== b.element && a.axes.length > 0 && b.axes.length > 0)
    return report(checker.problems, expression.right.span, {
      code: "wrong-operand",
      title: "Operator does not accept this",
      label: `this is \`${formatType(b)}\``,
      related: [{ span: expression.left.span, text: `\`${formatType(a)}\`` }],
      text: `\`${expression.operator}\` compares elements of one kind; these are \`${a.element}\` and \`${b.element}\`.`,
      hint: "`float(x)` turns whole numbers into `f32`.",
    });
  const arguments_ = new Map<string, BuiltinArgument>([
    ["a", { kind: "tensor", type: a }],
    ["b", { kind: "tensor", type: b }],
  ]);
  const result = checker.operators.get(expression.operator)?.type(arguments_);
  return result === undefined || result.kind === "problem" ? unknownType : result;
}
