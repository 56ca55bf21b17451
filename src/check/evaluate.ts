/** The value of an expression that is known at compile time, once the settings of a model have values. The expression has been checked. */
import type { Builtin } from "../builtins/builtin.ts";
import type { Expression } from "../syntax/ast.ts";

export type StaticValue = number | boolean;

export interface Environment {
  /** Null for names without a value, such as sizes that only a dataset brings. */
  readonly lookup: (name: string) => StaticValue | null;
  readonly operators: ReadonlyMap<string, Builtin>;
  readonly builtins: ReadonlyMap<string, Builtin>;
}

/** Null where a name in it has no value yet, or where the expression is not static. */
export function evaluate(expression: Expression, environment: Environment): StaticValue | null {
  switch (expression.kind) {
    case "number":
    case "flag":
      return expression.value;
    case "name":
      return environment.lookup(expression.name);
    case "unary": {
      const value = evaluate(expression.operand, environment);
      if (expression.operator === "not") return typeof value === "boolean" ? !value : null;
      return typeof value === "number" ? -value : null;
    }
    case "binary":
      return evaluateBinary(expression, environment);
    case "if": {
      const condition = evaluate(expression.condition, environment);
      if (typeof condition !== "boolean") return null;
      return evaluate(condition ? expression.then : expression.else, environment);
    }
    case "call": {
      if (expression.callee.kind !== "name") return null;
      const constant = environment.builtins.get(expression.callee.name)?.constant;
      const values = expression.arguments.map((argument) => evaluate(argument.value, environment));
      const numbers = values.filter((value) => typeof value === "number");
      return constant === undefined || numbers.length !== values.length ? null : constant(numbers);
    }
    default:
      return null;
  }
}

function evaluateBinary(
  expression: Extract<Expression, { kind: "binary" }>,
  environment: Environment,
): StaticValue | null {
  const left = evaluate(expression.left, environment);
  const right = evaluate(expression.right, environment);
  if (left === null || right === null) return null;
  const { operator } = expression;
  if (operator === "==") return left === right;
  if (operator === "!=") return left !== right;
  if (typeof left === "boolean" || typeof right === "boolean") {
    if (typeof left !== "boolean" || typeof right !== "boolean") return null;
    if (operator === "and") return left && right;
    return operator === "or" ? left || right : null;
  }
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      return environment.operators.get(operator)?.constant?.([left, right]) ?? null;
  }
}
