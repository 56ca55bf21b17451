/** Runs the bodies of functions and methods: arguments enter under the callee's names, results leave under the caller's. */
import { at, invariant } from "../base/invariant.ts";
import type { TensorValue } from "../builtins/build-context.ts";
import type { Argument, Method, Parameter, Return, Statement } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { defaultValue } from "./arguments.ts";
import { asTensor, dimOf } from "./coerce.ts";
import type { Elaboration } from "./elaboration.ts";
import { bindRenames } from "./renames.ts";
import { type Place, Scope } from "./scope.ts";
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
  site: CallSite,
  absent?: AbsentArgument,
): Value {
  const inner = new Scope(instance.scope, instance.scope.file, { ...instance.scope.place, ...site });
  const { outward } = instance;
  const { signature, body, result } = method;
  return runBody(e, signature.arguments, body, result, inner, values, { outward, absent });
}

/** What a callee is told about the place that it is called from. */
export type CallSite = Pick<Place, "calls" | "step">;

/** Gives a tensor argument that the call leaves out, of this type in the callee's names; `given` are those that it does not. */
export type AbsentArgument = (name: string, type: TensorType, given: readonly TensorValue[]) => TensorValue;

interface BodyOptions {
  /** What the sizes of the instance are for its maker. */
  readonly outward?: ReadonlyMap<number, Dim>;
  readonly absent?: AbsentArgument | undefined;
}

/** Enters the body with the arguments under the callee's names, computes the result, and leaves with the caller's. */
export function runBody(
  e: Elaboration,
  parameters: readonly Argument[],
  body: readonly Statement[],
  result: Return,
  inner: Scope,
  values: ReadonlyMap<string, Value>,
  { outward = new Map(), absent }: BodyOptions = {},
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
  const missing = (parameter: Argument) =>
    absent !== undefined && parameter.type.kind === "tensor" && !values.has(parameter.name.name);
  for (const parameter of ordered) {
    if (missing(parameter)) continue;
    const value =
      values.get(parameter.name.name) ??
      (parameter.default === null ? null : defaultValue(e, parameter, parameter.default, inner));
    invariant(value !== null, `argument ${parameter.name.name} is missing`);
    bindParameter(signature, inner, parameter, value);
  }
  const given = ordered.flatMap(({ name }) => {
    const value = inner.defines(name.name) ? inner.lookup(name.name) : null;
    return value?.kind === "tensor" ? [value] : [];
  });
  for (const parameter of ordered.filter(missing))
    if (absent !== undefined && parameter.type.kind === "tensor")
      inner.define(
        parameter.name.name,
        absent(parameter.name.name, signature.declared(parameter.type), given),
      );
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
  const scope = inner.inStatement("return", ...result.values);
  const compute = (expression: Return["values"][number]): Value => {
    const value = e.evaluate(expression, scope);
    return value.kind === "number" ? asTensor(e, value) : value;
  };
  if (result.kind === "single") return compute(at(result.values, 0));
  const fields = new Map<string, Value>();
  for (const [index, expression] of result.values.entries()) {
    const name = result.names[index]?.name ?? (expression.kind === "name" ? expression.name : null);
    invariant(name !== null, "a field of a record without a name");
    fields.set(name, compute(expression));
  }
  return { kind: "record", fields };
}
