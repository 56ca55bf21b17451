/** Runs the bodies of functions and methods: arguments enter under the callee's names, results leave under the caller's. */
import { at, invariant } from "../base/invariant.ts";
import type { Argument, Method, Parameter, Return, Statement } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import { argumentValue } from "./arguments.ts";
import { asTensor, dimOf } from "./coerce.ts";
import type { Elaboration } from "./elaboration.ts";
import { bindRenames } from "./renames.ts";
import { Scope } from "./scope.ts";
import { Signature } from "./signature.ts";
import { bindStatements } from "./statements.ts";
import type { InstanceValue, Value } from "./values.ts";

export function methodNamed(instance: InstanceValue, name: string | null): Method | null {
  return (
    instance.declaration.methods.find((method) => (method.signature.name?.name ?? null) === name) ?? null
  );
}

/** Runs a method of an instance on values. */
export function invoke(
  e: Elaboration,
  instance: InstanceValue,
  method: Method,
  values: ReadonlyMap<string, Value>,
  calls: string,
): Value {
  const inner = new Scope(instance.scope, instance.scope.file, { ...instance.scope.place, calls });
  return runBody(e, method.signature.arguments, method.body, method.result, inner, values, instance.outward);
}

/** Enters the body with the arguments under the callee's names, computes the result, and leaves with the caller's. */
export function runBody(
  e: Elaboration,
  parameters: readonly Argument[],
  body: readonly Statement[],
  result: Return,
  inner: Scope,
  values: ReadonlyMap<string, Value>,
  outward: ReadonlyMap<number, Dim> = new Map(),
): Value {
  const signature = new Signature(
    inner,
    e.sizes,
    (expression, scope) => dimOf(e, expression, scope),
    outward,
  );
  // Sizes come first: the axes of the tensors may be named by them.
  const ordered = [...parameters].sort(
    (a, b) => Number(a.type.kind === "tensor") - Number(b.type.kind === "tensor"),
  );
  for (const parameter of ordered) {
    const value =
      values.get(parameter.name.name) ??
      (parameter.default === null ? null : argumentValue(e, parameter, parameter.default, inner, inner.file));
    invariant(value !== null, `argument ${parameter.name.name} is missing`);
    bindParameter(signature, inner, parameter, value);
  }
  bindStatements(e, body, inner, false);
  bindRenames(e, result.values, inner);
  const outer = e.labels;
  e.labels = [];
  const returned = returnValue(e, result, inner);
  e.labels = outer;
  return signature.leave(returned);
}

/** Defines a parameter in the callee's scope. */
export function bindParameter(
  signature: Signature,
  inner: Scope,
  parameter: Argument | Parameter,
  value: Value,
): void {
  const { name } = parameter.name;
  if (parameter.type.kind === "size" && value.kind === "number" && value.dim !== null)
    signature.bindSize(name, value.dim, value.value);
  else if (parameter.type.kind === "tensor" && value.kind === "tensor")
    inner.define(name, signature.enter(parameter.type, value));
  else inner.define(name, value);
}

function returnValue(e: Elaboration, result: Return, inner: Scope): Value {
  const compute = (expression: Return["values"][number]): Value => {
    const value = e.evaluate(expression, inner.inStatement("result", expression));
    return value.kind === "number" ? asTensor(e, value) : value;
  };
  if (result.kind === "single") return compute(at(result.values, 0));
  const fields = new Map<string, Value>();
  for (const expression of result.values) {
    invariant(expression.kind === "name", "a field of a record without a name");
    fields.set(expression.name, compute(expression));
  }
  return { kind: "record", fields };
}
