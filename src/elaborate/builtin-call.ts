/** Calls of builtin functions: values to types, types to a result type, values to nodes. */
import { at, invariant } from "../base/invariant.ts";
import type { TensorValue } from "../builtins/build-context.ts";
import type {
  BuildArguments,
  Builtin,
  BuiltinArgument,
  BuiltinParameter,
  BuiltinProblem,
} from "../builtins/builtin.ts";
import { builtins } from "../builtins/index.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Call, CallArgument, Expression } from "../syntax/ast.ts";
import type { Dim, SizeSymbol } from "../types/dim.ts";
import { asTensor, requireWhole } from "./coerce.ts";
import type { Elaboration } from "./elaboration.ts";
import { fail } from "./elaboration.ts";
import { axisNamed } from "./renames.ts";
import type { Scope } from "./scope.ts";
import { sizeOf } from "./signature.ts";
import { numberValue } from "./statics.ts";
import type { Value } from "./values.ts";

export function callBuiltin(e: Elaboration, name: string, call: Call, scope: Scope): Value {
  const found = builtins.get(name);
  invariant(found !== undefined, `\`${name}\` is not a function`);
  const positional = call.arguments.filter((argument) => argument.name === null);
  const only =
    positional.length === 1 && call.arguments.length === 1
      ? e.evaluate(at(positional, 0).value, scope)
      : null;
  const builtin = only?.kind === "list" && found.overList !== undefined ? found.overList : found;
  const values = new Map<string, Value>();
  if (only !== null) values.set(at(builtin.parameters, 0).name, only);
  else bindBuiltinArguments(e, builtin, call, scope, values);
  const { constant } = builtin;
  const numbers = [...values.values()];
  if (constant !== undefined && numbers.every((value) => value.kind === "number"))
    return numberValue(constant(numbers.map((value) => value.value)));
  return applyBuiltin(e, builtin, values, call, scope);
}

function bindBuiltinArguments(
  e: Elaboration,
  builtin: Builtin,
  call: Call,
  scope: Scope,
  values: Map<string, Value>,
): void {
  let position = 0;
  for (const argument of call.arguments) {
    const named = builtin.parameters.find((parameter) => parameter.name === argument.name?.name);
    const parameter =
      argument.name === null
        ? builtin.parameters[position]
        : (named ?? builtin.parameters.find(({ kind }) => kind === "renames"));
    invariant(parameter !== undefined, `${builtin.name}: an argument without a parameter`);
    if (parameter.kind === "renames") {
      const held = values.get(parameter.name);
      const item = renaming(e, argument, scope);
      values.set(parameter.name, {
        kind: "list",
        items: [...(held?.kind === "list" ? held.items : []), item],
        labels: [],
      });
      continue;
    }
    const value = e.evaluate(argument.value, scope);
    if (["size", "axis", "sizes", "axes"].includes(parameter.kind))
      for (const item of itemsOf(value)) requireWhole(item, argument.value.span);
    if (parameter.kind === "tensors" && value.kind !== "list") {
      const held = values.get(parameter.name);
      values.set(parameter.name, {
        kind: "list",
        items: [...(held?.kind === "list" ? held.items : []), value],
        labels: [],
      });
      continue;
    }
    values.set(parameter.name, value);
    if (argument.name === null) position++;
  }
}

/** `B = J`: the axis that is renamed and its new name, which the body has defined. */
function renaming(e: Elaboration, argument: CallArgument, scope: Scope): Value {
  invariant(argument.name !== null && argument.value.kind === "name", "renaming needs two names");
  const from = axisNamed(e, argument.name.name, scope);
  const to = scope.lookup(argument.value.name);
  invariant(from !== null && to !== null, "renaming of an axis without a name");
  return { kind: "list", items: [from, to], labels: [] };
}

/** Types and builds a builtin, called by name or as an operator, on values that are known to fit. */
export function applyBuiltin(
  e: Elaboration,
  builtin: Builtin,
  values: ReadonlyMap<string, Value>,
  expression: Expression,
  scope: Scope,
): Value {
  const { span } = expression;
  const inputs = new Map<string, BuiltinArgument>();
  for (const parameter of builtin.parameters) {
    const value = values.get(parameter.name);
    if (value !== undefined) inputs.set(parameter.name, typeArgument(e, parameter, value));
  }
  const type = builtin.type(inputs);
  // The checker has seen the same with symbols for sizes; with numbers more can be wrong.
  if (type.kind === "problem") return failBuiltin(type, span);
  const call = expression.kind === "call" ? expression : null;
  const context = e.buildContext(scope, call, (problem) => failBuiltin(problem, span));
  const result = builtin.build(context, buildArguments(e, values), type);
  if (!(result instanceof Map)) return result as TensorValue;
  return { kind: "record", fields: new Map(result) };
}

function failBuiltin({ code, title, label, text, hint }: BuiltinProblem, span: Span): never {
  return fail({ code, title, primary: { span, text: label }, text, ...(hint === undefined ? {} : { hint }) });
}

function dimOfValue(value: Value): Dim {
  invariant(value.kind === "number" && value.dim !== null, "a size is expected");
  return value.dim;
}

function itemsOf(value: Value): readonly Value[] {
  return value.kind === "list" ? value.items : [value];
}

function typeArgument(e: Elaboration, parameter: BuiltinParameter, value: Value): BuiltinArgument {
  switch (parameter.kind) {
    case "tensor":
      return { kind: "tensor", type: asTensor(e, value).type };
    case "tensors":
      return { kind: "tensors", types: itemsOf(value).map((item) => asTensor(e, item).type) };
    case "number":
      return { kind: "number", value: value.kind === "number" ? value.value : null };
    case "flag":
      return { kind: "flag", value: value.kind === "flag" ? value.value : null };
    case "size":
    case "axis":
      return { kind: parameter.kind, dim: dimOfValue(value) };
    case "axes":
    case "sizes":
      return { kind: parameter.kind, dims: itemsOf(value).map(dimOfValue) };
    case "renames":
      return { kind: "renames", renames: renamesOf(value) };
  }
}

function renamesOf(value: Value): { from: Dim; to: SizeSymbol }[] {
  return itemsOf(value).map((pair) => {
    const [from, to] = itemsOf(pair).map(dimOfValue);
    const symbol = to?.terms[0]?.atoms[0];
    invariant(from !== undefined && symbol?.kind === "symbol", "a renaming without a new name");
    return { from, to: symbol.symbol };
  });
}

function buildArguments(e: Elaboration, values: ReadonlyMap<string, Value>): BuildArguments {
  const get = (name: string): Value => {
    const value = values.get(name);
    invariant(value !== undefined, `builtin argument ${name} is missing`);
    return value;
  };
  return {
    tensor: (name) => asTensor(e, get(name)),
    tensors: (name) => itemsOf(get(name)).map((item) => asTensor(e, item)),
    number: (name, otherwise) => {
      const value = values.get(name);
      if (value?.kind === "number") return value.dim === null ? value.value : sizeOf(value.dim, e.sizes);
      invariant(otherwise !== undefined, `builtin argument ${name} is missing`);
      return otherwise;
    },
    flag: (name, otherwise) => {
      const value = values.get(name);
      return value?.kind === "flag" ? value.value : otherwise;
    },
    dim: (name) => dimOfValue(get(name)),
    dims: (name) => itemsOf(get(name)).map(dimOfValue),
    has: (name) => values.has(name),
    renames: () => renamesOf(get("renames")),
  };
}
