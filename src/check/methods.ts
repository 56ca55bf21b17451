/** Checks functions and methods once, for every size that they may meet, and gives the type that callers see. */

import { at } from "../base/invariant.ts";
import type {
  Identifier,
  MethodSignature,
  ResultType,
  Return,
  Statement,
  TensorTypeExpr,
} from "../syntax/ast.ts";
import { dimAsSymbol, dimSymbol, makeSymbol } from "../types/dim.ts";
import { formatType, type RestSymbol, sameAxis, type TensorType } from "../types/tensor-type.ts";
import type { Checker } from "./checker.ts";
import { define } from "./names.ts";
import { report } from "./report.ts";
import type { Scope } from "./scope.ts";
import type { ArgumentType, MethodType } from "./signature.ts";
import { bindAxisNames, resolveType } from "./sizes.ts";
import { checkStatements, warnUnused } from "./statements.ts";
import {
  asTensor,
  describe,
  formatValue,
  type NumberType,
  quoteAll,
  sizeType,
  unknownType,
  type ValueType,
} from "./values.ts";

export interface MethodParts {
  readonly signature: MethodSignature;
  /** Null for the methods of an interface. */
  readonly code: { readonly body: readonly Statement[]; readonly result: Return } | null;
  /** "`Linear`", "`decode` of `Coder`". */
  readonly title: string;
}

let nextRest = 0;

/** The type of a method; its body is checked on the way. */
export function checkMethod(checker: Checker, parts: MethodParts, parent: Scope): MethodType {
  const { signature, code, title } = parts;
  const rest: RestSymbol = { id: nextRest++ };
  const scope = parent.inner();
  const { types, bound } = resolveArguments(checker, signature, scope, rest);
  const declared = signature.result === null ? null : resolveResult(checker, signature.result, scope, rest);
  const results = new Map<string, ValueType>();
  const read = (body: Scope, ragged: ReadonlySet<number>): ValueType => {
    defineArguments(checker, signature, types, body, ragged);
    if (code === null) return declared ?? unknownType;
    body.announce(announced(code.body));
    checkStatements(checker, code.body, body);
    const result = resultType(checker, code.result, body);
    return declared === null ? result : compareResult(checker, result, declared, signature, code.result);
  };
  results.set("", read(scope, new Set()));
  if (code !== null) warnUnused(checker, scope);
  const axes = [...scope.own].filter(([, local]) => local.kind === "axis" && local.renamed === undefined);
  return {
    title,
    declaration: signature,
    arguments: types,
    bound,
    result: (ragged) => {
      const key = [...ragged].sort((a, b) => a - b).join(",");
      const known = results.get(key);
      if (known !== undefined) return known;
      const again = parent.inner();
      for (const [name, local] of axes) again.define(name, local);
      const result = read(again, ragged);
      results.set(key, result);
      return result;
    },
  };
}

/** Names that statements define, for messages about using them too early. */
export function announced(
  statements: readonly ({ readonly name: Identifier } | Statement)[],
): Map<string, Identifier["span"]> {
  return new Map(
    statements.flatMap((statement) =>
      "name" in statement ? [[statement.name.name, statement.name.span]] : [],
    ),
  );
}

function resolveArguments(checker: Checker, signature: MethodSignature, scope: Scope, rest: RestSymbol) {
  const bound = new Set<number>();
  const fallbacks = new Map<string, NumberType | null>();
  const symbols = new Map<string, ReturnType<typeof makeSymbol>>();
  for (const { name, type, default: written } of signature.arguments) {
    if (type.kind === "tensor") continue;
    const value = written === null ? null : checker.infer(written, scope);
    if (type.kind === "size") {
      const symbol = makeSymbol(name.name, name.span);
      symbols.set(name.name, symbol);
      bound.add(symbol.id);
      define(checker, scope, name, { kind: "argument", type: sizeType(dimSymbol(symbol)) });
    }
    if (value === null || value.kind === "unknown") continue;
    fallbacks.set(name.name, value.kind === "number" ? value : null);
    checkDefault(checker, written?.span ?? name.span, name.name, type.kind, value);
  }
  const tensors = signature.arguments.flatMap(({ type }) => (type.kind === "tensor" ? [type] : []));
  for (const symbol of bindAxisNames(tensors, scope)) bound.add(symbol.id);
  const types = signature.arguments.map((argument): ArgumentType => {
    const { name, type, span, default: written } = argument;
    const base = { name: name.name, span, optional: written !== null };
    if (type.kind === "tensor") {
      if (written !== null) reportTensorDefault(checker, written.span, name.name);
      return { ...base, optional: false, type: resolveArgument(checker, type, scope, rest) };
    }
    const symbol = symbols.get(name.name);
    if (type.kind === "size" && symbol !== undefined)
      return { ...base, type: { kind: "size", symbol, fallback: fallbacks.get(name.name) ?? null } };
    if (type.kind === "interface") {
      reportModuleArgument(checker, type.span, name.name);
      return { ...base, type: { kind: "unknown" } };
    }
    return { ...base, type: { kind: type.kind === "flag" ? "flag" : "number" } };
  });
  return { types, bound };
}

function resolveArgument(checker: Checker, type: TensorTypeExpr, scope: Scope, rest: RestSymbol) {
  const resolved = resolveType(checker, type, scope, { rest, ragged: true, what: "an argument" });
  return resolved ?? ({ kind: "unknown" } as const);
}

/** Reports a default of another kind than its parameter. */
export function checkDefault(
  checker: Checker,
  span: Identifier["span"],
  name: string,
  kind: "size" | "number" | "flag" | "interface",
  value: ValueType,
): void {
  const fits =
    kind === "flag"
      ? value.kind === "flag"
      : value.kind === "number" && (kind === "number" || value.dim !== null);
  if (fits || kind === "interface") return;
  report(checker.problems, span, {
    code: "wrong-default",
    title: "Default of the wrong kind",
    label: `this is ${describe(value)}`,
    text: `\`${name}\` is a \`${kind}\`, so its default must be ${kind === "flag" ? "`true` or `false`" : kind === "size" ? "a whole number or a size" : "a number"}.`,
  });
}

function reportTensorDefault(checker: Checker, span: Identifier["span"], name: string): void {
  report(checker.problems, span, {
    code: "tensor-default",
    title: "Tensor with a default",
    label: "only static arguments have one",
    text: `\`${name}\` is a tensor, which every call must give. Defaults are for \`size\`, \`number\` and \`flag\`.`,
  });
}

function reportModuleArgument(checker: Checker, span: Identifier["span"], name: string): void {
  report(checker.problems, span, {
    code: "module-argument",
    title: "Module as an argument",
    label: "not a tensor, size, number or flag",
    text: `\`${name}\` would be a module in every call. Modules are settings of a module, given when an instance is made.`,
    hint: "Move it to the settings: `module Name(part: Interface) { … }`.",
  });
}

function defineArguments(
  checker: Checker,
  signature: MethodSignature,
  types: readonly ArgumentType[],
  scope: Scope,
  ragged: ReadonlySet<number>,
): void {
  for (const [index, { name }] of signature.arguments.entries()) {
    const { type } = at(types, index);
    if (type.kind === "size") {
      if (scope.find(name.name) === null)
        scope.define(name.name, {
          kind: "argument",
          type: sizeType(dimSymbol(type.symbol)),
          span: name.span,
        });
      continue;
    }
    define(checker, scope, name, { kind: "argument", type: localType(type, ragged) });
  }
}

function localType(
  type: Exclude<ArgumentType["type"], { kind: "size" }>,
  ragged: ReadonlySet<number>,
): ValueType {
  if (type.kind === "tensor") return makeRagged(type, ragged);
  if (type.kind === "number") return { kind: "number", dim: null, value: null };
  return type.kind === "flag" ? { kind: "flag", value: null } : unknownType;
}

function makeRagged(type: TensorType, ragged: ReadonlySet<number>): TensorType {
  const axes = type.axes.map((axis) => {
    const symbol = axis.kind === "axis" ? dimAsSymbol(axis.dim) : null;
    return axis.kind === "axis" && symbol !== null && ragged.has(symbol.id)
      ? { ...axis, ragged: true }
      : axis;
  });
  return { ...type, axes };
}

/** The declared result; null after a report. */
function resolveResult(
  checker: Checker,
  result: ResultType,
  scope: Scope,
  rest: RestSymbol,
): ValueType | null {
  const place = { rest, ragged: true, what: "a result" };
  if (result.kind === "tensor") return resolveType(checker, result.type, scope, place);
  const fields = new Map<string, ValueType>();
  let failed = false;
  for (const { name, type } of result.fields) {
    const resolved = resolveType(checker, type, scope, place);
    if (fields.has(name.name)) reportFieldTwice(checker, name);
    if (resolved === null) failed = true;
    else fields.set(name.name, resolved);
  }
  return failed ? null : { kind: "record", fields };
}

function reportFieldTwice(checker: Checker, name: Identifier): void {
  report(checker.problems, name.span, {
    code: "duplicate-field",
    title: "Field stands twice",
    label: `\`${name.name}\` again`,
    text: "Every field of a record has a name of its own.",
  });
}

function resultType(checker: Checker, result: Return, scope: Scope): ValueType {
  if (result.kind === "single") return returned(checker, at(result.values, 0), scope);
  const fields = new Map<string, ValueType>();
  let failed = false;
  for (const [index, value] of result.values.entries()) {
    const type = returned(checker, value, scope);
    const name =
      result.names[index] ?? (value.kind === "name" ? { name: value.name, span: value.span } : null);
    if (name === null) {
      report(checker.problems, value.span, {
        code: "return-needs-name",
        title: "Returned field has no name",
        label: "needs a name",
        text: "`return a, b` gives a record whose fields are called like the names that are returned.",
        hint: "Write the name before the value: `return a, b = 2 * a`.",
      });
      failed = true;
    } else if (fields.has(name.name)) reportFieldTwice(checker, name);
    else fields.set(name.name, type);
    if (type.kind === "unknown" || type.kind === "record") failed = true;
  }
  return failed ? unknownType : { kind: "record", fields };
}

function returned(checker: Checker, value: Return["values"][number], scope: Scope): ValueType {
  const type = checker.infer(value, scope);
  if (type.kind === "unknown") return unknownType;
  const tensor = asTensor(type);
  if (tensor !== null) return tensor;
  if (type.kind === "record" && [...type.fields.values()].every((field) => asTensor(field) !== null))
    return type;
  return report(checker.problems, value.span, {
    code: "wrong-return",
    title: "This cannot be returned",
    label: `this is ${describe(type)}`,
    text: "Functions and methods give tensors: one, or several as a record.",
    hint: type.kind === "list" ? "Join its elements, for example with `concat` or `sum`." : undefined,
  });
}

/** The result that callers may rely on; reports when it is not the declared one. */
function compareResult(
  checker: Checker,
  result: ValueType,
  declared: ValueType,
  signature: MethodSignature,
  written: Return,
): ValueType {
  if (result.kind === "unknown") return declared;
  if (sameResult(result, declared)) return result;
  const span = signature.result?.span ?? signature.span;
  const missing =
    declared.kind === "record" && result.kind === "record"
      ? [...declared.fields.keys()].filter((name) => !result.fields.has(name))
      : [];
  const first = at(written.values, 0).span;
  report(
    checker.problems,
    { ...first, end: at(written.values, -1).span.end },
    {
      code: "wrong-result",
      title: "Result has another type",
      label: missing.length > 0 ? `no ${quoteAll(missing)}` : `this is ${resultWords(result)}`,
      related: [{ span, text: "declared here" }],
      text: `What is returned does not have the declared type:\n\n    declared : ${formatValue(declared)}\n    returned : ${formatValue(result)}`,
      hint:
        declared.kind === "tensor" && result.kind === "tensor" && sameElements(declared, result)
          ? `Declare \`${formatType(result)}\`, if that is what you mean.`
          : undefined,
    },
  );
  return declared;
}

function sameElements(a: TensorType, b: TensorType): boolean {
  return a.element === b.element;
}

function resultWords(result: ValueType): string {
  return result.kind === "tensor" ? `\`${formatType(result)}\`` : describe(result);
}

/** Whether a result can stand for the declared one: equal axes, and lengths where the declaration promises them. */
export function sameResult(result: ValueType, declared: ValueType): boolean {
  if (result.kind === "tensor" && declared.kind === "tensor")
    return (
      result.element === declared.element &&
      result.bound?.key === declared.bound?.key &&
      result.axes.length === declared.axes.length &&
      declared.axes.every((axis, index) => {
        const own = at(result.axes, index);
        const lengths = axis.kind === "axis" && axis.ragged && !(own.kind === "axis" && own.ragged);
        return sameAxis(axis, own) && !lengths;
      })
    );
  if (result.kind !== "record" || declared.kind !== "record" || result.fields.size !== declared.fields.size)
    return false;
  return [...declared.fields].every(([name, field]) => {
    const own = result.fields.get(name);
    return own !== undefined && sameResult(own, field);
  });
}
