/** Arguments as values: which parameter each belongs to, and the form that the parameter asks for. */
import { invariant } from "../base/invariant.ts";
import type { FileScope } from "../check/scope.ts";
import { isInterface } from "../check/scope.ts";
import type { Argument, Call, CallArgument, Expression, Parameter } from "../syntax/ast.ts";
import { asTensor, wholeNumber } from "./coerce.ts";
import type { Elaboration } from "./elaboration.ts";
import type { Scope } from "./scope.ts";
import type { ModuleValue, Value } from "./values.ts";

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

export function bindArguments(
  e: Elaboration,
  parameters: readonly Argument[],
  call: Call,
  scope: Scope,
  home: FileScope,
): Map<string, Value> {
  const matched = matchArguments(parameters, call.arguments);
  const values = new Map<string, Value>();
  for (const parameter of parameters) {
    const given = matched.get(parameter);
    if (given !== undefined)
      values.set(parameter.name.name, argumentValue(e, parameter, given.value, scope, home));
  }
  return values;
}

/** `home` is the file that declares the parameter: its interfaces are named there. */
export function argumentValue(
  e: Elaboration,
  parameter: Argument | Parameter,
  expression: Expression,
  scope: Scope,
  home: FileScope,
): Value {
  switch (parameter.type.kind) {
    case "interface": {
      const wanted = home.names.get(parameter.type.name.name);
      invariant(wanted !== undefined && isInterface(wanted), "a parameter of an unknown interface");
      return { ...moduleValue(e, expression, scope, null), through: wanted.declaration };
    }
    case "size":
      return wholeNumber(e, expression, scope);
    case "tensor":
      return asTensor(e, e.evaluate(expression, scope));
    default:
      return e.evaluate(expression, scope);
  }
}

/** What stands for a parameter that a call leaves out, in the callee's scope. */
export function defaultValue(
  e: Elaboration,
  parameter: Argument | Parameter,
  expression: Expression,
  inner: Scope,
): Value {
  const scope = inner.inStatement(parameter.name.name, expression);
  return argumentValue(e, parameter, expression, scope, inner.file);
}

/** An expression where a module is expected: `Club(hidden = 32)`, `Relu`, or another slot. It is not made yet. */
export function moduleValue(
  e: Elaboration,
  expression: Expression,
  scope: Scope,
  slot: string | null,
): ModuleValue {
  const call = expression.kind === "call" ? expression : null;
  const value = e.evaluate(call === null ? expression : call.callee, scope);
  invariant(value.kind === "module", `a ${value.kind} where a module is needed`);
  const settings = call === null ? value.settings : moduleSettings(e, value, call, scope);
  return { ...value, settings, through: null, slot: slot ?? value.slot };
}

export function moduleSettings(
  e: Elaboration,
  module: ModuleValue,
  call: Call,
  scope: Scope,
): Map<string, Value> {
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
    settings.set(
      parameter.name.name,
      argumentValue(e, parameter, argument.value, scope, module.definition.scope),
    );
  return settings;
}
