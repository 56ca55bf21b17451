/** Calls of builtin functions: the arguments in the form that their type rules ask for. */
import { at } from "../base/invariant.ts";
import type { Builtin, BuiltinArgument, BuiltinParameter, BuiltinProblem } from "../builtins/builtin.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Call, CallArgument, Expression } from "../syntax/ast.ts";
import type { Dim, SizeSymbol } from "../types/dim.ts";
import { dimSymbol, dimsEqual, formatDim, makeSymbol } from "../types/dim.ts";
import { formatAxis, formatType, type TensorType } from "../types/tensor-type.ts";
import { bindArguments } from "./arguments.ts";
import { apartFrom, sizeOrigins } from "./axis-words.ts";
import type { Checker } from "./checker.ts";
import { report } from "./report.ts";
import type { Scope } from "./scope.ts";
import { knowsName, sizeNames } from "./sizes.ts";
import { asTensor, describe, numberType, quoteAll, sizeType, unknownType, type ValueType } from "./values.ts";

type Given = ReadonlyMap<string, CallArgument>;

/** The result of `name(…)` for a builtin function. */
export function callBuiltin(checker: Checker, call: Call, builtin: Builtin, scope: Scope): ValueType {
  const chosen = overList(checker, call, builtin, scope);
  if (chosen === null) return unknownType;
  const constant = foldConstant(checker, call, chosen, scope);
  if (constant !== null) return constant;
  const bound = bindBuiltin(checker, call, chosen);
  if (bound === null) {
    for (const given of call.arguments) if (given.name === null) checker.infer(given.value, scope);
    return unknownType;
  }
  const inputs = new Map<string, BuiltinArgument>();
  let failed = false;
  let first: TensorType | null = null;
  for (const parameter of chosen.parameters) {
    const given = bound.get(parameter.name);
    if (given === undefined || given.length === 0) continue;
    const argument: BuiltinArgument | null = convert(checker, {
      parameter,
      given,
      builtin: chosen,
      first,
      scope,
      call,
    });
    if (argument === null) failed = true;
    else inputs.set(parameter.name, argument);
    if (argument?.kind === "tensor") first ??= argument.type;
  }
  if (failed) return unknownType;
  const result = chosen.type(inputs);
  if (result.kind === "problem") return reportBuiltin(checker, call, result, bound, inputs);
  return result;
}

/** The meaning for a list, when the only argument is one. */
function overList(checker: Checker, call: Call, builtin: Builtin, scope: Scope): Builtin | null {
  const only = call.arguments[0];
  if (builtin.overList === undefined || only === undefined || call.arguments.length !== 1) return builtin;
  const value = checker.infer(only.value, scope);
  if (value.kind === "unknown") return null;
  return value.kind === "list" || value.kind === "sequence" ? builtin.overList : builtin;
}

/** The number that a call stands for when everything in it is known at compile time; null when it works on tensors. */
function foldConstant(checker: Checker, call: Call, builtin: Builtin, scope: Scope): ValueType | null {
  if (call.arguments.length === 0) return null;
  if (builtin.parameters[0]?.kind === "tensors") return foldList(checker, call, scope);
  const required = builtin.parameters.length;
  if (builtin.constant === undefined || call.arguments.length !== required) return null;
  const numbers: (number | null)[] = [];
  for (const argument of call.arguments) {
    if (argument.name !== null) return null;
    const value = checker.infer(argument.value, scope);
    if (value.kind !== "number") return null;
    numbers.push(value.value);
  }
  const known = numbers.filter((value) => value !== null);
  return numberType(known.length === numbers.length ? builtin.constant(known) : null);
}

/** A list of numbers gives a number. */
function foldList(checker: Checker, call: Call, scope: Scope): ValueType | null {
  const value = checker.infer(at(call.arguments, 0).value, scope);
  if (value.kind === "sequence") return value.item.kind === "number" ? numberType(null) : null;
  if (value.kind !== "list" || value.items.length === 0) return null;
  return value.items.every((item) => item.kind === "number") ? numberType(null) : null;
}

/** Arguments by parameter; `tensors` takes all that have no name, `renames` all whose name is no parameter's. */
function bindBuiltin(
  checker: Checker,
  call: Call,
  builtin: Builtin,
): Map<string, readonly CallArgument[]> | null {
  const many = builtin.parameters.find((parameter) => parameter.kind === "tensors");
  const renames = builtin.parameters.find((parameter) => parameter.kind === "renames");
  const names = new Set(builtin.parameters.map((parameter) => parameter.name));
  const collected = new Map<string, CallArgument[]>();
  const collect = (parameter: BuiltinParameter, argument: CallArgument) =>
    collected.set(parameter.name, [...(collected.get(parameter.name) ?? []), argument]);
  const rest: CallArgument[] = [];
  for (const argument of call.arguments) {
    if (many !== undefined && argument.name === null) collect(many, argument);
    else if (renames !== undefined && argument.name !== null && !names.has(argument.name.name))
      collect(renames, argument);
    else rest.push(argument);
  }
  const accepts = builtin.parameters
    .filter((parameter) => !collected.has(parameter.name) && parameter !== renames)
    .map(({ name, optional }) => ({ name, optional, span: null }));
  const callee = { title: `\`${builtin.name}\``, accepts, usage: builtin.usage };
  const bound: Given | null = bindArguments(checker, { ...call, arguments: rest }, callee);
  if (bound === null) return null;
  if (renames !== undefined && !collected.has(renames.name)) {
    report(
      checker.problems,
      { ...call.span, start: call.span.end - 1 },
      {
        code: "missing-argument",
        title: "Missing argument",
        label: "which axis gets which name?",
        text: `It is called as \`${builtin.usage}\`.`,
      },
    );
    return null;
  }
  const all = new Map<string, readonly CallArgument[]>(collected);
  for (const [name, argument] of bound) all.set(name, [argument]);
  return all;
}

interface Conversion {
  readonly parameter: BuiltinParameter;
  readonly given: readonly CallArgument[];
  readonly builtin: Builtin;
  /** The type of the first tensor, whose axes `axis` arguments name. */
  readonly first: TensorType | null;
  readonly scope: Scope;
  readonly call: Call;
}

function convert(checker: Checker, conversion: Conversion): BuiltinArgument | null {
  const { parameter, given, scope } = conversion;
  const { value: expression } = at(given, 0);
  switch (parameter.kind) {
    case "tensor": {
      const value = checker.infer(expression, scope);
      const type = asTensor(value);
      return type === null
        ? wrong(checker, conversion, expression, value, "a tensor")
        : { kind: "tensor", type };
    }
    case "tensors":
      return convertTensors(checker, conversion);
    case "number": {
      const value = checker.infer(expression, scope);
      return value.kind === "number"
        ? { kind: "number", value: value.value }
        : wrong(checker, conversion, expression, value, "a number that is known at compile time");
    }
    case "flag": {
      const value = checker.infer(expression, scope);
      return value.kind === "flag"
        ? { kind: "flag", value: value.value }
        : wrong(checker, conversion, expression, value, "`true` or `false`");
    }
    case "size": {
      const dim = convertSize(checker, conversion, expression);
      return dim === null ? null : { kind: "size", dim };
    }
    case "axis": {
      const dim = convertSize(checker, conversion, expression);
      return dim === null ? null : { kind: "axis", dim };
    }
    case "axes":
    case "sizes": {
      const items = expression.kind === "list" ? expression.items : [expression];
      const dims = items.map((item) => convertSize(checker, conversion, item));
      const known = dims.filter((dim) => dim !== null);
      return known.length === dims.length ? { kind: parameter.kind, dims: known } : null;
    }
    case "renames":
      return convertRenames(checker, conversion);
  }
}

function wrong(
  checker: Checker,
  { parameter, builtin }: Conversion,
  expression: Expression,
  value: ValueType,
  wanted: string,
): null {
  if (value.kind === "unknown") return null;
  report(checker.problems, expression.span, {
    code: "wrong-argument",
    title: "Wrong kind of argument",
    label: `this is ${describe(value)}`,
    text: `The argument \`${parameter.name}\` of \`${builtin.name}\` must be ${wanted}. It is called as \`${builtin.usage}\`.`,
    hint:
      value.kind === "record"
        ? `Name one of its fields: \`.${[...value.fields.keys()][0] ?? "field"}\`.`
        : undefined,
  });
  return null;
}

function convertTensors(checker: Checker, conversion: Conversion): BuiltinArgument | null {
  const { given, scope } = conversion;
  const types: TensorType[] = [];
  let failed = false;
  const take = (expression: Expression, value: ValueType): void => {
    const type = asTensor(value);
    if (type !== null) types.push(type);
    else {
      failed = true;
      wrong(checker, conversion, expression, value, "tensors, or one list of them");
    }
  };
  const only = given.length === 1 ? checker.infer(at(given, 0).value, scope) : null;
  if (only?.kind === "list") for (const item of only.items) take(at(given, 0).value, item);
  else if (only?.kind === "sequence") {
    if (conversion.builtin.name === "concat" || conversion.builtin.name === "stack") {
      report(checker.problems, at(given, 0).value.span, {
        code: "unknown-length",
        title: "List length is not known",
        label: "as long as a setting says",
        text: `The result of \`${conversion.builtin.name}\` has a size that depends on how many tensors there are, and this list's length is decided by a setting.`,
        hint: "Write the elements out: `[a, b, c]`.",
      });
      return null;
    }
    take(at(given, 0).value, only.item);
  } else for (const argument of given) take(argument.value, checker.infer(argument.value, scope));
  return failed ? null : { kind: "tensors", types };
}

function convertSize(checker: Checker, conversion: Conversion, expression: Expression): Dim | null {
  const { scope, first, parameter, builtin } = conversion;
  if (expression.kind === "name" && !knowsName(scope, expression.name)) {
    reportAxisName(
      checker,
      expression.name,
      expression,
      scope,
      parameter.kind === "axis" || parameter.kind === "axes" ? first : null,
    );
    return null;
  }
  const value = checker.infer(expression, scope);
  if (value.kind === "number" && value.dim !== null) return value.dim;
  if (value.kind === "unknown") return null;
  report(checker.problems, expression.span, {
    code: "not-a-size",
    title: "This is not a size",
    label: `this is ${describe(value)}`,
    text: `The argument \`${parameter.name}\` of \`${builtin.name}\` must be ${parameter.kind === "axis" || parameter.kind === "axes" ? "an axis, named by its size" : "a size"}. It is called as \`${builtin.usage}\`.`,
  });
  return null;
}

function reportAxisName(
  checker: Checker,
  name: string,
  expression: Expression,
  scope: Scope,
  tensor: TensorType | null,
): void {
  if (scope.mayMiss(name)) return;
  const axes =
    tensor === null ? sizeNames(scope) : tensor.axes.map(formatAxis).filter((axis) => axis !== "..");
  const bare = axes.map((axis) => axis.replace("~", ""));
  const near = suggest(name, bare) ?? (bare.length === 1 ? at(bare, 0) : null);
  report(checker.problems, expression.span, {
    code: tensor === null ? "unknown-size" : "unknown-axis",
    title: tensor === null ? "Unknown size" : "No such axis",
    label: near === null ? "not an axis here" : `Did you mean \`${near}\`?`,
    text:
      tensor === null
        ? `\`${name}\` is not a size in ${scope.place}. Known here: ${quoteAll(bare)}.`
        : `The tensor is \`${formatType(tensor)}\`; it has no axis \`${name}\`.`,
  });
}

function convertRenames(checker: Checker, conversion: Conversion): BuiltinArgument | null {
  const { given, scope, first } = conversion;
  const renames: { from: Dim; to: SizeSymbol }[] = [];
  let failed = false;
  for (const { name, value } of given) {
    if (name === null) continue;
    const from = convertSize(
      checker,
      { ...conversion, parameter: { ...conversion.parameter, kind: "axis" } },
      { kind: "name", name: name.name, span: name.span },
    );
    const to = from === null ? null : newAxis(checker, value, from, scope, first);
    if (from === null || to === null) failed = true;
    else renames.push({ from, to });
  }
  return failed ? null : { kind: "renames", renames };
}

/** The new name of an axis: unused so far, or given to the same axis before. */
function newAxis(
  checker: Checker,
  expression: Expression,
  from: Dim,
  scope: Scope,
  tensor: TensorType | null,
): SizeSymbol | null {
  if (expression.kind !== "name") {
    report(checker.problems, expression.span, {
      code: "new-axis-name",
      title: "A new name is needed here",
      label: "not a name",
      text: "`rename` gives an axis another name: `rename(x, B = J)`.",
    });
    return null;
  }
  const taken = scope.find(expression.name);
  if (taken === null) {
    const symbol = makeSymbol(expression.name, expression.span);
    scope.statements.define(expression.name, {
      kind: "axis",
      type: sizeType(dimSymbol(symbol)),
      span: expression.span,
      renamed: { from, symbol },
    });
    return symbol;
  }
  if (taken.renamed !== undefined && dimsEqual(taken.renamed.from, from)) return taken.renamed.symbol;
  report(checker.problems, expression.span, {
    code: "axis-name-taken",
    title: "Axis name is taken",
    label: `\`${expression.name}\` means something else`,
    related: [{ span: taken.span, text: `\`${expression.name}\` is defined here` }],
    text: `A renamed axis is independent of all others, so \`${formatDim(from)}\`${tensor === null ? "" : ` of \`${formatType(tensor)}\``} needs a name that nothing else has.`,
  });
  return null;
}

function reportBuiltin(
  checker: Checker,
  call: Call,
  problem: BuiltinProblem,
  bound: ReadonlyMap<string, readonly CallArgument[]>,
  inputs: ReadonlyMap<string, BuiltinArgument>,
): ValueType {
  const given = problem.parameter === null ? undefined : bound.get(problem.parameter);
  const blamed =
    given?.length === 1
      ? at(given, 0).value.span
      : given !== undefined
        ? { ...at(given, 0).span, end: at(given, -1).span.end }
        : call.span;
  const others = [...inputs].flatMap(([name, input]) => {
    const argument = bound.get(name)?.[0];
    if (name === problem.parameter || argument === undefined || input.kind !== "tensor") return [];
    return [{ span: argument.value.span, text: `\`${formatType(input.type)}\`` }];
  });
  const mismatch = problem.code === "shape-mismatch" ? mentionedSizes(checker, inputs) : [];
  return report(checker.problems, blamed, {
    code: problem.code,
    title: problem.title,
    label: problem.label.replace(/(?<!`)\b(?:f32|ids|class|bool)\[[^\]]*\](?: < \w+)?$/, "`$&`"),
    related: [...others, ...apartFrom(mismatch, [call.span])],
    text: problem.text,
    hint: problem.hint,
  });
}

/** Origins of sizes whose names occur with two meanings: where two tensors say `D` and mean different ones, the text alone would not tell. */
function mentionedSizes(checker: Checker, inputs: ReadonlyMap<string, BuiltinArgument>) {
  const dims: Dim[] = [];
  for (const input of inputs.values())
    for (const type of input.kind === "tensor" ? [input.type] : input.kind === "tensors" ? input.types : [])
      for (const axis of type.axes)
        if (axis.kind === "axis" && !dims.some((dim) => dimsEqual(dim, axis.dim))) dims.push(axis.dim);
  const ambiguous = dims.filter((dim) =>
    dims.some((other) => other !== dim && formatDim(other) === formatDim(dim)),
  );
  return ambiguous.flatMap((dim) => sizeOrigins(checker, dim));
}
