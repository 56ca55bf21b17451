/** Calls: what is called decides which rules hold. */
import { suggest } from "../diagnostics/suggest.ts";
import type { Call, Expression } from "../syntax/ast.ts";
import { callBuiltin } from "./builtin-call.ts";
import { callMethod } from "./call-method.ts";
import type { Checker } from "./checker.ts";
import { isListForm } from "./list-forms.ts";
import { callListForm } from "./lists.ts";
import { makeInstance } from "./module-values.ts";
import { reportUnknownName, reportWrongKind } from "./names.ts";
import { report } from "./report.ts";
import { inferScan } from "./scan.ts";
import { isFunction, isModule, type Scope } from "./scope.ts";
import { describe, type InstanceType, quoteAll, unknownType, type ValueType } from "./values.ts";

const noSettings = { sizes: new Map(), rests: new Map() } as const;

export function inferCall(checker: Checker, call: Call, scope: Scope): ValueType {
  const { callee } = call;
  if (callee.kind === "member") return callMember(checker, call, callee, scope);
  if (callee.kind !== "name") return callValue(checker, call, checker.infer(callee, scope), scope);
  const { name, span } = callee;
  const local = scope.use(name);
  if (local !== null) return callValue(checker, call, local.type, scope);
  const definition = scope.file.names.get(name);
  if (definition !== undefined) {
    if (isModule(definition))
      return makeInstance(checker, call, { kind: "module", definition, given: new Map() }, scope);
    if (!isFunction(definition)) {
      inferArguments(checker, call, scope);
      return reportWrongKind(checker, definition, span, "something to call");
    }
    const method = checker.functionType(definition);
    if (method !== null) return callMethod(checker, call, method, noSettings, scope);
    inferArguments(checker, call, scope);
    return unknownType;
  }
  if (name === "scan") return inferScan(checker, call, scope);
  if (isListForm(name)) return callListForm(checker, call, name, scope);
  const builtin = checker.builtins.get(name);
  if (builtin !== undefined) return callBuiltin(checker, call, builtin, scope);
  inferArguments(checker, call, scope);
  if (initialisers.has(name))
    return report(checker.problems, span, {
      code: "initialiser-elsewhere",
      title: "Initial values belong to parameters",
      label: "only behind `param … =`",
      text: `\`${name}(…)\` says how the numbers of a parameter start; elsewhere it has no value.`,
      hint:
        name === "normal" || name === "uniform"
          ? `Random numbers in every step come from \`${name}_like(x)\`.`
          : undefined,
    });
  return reportUnknownName(checker, name, span, scope, "module or function");
}

/** Initial values of parameters: what they take, and with which default. */
export const initialisers: ReadonlyMap<string, readonly string[]> = new Map([
  ["uniform", ["low", "high"]],
  ["normal", ["mean", "std"]],
  ["orthogonal", ["gain"]],
]);

/** Problems in the arguments of a call that is wrong itself are still worth knowing. */
function inferArguments(checker: Checker, call: Call, scope: Scope): void {
  for (const argument of call.arguments) checker.infer(argument.value, scope);
}

function callMember(
  checker: Checker,
  call: Call,
  callee: Extract<Expression, { kind: "member" }>,
  scope: Scope,
): ValueType {
  const object = checker.infer(callee.object, scope);
  if (object.kind !== "instance") return callValue(checker, call, checker.infer(callee, scope), scope);
  const { name, span } = callee.member;
  const method = object.methods.get(name);
  if (method !== undefined) return callMethod(checker, call, method, object.settings, scope);
  inferArguments(checker, call, scope);
  if (object.partial) return unknownType;
  const near = suggest(name, object.methods.keys());
  return report(checker.problems, span, {
    code: "unknown-method",
    title: "Unknown method",
    label: near === null || near === "" ? "no such method" : `Did you mean \`${near}\`?`,
    text: `An instance of \`${object.name}\` ${methodList(object)}.`,
  });
}

function methodList(instance: InstanceType): string {
  const named = [...instance.methods.keys()].filter((name) => name !== "");
  const called = instance.methods.has("") ? "is called as `instance(…)`" : "";
  if (named.length === 0) return called === "" ? "has no methods" : `${called} and has no named methods`;
  const list = `${named.length === 1 ? "the method" : "the methods"} ${quoteAll(named)}`;
  return called === "" ? `has ${list}` : `${called}, and has ${list}`;
}

function callValue(checker: Checker, call: Call, value: ValueType, scope: Scope): ValueType {
  if (value.kind === "module" || value.kind === "slot") return makeInstance(checker, call, value, scope);
  if (value.kind === "instance") {
    const method = value.methods.get("");
    if (method !== undefined) return callMethod(checker, call, method, value.settings, scope);
    inferArguments(checker, call, scope);
    if (value.partial) return unknownType;
    const first = [...value.methods.keys()][0];
    return report(checker.problems, call.callee.span, {
      code: "not-callable",
      title: "This cannot be called",
      label: "has no unnamed method",
      text: `An instance of \`${value.name}\` ${methodList(value)}.`,
      hint: first === undefined ? undefined : `Call a method by its name: \`.${first}(…)\`.`,
    });
  }
  inferArguments(checker, call, scope);
  if (value.kind === "unknown") return unknownType;
  return report(checker.problems, call.callee.span, {
    code: "not-callable",
    title: "This cannot be called",
    label: `this is ${describe(value)}`,
    related: hidden(checker, call.callee, scope),
    text: "Modules, slots, instances and functions can be called.",
  });
}

/** Where a name that also belongs to a builtin function was given another meaning. */
function hidden(checker: Checker, callee: Expression, scope: Scope) {
  if (callee.kind !== "name" || !checker.builtins.has(callee.name)) return [];
  const local = scope.find(callee.name);
  return local === null
    ? []
    : [{ span: local.span, text: `hides the builtin function \`${callee.name}\` from here on` }];
}
