/** Values of expressions, with every size known. The checker has shown that names, kinds and axes fit; what can still go wrong here are numbers. */
import { at, CompilerBug, invariant } from "../base/invariant.ts";
import { operators } from "../builtins/index.ts";
import { DATASET_ROWS, predefined } from "../builtins/predefined.ts";
import { isModule } from "../check/scope.ts";
import type { Comprehension, Expression } from "../syntax/ast.ts";
import { dimSymbol } from "../types/dim.ts";
import { applyBuiltin } from "./builtin-call.ts";
import { evaluateCall } from "./calls.ts";
import { asTensor, labelOf, wholeNumber } from "./coerce.ts";
import type { Elaboration } from "./elaboration.ts";
import { methodNamed } from "./invoke.ts";
import type { Scope } from "./scope.ts";
import { epochValue } from "./states.ts";
import { flagBinary, numberValue, staticBinary } from "./statics.ts";
import type { ListValue, Value } from "./values.ts";

type Kind<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

export function evaluate(e: Elaboration, expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case "number":
      return numberValue(expression.value);
    case "flag":
      return { kind: "flag", value: expression.value };
    case "name":
      return evaluateName(e, expression, scope);
    case "unary":
      return evaluateUnary(e, expression, scope);
    case "binary":
      return evaluateBinary(e, expression, scope);
    case "call":
      return evaluateCall(e, expression, scope);
    case "member":
      return evaluateMember(e, expression, scope);
    case "list":
      return {
        kind: "list",
        items: expression.items.map((item) => evaluate(e, item, scope)),
        labels: expression.items.map((item, index) => labelOf(item, index)),
      };
    case "comprehension":
      return evaluateComprehension(e, expression, scope);
    case "range":
      return evaluateRange(e, expression, scope);
    case "if": {
      const condition = evaluate(e, expression.condition, scope);
      invariant(condition.kind === "flag", "condition of `if` is not a flag");
      return evaluate(e, condition.value ? expression.then : expression.else, scope);
    }
  }
}

function evaluateName(e: Elaboration, expression: Kind<"name">, scope: Scope): Value {
  const value = scope.lookup(expression.name);
  if (value !== null) return value;
  const definition = scope.file.names.get(expression.name);
  if (definition !== undefined && isModule(definition))
    return {
      kind: "module",
      definition,
      settings: new Map(),
      through: null,
      slot: null,
    };
  switch (predefined.get(expression.name)?.name) {
    case "Rows":
      return numberValue(e.host.rows, dimSymbol(DATASET_ROWS));
    case "training":
      e.choosesByTraining = true;
      return { kind: "flag", value: e.host.training };
    case "epoch":
      return epochValue(e, expression.span);
  }
  throw new CompilerBug(`name \`${expression.name}\` has no value`);
}

function evaluateUnary(e: Elaboration, expression: Kind<"unary">, scope: Scope): Value {
  const operand = evaluate(e, expression.operand, scope);
  if (operand.kind === "flag") return { kind: "flag", value: !operand.value };
  if (operand.kind === "number") return staticBinary("-", numberValue(0), operand);
  const builtin = operators.get(expression.operator === "-" ? "negate" : "not");
  invariant(builtin !== undefined, "unary operator");
  return applyBuiltin(e, builtin, new Map([["x", asTensor(e, operand)]]), expression, scope);
}

function evaluateBinary(e: Elaboration, expression: Kind<"binary">, scope: Scope): Value {
  const left = evaluate(e, expression.left, scope);
  const right = evaluate(e, expression.right, scope);
  if (left.kind === "number" && right.kind === "number")
    return staticBinary(expression.operator, left, right);
  if (left.kind === "flag" && right.kind === "flag") return flagBinary(expression.operator, left, right);
  const builtin = operators.get(expression.operator);
  invariant(builtin !== undefined, `operator ${expression.operator}`);
  const second = expression.operator === "^" ? right : asTensor(e, right);
  return applyBuiltin(
    e,
    builtin,
    new Map([
      ["a", asTensor(e, left)],
      ["b", second],
    ]),
    expression,
    scope,
  );
}

function evaluateMember(e: Elaboration, expression: Kind<"member">, scope: Scope): Value {
  const object = evaluate(e, expression.object, scope);
  if (object.kind === "record") {
    const field = object.fields.get(expression.member.name);
    invariant(field !== undefined, `record has no field ${expression.member.name}`);
    return field;
  }
  invariant(
    object.kind === "instance" && methodNamed(object, expression.member.name) !== null,
    "member of a value without members",
  );
  return object;
}

function evaluateRange(e: Elaboration, expression: Kind<"range">, scope: Scope): ListValue {
  const from = wholeNumber(e, expression.from, scope).value;
  const to = wholeNumber(e, expression.to, scope).value;
  const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
  return { kind: "list", items: numbers.map((value) => numberValue(value)), labels: numbers.map(String) };
}

function evaluateComprehension(e: Elaboration, expression: Comprehension, scope: Scope): ListValue {
  const iterable = evaluate(e, expression.iterable, scope);
  invariant(iterable.kind === "list", "comprehension over something that is not a list");
  const outer = e.labels;
  const items = iterable.items.map((item, index) => {
    const inner = scope.nested();
    const parts = expression.variables.length === 1 ? [item] : item.kind === "list" ? item.items : [];
    for (const [place, variable] of expression.variables.entries())
      inner.define(variable.name, at(parts, place));
    e.labels = [...outer, at(iterable.labels, index)];
    const value = evaluate(e, expression.body, inner);
    e.labels = outer;
    return value;
  });
  return { kind: "list", items, labels: iterable.labels };
}
