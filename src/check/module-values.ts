/** Modules with settings, and the instances that are made from them. */
import { joinSpans } from "../diagnostics/source.ts";
import type { Call, CallArgument, Expression, InterfaceDecl } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import { type Substitution, substituteDim } from "../types/tensor-type.ts";
import { bindArguments } from "./arguments.ts";
import type { Checker } from "./checker.ts";
import { reportUnknownName, reportWrongKind } from "./names.ts";
import { report, shortText } from "./report.ts";
import { type Definition, isModule, type Scope } from "./scope.ts";
import type { ModuleType, ParameterType } from "./signature.ts";
import { describe, type ModuleValue, type UnknownType, unknownType, type ValueType } from "./values.ts";

/** The module type behind a value; null when the declaration is broken. */
export function typeOfModule(checker: Checker, value: ModuleValue): ModuleType | null {
  return value.kind === "module"
    ? checker.moduleType(value.definition)
    : checker.interfaceType(value.definition);
}

/** `Linear(64)`, `penalty()`: an instance of its own. */
export function makeInstance(checker: Checker, call: Call, value: ModuleValue, scope: Scope): ValueType {
  const type = typeOfModule(checker, value);
  const name = value.definition.declaration.name.name;
  if (scope.body === "function" || scope.body === "train") {
    for (const argument of call.arguments) checker.infer(argument.value, scope);
    return report(checker.problems, call.span, {
      code: "instance-not-allowed",
      title: "Instance made in the wrong place",
      label: `makes an instance of \`${name}\``,
      text:
        scope.body === "function"
          ? "An instance owns parameters, and a function has none: only modules and models do."
          : "A phase works with what the model has; it makes no instances of its own.",
      hint:
        scope.body === "function"
          ? `Make ${scope.place} a module: \`module\` instead of \`function\`.`
          : "Give the value a name in the model and use that name here.",
    });
  }
  if (type === null) {
    for (const argument of call.arguments) checker.infer(argument.value, scope);
    return unknownType;
  }
  const given = value.kind === "module" ? value.given : new Map<string, ValueType>();
  const accepted = type.parameters.filter((parameter) => !given.has(parameter.name));
  const settings = takeSettings(checker, call, accepted, `\`${name}\``, scope, false);
  if (settings === null) return unknownType;
  const all = new Map([...given, ...settings]);
  const { methods, partial } = type;
  return { kind: "instance", name, methods, partial, settings: sizesOf(type.parameters, all) };
}

/** Settings by name, checked against the parameters; null after a report. With `partial` some may be left for later. */
function takeSettings(
  checker: Checker,
  call: Call,
  parameters: readonly ParameterType[],
  title: string,
  scope: Scope,
  partial: boolean,
): Map<string, ValueType> | null {
  const accepts = parameters.map(({ name, optional, declaration }) => ({
    name,
    optional: optional || partial,
    span: declaration.span,
  }));
  const made = shortText(call.callee.span) ?? "";
  const hint = `This makes an instance with its settings; tensors are given to the instance: \`${made}(…)(x)\`.`;
  const bound = bindArguments(checker, call, { title, accepts, usage: null, hint });
  if (bound === null) {
    for (const argument of call.arguments)
      if (argument.value.kind !== "call") checker.infer(argument.value, scope);
    return null;
  }
  const settings = new Map<string, ValueType>();
  let failed = false;
  for (const parameter of parameters) {
    const argument = bound.get(parameter.name);
    if (argument === undefined) continue;
    const value = takeSetting(checker, parameter, argument, title, scope);
    if (value.kind === "unknown") failed = true;
    else settings.set(parameter.name, value);
  }
  return failed ? null : settings;
}

function takeSetting(
  checker: Checker,
  parameter: ParameterType,
  argument: CallArgument,
  title: string,
  scope: Scope,
): ValueType {
  if (parameter.kind === "interface") {
    if (parameter.interface === null) return unknownType;
    const purpose = `the setting \`${parameter.name}\` of ${title}`;
    const fits = checkFiller(checker, argument.value, scope, parameter.interface, purpose);
    return fits ? { kind: "slot", definition: parameter.interface } : unknownType;
  }
  const value = checker.infer(argument.value, scope);
  if (value.kind === "unknown") return unknownType;
  const fits =
    parameter.kind === "flag"
      ? value.kind === "flag"
      : value.kind === "number" && (parameter.kind === "number" || value.dim !== null);
  if (fits) return value;
  const wanted = { flag: "`true` or `false`", number: "a number", size: "a size: a whole number" }[
    parameter.kind
  ];
  return report(checker.problems, argument.value.span, {
    code: "wrong-argument",
    title: "Wrong kind of argument",
    label: `this is ${describe(value)}`,
    related: [{ span: parameter.declaration.span, text: "declared here" }],
    text: `The setting \`${parameter.name}\` of ${title} must be ${wanted}.`,
    hint:
      value.kind === "tensor"
        ? `${title} makes an instance, which is then called with tensors: \`${title.replaceAll("`", "")}(…)(x)\`.`
        : undefined,
  });
}

/** What the sizes among the settings stand for, defaults included. */
function sizesOf(parameters: readonly ParameterType[], given: ReadonlyMap<string, ValueType>): Substitution {
  const sizes = new Map<number, Dim>();
  const substitution: Substitution = { sizes, rests: new Map() };
  for (const { name, symbol, fallback } of parameters) {
    if (symbol === null) continue;
    const value = given.get(name);
    const dim = value?.kind === "number" ? value.dim : fallback?.dim;
    if (dim != null) sizes.set(symbol.id, value === undefined ? substituteDim(dim, substitution) : dim);
  }
  return substitution;
}

/** Whether an expression can stand where a module that implements `wanted` is asked for; reports if not. */
export function checkFiller(
  checker: Checker,
  expression: Expression,
  scope: Scope,
  wanted: Definition<InterfaceDecl>,
  purpose: string,
): boolean {
  const value = checker.inferModule(expression, scope);
  if (value.kind === "unknown") return false;
  return checker.requireImplements(value, wanted, expression, purpose);
}

/** The module that an expression stands for: `Club`, `Club(hidden = 32)`, the name of a slot. */
export function inferModuleValue(
  checker: Checker,
  expression: Expression,
  scope: Scope,
): ModuleValue | UnknownType {
  if (expression.kind === "name") return namedModule(checker, expression.name, expression, scope);
  if (expression.kind !== "call" || expression.callee.kind !== "name") {
    const value = checker.infer(expression, scope);
    return value.kind === "unknown" ? unknownType : notAModule(checker, expression, value);
  }
  const { callee } = expression;
  const module = namedModule(checker, callee.name, callee, scope);
  if (module.kind === "unknown") return unknownType;
  const type = typeOfModule(checker, module);
  if (type === null) return unknownType;
  if (module.kind === "slot") {
    if (expression.arguments.length === 0) return module;
    return report(checker.problems, joinSpans(callee.span, expression.span), {
      code: "slot-with-settings",
      title: "Slot already has its settings",
      label: "a slot is passed on as it is",
      text: `\`${callee.name}\` holds a module with its settings. It can be passed on by its name.`,
      hint: `Write \`${callee.name}\`.`,
    });
  }
  const free = type.parameters.filter((parameter) => !module.given.has(parameter.name));
  const settings = takeSettings(
    checker,
    expression,
    free,
    `\`${module.definition.declaration.name.name}\``,
    scope,
    true,
  );
  return settings === null ? unknownType : { ...module, given: new Map([...module.given, ...settings]) };
}

function namedModule(
  checker: Checker,
  name: string,
  expression: Expression,
  scope: Scope,
): ModuleValue | UnknownType {
  const local = scope.use(name);
  if (local !== null) {
    const { type } = local;
    if (type.kind === "module" || type.kind === "slot") return type;
    return type.kind === "unknown" ? unknownType : notAModule(checker, expression, type);
  }
  const definition = scope.file.names.get(name);
  if (definition === undefined)
    return reportUnknownName(checker, name, expression.span, scope, "module or function");
  if (isModule(definition)) return { kind: "module", definition, given: new Map() };
  return reportWrongKind(checker, definition, expression.span, "a module");
}

function notAModule(checker: Checker, expression: Expression, value: ValueType): UnknownType {
  return report(checker.problems, expression.span, {
    code: "not-a-module",
    title: "This is not a module",
    label: `this is ${describe(value)}`,
    text: "A module with its settings is needed here, such as `Club(hidden = 32)`; instances are made from it later.",
    hint:
      value.kind === "instance"
        ? `Write \`${value.name}(…)\` here instead of a name for an instance.`
        : undefined,
  });
}
