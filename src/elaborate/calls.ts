/** What a call means: a method, a new instance, a function, a function over lists, or a builtin. */
import { invariant } from "../base/invariant.ts";
import { isFunction, isModule } from "../check/scope.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Call, FunctionDecl } from "../syntax/ast.ts";
import { bindArguments } from "./arguments.ts";
import { callBuiltin } from "./builtin-call.ts";
import { collectionCall } from "./collections.ts";
import type { Elaboration } from "./elaboration.ts";
import { type CallSite, invoke, methodNamed, runBody } from "./invoke.ts";
import { makeInstance } from "./modules.ts";
import { scanCall } from "./scan.ts";
import { Scope } from "./scope.ts";
import type { InstanceValue, Value } from "./values.ts";

export function evaluateCall(e: Elaboration, call: Call, scope: Scope): Value {
  try {
    return callValue(e, call, scope);
  } catch (error) {
    throw error instanceof UserError && scope.file.libraryPath === null ? calledAt(call.span, error) : error;
  }
}

/** Problems inside the library with the call of the user's file that leads there. */
function calledAt(span: Span, { problems, exitCode }: UserError): UserError {
  const told = problems.map((problem) => {
    const { primary, related } = problem;
    if (primary === null || [primary, ...related].some((label) => label.span.source === span.source))
      return problem;
    return { ...problem, related: [...related, { span, text: "called here" }] };
  });
  return new UserError(told, exitCode);
}

function callValue(e: Elaboration, call: Call, scope: Scope): Value {
  const { callee } = call;
  if (callee.kind === "name") {
    const local = scope.lookup(callee.name);
    if (local?.kind === "instance") return callMethod(e, local, null, call, scope);
    if (local?.kind === "module") return makeInstance(e, local, call, scope);
    const definition = scope.file.names.get(callee.name);
    if (definition !== undefined && isModule(definition))
      return makeInstance(
        e,
        { kind: "module", definition, settings: new Map(), through: null, slot: null },
        call,
        scope,
      );
    if (definition !== undefined && isFunction(definition)) {
      const inner = new Scope(null, definition.scope, deeper(e, scope, call));
      return callFunction(e, definition.declaration, inner, call, scope);
    }
    if (callee.name === "scan") return scanCall(e, call, scope);
    return collectionCall(e, callee.name, call, scope) ?? callBuiltin(e, callee.name, call, scope);
  }
  if (callee.kind === "member") {
    const object = e.evaluate(callee.object, scope);
    if (object.kind === "instance") return callMethod(e, object, callee.member.name, call, scope);
  }
  const value = e.evaluate(callee, scope);
  if (value.kind === "instance") return callMethod(e, value, null, call, scope);
  invariant(value.kind === "module", `a ${value.kind} is called`);
  return makeInstance(e, value, call, scope);
}

function deeper(e: Elaboration, scope: Scope, call: Call): Scope["place"] {
  return { ...scope.place, ...siteOf(e, scope, call) };
}

function siteOf(e: Elaboration, scope: Scope, call: Call): CallSite {
  return { calls: e.callPath(scope, call), step: scope.place.step };
}

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
    bindArguments(e, declaration.signature.arguments, call, scope, inner.file),
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
    bindArguments(e, method.signature.arguments, call, scope, instance.scope.file),
    siteOf(e, scope, call),
  );
}
