/** Calls of functions and of methods of instances: arguments are fitted to the signature, and the result follows from it. */

import { Problems } from "../diagnostics/problems.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Call, CallArgument } from "../syntax/ast.ts";
import { dimSymbols } from "../types/dim.ts";
import type { Substitution } from "../types/tensor-type.ts";
import { formatType, substituteDim, type TensorType } from "../types/tensor-type.ts";
import { bindArguments } from "./arguments.ts";
import type { Checker } from "./checker.ts";
import { instantiate, Matcher } from "./match.ts";
import { reportMismatch } from "./mismatch-words.ts";
import { report } from "./report.ts";
import type { Scope } from "./scope.ts";
import type { ArgumentType, MethodType } from "./signature.ts";
import { asTensor, describe, unknownType, type ValueType } from "./values.ts";

/** The result of calling `method` with the arguments of `call`. */
export function callMethod(
  checker: Checker,
  call: Call,
  method: MethodType,
  settings: Substitution,
  scope: Scope,
): ValueType {
  const accepts = method.arguments.map(({ name, optional, span }) => ({ name, optional, span }));
  const bound = bindArguments(checker, call, { title: method.title, accepts, usage: null });
  const values = inferAll(checker, call, scope);
  if (bound === null || values === null) return unknownType;
  const matcher = fitArguments(checker, method, settings, bound, values);
  return matcher === null ? unknownType : resultOf(checker, method, matcher, call.span);
}

/** What the sizes of a method stand for in a call with these arguments; null after a report. */
export function fitArguments(
  checker: Checker,
  method: MethodType,
  settings: Substitution,
  bound: ReadonlyMap<string, CallArgument>,
  values: ReadonlyMap<CallArgument, ValueType>,
): Matcher | null {
  const matcher = new Matcher(settings, method.bound);
  let failed = false;
  const tensors: { type: TensorType; actual: TensorType; given: CallArgument; argument: ArgumentType }[] = [];
  for (const argument of method.arguments) {
    const given = bound.get(argument.name);
    const value = given === undefined ? undefined : values.get(given);
    if (given === undefined || value === undefined) {
      useDefault(argument, matcher);
      continue;
    }
    const actual = takeArgument(checker, argument, given, value, method, matcher);
    if (actual === null) failed = true;
    else if (actual !== "static" && argument.type.kind === "tensor")
      tensors.push({ type: argument.type, actual, given, argument });
  }
  if (failed) return null;
  for (const { type, actual, given, argument } of tensors) {
    const wrong = matcher.compare(type, actual);
    if (wrong === null) continue;
    reportMismatch(checker, { wrong, pattern: type, actual, matcher, given, argument, method });
    return null;
  }
  return matcher;
}

/** Infers every argument once, so that each reports its own problems even when the call itself is wrong. Null when one of them is unknown. */
function inferAll(checker: Checker, call: Call, scope: Scope): Map<CallArgument, ValueType> | null {
  const values = new Map(call.arguments.map((given) => [given, checker.infer(given.value, scope)]));
  return [...values.values()].some((value) => value.kind === "unknown") ? null : values;
}

function useDefault(argument: ArgumentType, matcher: Matcher): void {
  if (argument.type.kind !== "size" || argument.type.fallback?.dim == null) return;
  const dim = substituteDim(argument.type.fallback.dim, matcher.substitution);
  matcher.bind(argument.type.symbol.id, dim, { argument: argument.name, span: argument.span });
}

/** Fits one argument; the tensor type that it has, "static" for other kinds, null after a report. */
function takeArgument(
  checker: Checker,
  argument: ArgumentType,
  given: CallArgument,
  value: ValueType,
  method: MethodType,
  matcher: Matcher,
): TensorType | "static" | null {
  const { type } = argument;
  const bringer = { argument: argument.name, span: given.value.span };
  if (type.kind === "unknown") return "static";
  if (type.kind === "tensor") {
    const actual = asTensor(value);
    if (actual === null) {
      wrongArgument(checker, argument, given, value, method, `a tensor \`${formatType(type)}\``);
      return null;
    }
    const wrong = matcher.match(type, actual, bringer);
    if (wrong === null) return actual;
    reportMismatch(checker, { wrong, pattern: type, actual, matcher, given, argument, method });
    return null;
  }
  if (type.kind === "size") {
    if (value.kind === "number" && value.dim !== null) {
      matcher.bind(type.symbol.id, value.dim, bringer);
      return "static";
    }
    wrongArgument(checker, argument, given, value, method, "a size: a whole number");
    return null;
  }
  if (value.kind === type.kind) return "static";
  wrongArgument(
    checker,
    argument,
    given,
    value,
    method,
    type.kind === "flag" ? "`true` or `false`" : "a number",
  );
  return null;
}

function wrongArgument(
  checker: Checker,
  argument: ArgumentType,
  given: CallArgument,
  value: ValueType,
  method: MethodType,
  wanted: string,
): void {
  report(checker.problems, given.value.span, {
    code: "wrong-argument",
    title: "Wrong kind of argument",
    label: `this is ${describe(value)}`,
    related: [{ span: argument.span, text: "declared here" }],
    text: `The argument \`${argument.name}\` of ${method.title} must be ${wanted}.`,
    hint:
      value.kind === "record"
        ? `Name one of its fields: \`.${[...value.fields.keys()][0] ?? "field"}\`.`
        : value.kind === "instance" && value.methods.has("")
          ? "An instance gives a value when it is called: add `(…)`."
          : undefined,
  });
}

/** The result in the caller's sizes. A body is read again when a call brings ragged axes that its signature does not mention. */
export function resultOf(checker: Checker, method: MethodType, matcher: Matcher, call: Span): ValueType {
  const apart = new Problems();
  const result = checker.apart(apart, () => method.result(matcher.ragged));
  const names = [...method.bound].length > 0 ? raggedNames(method, matcher) : "";
  for (const problem of apart.all)
    checker.problems.add({
      ...problem,
      related: [...problem.related, { span: call, text: `called here with ${names}` }],
    });
  return instantiate(result, matcher, call);
}

function raggedNames(method: MethodType, matcher: Matcher): string {
  const names = new Set<string>();
  for (const { type } of method.arguments)
    if (type.kind === "tensor")
      for (const axis of type.axes)
        if (axis.kind === "axis")
          for (const symbol of dimSymbols(axis.dim))
            if (matcher.ragged.has(symbol.id)) names.add(symbol.name);
  return `ragged ${[...names].map((name) => `\`${name}\``).join(", ")}`;
}
