/** Walking through expressions. */
import type { Call, Expression } from "../syntax/ast.ts";

/** The expressions that an expression directly consists of. */
export function partsOf(expression: Expression): Expression[] {
  switch (expression.kind) {
    case "number":
    case "flag":
    case "name":
      return [];
    case "unary":
      return [expression.operand];
    case "binary":
      return [expression.left, expression.right];
    case "call":
      return [expression.callee, ...expression.arguments.map((argument) => argument.value)];
    case "member":
      return [expression.object];
    case "list":
      return [...expression.items];
    case "comprehension":
      return [expression.body, expression.iterable];
    case "range":
      return [expression.from, expression.to];
    case "if":
      return [expression.condition, expression.then, expression.else];
  }
}

/** The body of a module is elaborated for each of its calls, and its text stays the same. */
const calls = new WeakMap<Expression, readonly Call[]>();

/** Every call in an expression, after those inside it. */
export function callsIn(expression: Expression): readonly Call[] {
  const known = calls.get(expression);
  if (known !== undefined) return known;
  const found = partsOf(expression).flatMap(callsIn);
  if (expression.kind === "call") found.push(expression);
  calls.set(expression, found);
  return found;
}
