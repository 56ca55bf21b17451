/** Calls: builtin functions, functions, making instances, and calling their methods. */
import { at, CompilerBug, invariant } from "../base/invariant.ts";
import type { TensorValue } from "../builtins/build-context.ts";
import type { BuildArguments, Builtin, BuiltinArgument, BuiltinParameter } from "../builtins/builtin.ts";
import { builtins } from "../builtins/index.ts";
import type { Span } from "../diagnostics/source.ts";
import { describePlace } from "../diagnostics/source.ts";
import type {
  Argument,
  Call,
  CallArgument,
  FunctionDecl,
  Method,
  Parameter,
  Return,
  Statement,
} from "../syntax/ast.ts";
import type { Dim, SizeSymbol } from "../types/dim.ts";
import { dimSymbol, makeSymbol } from "../types/dim.ts";
import { collectionCall } from "./collections.ts";
import type { Elaboration } from "./elaboration.ts";
import { asTensor, bindStatements, dimOf, evaluate, wholeNumber } from "./evaluate.ts";
import { Scope } from "./scope.ts";
import { Signature, sizeOf } from "./signature.ts";
import { numberValue } from "./statics.ts";
import type { InstanceValue, ModuleValue, Value } from "./values.ts";

export function evaluateCall(e: Elaboration, call: Call, scope: Scope): Value {
  const { callee } = call;
  if (callee.kind === "name") {
    const local = scope.lookup(callee.name);
    if (local?.kind === "instance") return callMethod(e, local, null, call, scope);
    if (local?.kind === "module") return makeInstance(e, local, call, scope);
    const definition = scope.file.names.get(callee.name);
    if (definition?.kind === "module") {
      const module = { ...definition, kind: "module" } as const;
      return makeInstance(
        e,
        { kind: "module", definition: module, settings: new Map(), through: null, slot: null },
        call,
        scope,
      );
    }
    if (definition?.kind === "function")
      return callFunction(
        e,
        definition.declaration,
        new Scope(null, definition.scope, deeper(scope, call)),
        call,
        scope,
      );
    return collectionCall(e, callee.name, call, scope) ?? callBuiltin(e, callee.name, call, scope);
  }
  if (callee.kind === "member") {
    const object = evaluate(e, callee.object, scope);
    if (object.kind === "instance") return callMethod(e, object, callee.member.name, call, scope);
  }
  const value = evaluate(e, callee, scope);
  if (value.kind === "instance") return callMethod(e, value, null, call, scope);
  invariant(value.kind === "module", `a ${value.kind} is called`);
  return makeInstance(e, value, call, scope);
}

function deeper(scope: Scope, call: Call): Scope["place"] {
  return { ...scope.place, calls: `${scope.place.calls}/${call.span.start}` };
}

/** The argument for each parameter: by name, or by position among the parameters. */
export function matchArguments<P extends { readonly name: { readonly name: string } }>(
  parameters: readonly P[],
  given: readonly CallArgument[],
): Map<P, CallArgument> {
  const matched = new Map<P, CallArgument>();
  let position = 0;
  for (const argument of given) {
    const parameter =
      argument.name === null
        ? parameters[position++]
        : parameters.find((candidate) => candidate.name.name === argument.name?.name);
    invariant(parameter !== undefined, "an argument without a parameter");
    matched.set(parameter, argument);
  }
  return matched;
}

// Functions and methods

function callFunction(
  e: Elaboration,
  declaration: FunctionDecl,
  inner: Scope,
  call: Call,
  scope: Scope,
): Value {
  return runBody(
    e,
    declaration.signature.arguments,
    declaration.body,
    declaration.result,
    inner,
    bindArguments(e, declaration.signature.arguments, call, scope),
  );
}

export function methodNamed(instance: InstanceValue, name: string | null): Method | null {
  return (
    instance.declaration.methods.find((method) => (method.signature.name?.name ?? null) === name) ?? null
  );
}

function callMethod(
  e: Elaboration,
  instance: InstanceValue,
  name: string | null,
  call: Call,
  scope: Scope,
): Value {
  const method = methodNamed(instance, name);
  invariant(method !== null, `${instance.declaration.name.name} has no method ${name ?? "()"}`);
  return invoke(
    e,
    instance,
    method,
    bindArguments(e, method.signature.arguments, call, scope),
    `${scope.place.calls}/${call.span.start}`,
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

function bindArguments(
  e: Elaboration,
  parameters: readonly Argument[],
  call: Call,
  scope: Scope,
): Map<string, Value> {
  const matched = matchArguments(parameters, call.arguments);
  const values = new Map<string, Value>();
  for (const parameter of parameters) {
    const given = matched.get(parameter);
    if (given !== undefined) values.set(parameter.name.name, argumentValue(e, parameter, given.value, scope));
  }
  return values;
}

function argumentValue(
  e: Elaboration,
  parameter: Argument | Parameter,
  expression: CallArgument["value"],
  scope: Scope,
): Value {
  switch (parameter.type.kind) {
    case "interface":
      return moduleValue(e, expression, scope, null);
    case "size":
      return wholeNumber(e, expression, scope);
    case "tensor":
      return asTensor(e, evaluate(e, expression, scope));
    default:
      return evaluate(e, expression, scope);
  }
}

/** Enters the body with the arguments under the callee's names, computes the result, and leaves with the caller's. */
function runBody(
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
      (parameter.default === null ? null : argumentValue(e, parameter, parameter.default, inner));
    invariant(value !== null, `argument ${parameter.name.name} is missing`);
    bindParameter(signature, inner, parameter, value);
  }
  bindStatements(e, body, inner, false);
  const outer = e.labels;
  e.labels = [];
  const returned = returnValue(e, result, inner);
  e.labels = outer;
  return signature.leave(returned);
}

function bindParameter(
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
    const value = evaluate(e, expression, inner.inStatement("result", expression));
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

// Modules

/** An expression where a module is expected: `Club(hidden = 32)`, `Relu`, or another slot. It is not made yet. */
export function moduleValue(
  e: Elaboration,
  expression: CallArgument["value"],
  scope: Scope,
  slot: string | null,
): ModuleValue {
  const call = expression.kind === "call" ? expression : null;
  const value = evaluate(e, call === null ? expression : call.callee, scope);
  invariant(value.kind === "module", `a ${value.kind} where a module is needed`);
  const settings = call === null ? value.settings : moduleSettings(e, value, call, scope);
  return { ...value, settings, through: null, slot: slot ?? value.slot };
}

function moduleSettings(e: Elaboration, module: ModuleValue, call: Call, scope: Scope): Map<string, Value> {
  const all = module.definition.declaration.parameters;
  // Through an interface, arguments by position are the interface's; the module's own settings were given when the slot was filled.
  const ordered =
    module.through === null
      ? all
      : module.through.parameters.map((wanted): Parameter => {
          const own = all.find((parameter: Parameter) => parameter.name.name === wanted.name.name);
          invariant(own !== undefined, `module lacks the interface's parameter ${wanted.name.name}`);
          return own;
        });
  const settings = new Map(module.settings);
  for (const [parameter, argument] of matchArguments<Parameter>(ordered, call.arguments))
    settings.set(parameter.name.name, argumentValue(e, parameter, argument.value, scope));
  return settings;
}

function makeInstance(e: Elaboration, module: ModuleValue, call: Call, scope: Scope): InstanceValue {
  const { declaration, scope: home } = module.definition;
  const settings = moduleSettings(e, module, call, scope);
  const slots = module.slot === null ? scope.place.slots : [...scope.place.slots, module.slot];
  const inner = new Scope(null, home, {
    path: instancePath(e, call, scope),
    slots,
    calls: `${scope.place.calls}/${call.span.start}`,
  });
  const signature = new Signature(
    inner,
    e.sizes,
    (expression, where) => dimOf(e, expression, where),
    new Map(),
  );
  for (const parameter of declaration.parameters) {
    const value =
      settings.get(parameter.name.name) ??
      (parameter.default === null ? null : argumentValue(e, parameter, parameter.default, inner));
    invariant(value !== null, `setting ${parameter.name.name} of ${declaration.name.name} is missing`);
    bindParameter(signature, inner, parameter, value);
  }
  bindStatements(e, declaration.body, inner, false);
  return {
    kind: "instance",
    declaration,
    path: inner.place.path,
    scope: inner,
    outward: signature.outward.sizes,
  };
}

/** `h` for the only instance of the statement `h = …`, `h.1`, `h.2` for several, with the labels of comprehensions: `h[z_y,z_l]`. */
function instancePath(e: Elaboration, call: Call, scope: Scope): string {
  const { making, place } = scope;
  if (making === null)
    throw new CompilerBug(`instance made outside a statement at ${describePlace(call.span)}`);
  const number = making.order.indexOf(call) + 1;
  const suffix = making.order.length > 1 ? `.${number}` : "";
  const own = making.name + e.labels.map((label) => `[${label}]`).join("") + suffix;
  return place.path === "" ? own : `${place.path}.${own}`;
}

// Builtin functions

function callBuiltin(e: Elaboration, name: string, call: Call, scope: Scope): Value {
  const found = builtins.get(name);
  invariant(found !== undefined, `\`${name}\` is not a function`);
  const positional = call.arguments.filter((argument) => argument.name === null);
  const only =
    positional.length === 1 && call.arguments.length === 1
      ? evaluate(e, at(positional, 0).value, scope)
      : null;
  const builtin = only?.kind === "list" && found.overList !== undefined ? found.overList : found;
  const values = new Map<string, Value>();
  if (only !== null) values.set(at(builtin.parameters, 0).name, only);
  else bindBuiltinArguments(e, builtin, call, scope, values);
  const { constant } = builtin;
  const numbers = [...values.values()];
  if (constant !== undefined && numbers.every((value) => value.kind === "number"))
    return numberValue(constant(numbers.map((value) => value.value)));
  return applyBuiltin(e, builtin, values, call.span, scope);
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
    const value = evaluate(e, argument.value, scope);
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

/** `B = J`: the axis that is renamed and the symbol of its new name, which is defined on first use. */
function renaming(e: Elaboration, argument: CallArgument, scope: Scope): Value {
  invariant(argument.name !== null && argument.value.kind === "name", "renaming needs two names");
  const from = scope.lookup(argument.name.name);
  invariant(from?.kind === "number" && from.dim !== null, "renaming of something that is not an axis");
  if (scope.lookup(argument.value.name) === null) {
    const symbol = makeSymbol(argument.value.name, argument.value.span);
    e.sizes.set(symbol.id, from.value);
    scope.defineInBody(argument.value.name, numberValue(from.value, dimSymbol(symbol)));
  }
  const to = scope.lookup(argument.value.name);
  invariant(to !== null, "a new axis name was not defined");
  return { kind: "list", items: [from, to], labels: [] };
}

/** Types and builds a builtin on values that are known to fit. */
export function applyBuiltin(
  e: Elaboration,
  builtin: Builtin,
  values: ReadonlyMap<string, Value>,
  span: Span,
  scope: Scope,
): Value {
  const inputs = new Map<string, BuiltinArgument>();
  for (const parameter of builtin.parameters) {
    const value = values.get(parameter.name);
    if (value !== undefined) inputs.set(parameter.name, typeArgument(e, parameter, value));
  }
  const type = builtin.type(inputs);
  if (type.kind === "problem")
    throw new CompilerBug(`${builtin.name} at ${describePlace(span)}: ${type.text}`);
  const result = builtin.build(
    e.buildContext(`${scope.place.calls}/${span.start}`),
    buildArguments(e, values),
    type,
  );
  if (!(result instanceof Map)) return result as TensorValue;
  return { kind: "record", fields: new Map(result) };
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
