/** Checks modules and interfaces and gives the types that others see. */
import type { Identifier, InterfaceDecl, MethodSignature, ModuleDecl, Parameter } from "../syntax/ast.ts";
import { dimSymbol, makeSymbol } from "../types/dim.ts";
import type { Checker } from "./checker.ts";
import { announced, checkDefault, checkMethod, type MethodParts } from "./methods.ts";
import { checkFiller } from "./module-values.ts";
import { define, reportUnknownName, reportWrongKind } from "./names.ts";
import { report } from "./report.ts";
import { type Definition, isInterface, Scope } from "./scope.ts";
import type { MethodType, ModuleType, ParameterType } from "./signature.ts";
import { checkStatements, warnUnused } from "./statements.ts";
import { isDamaged } from "./unread.ts";
import { sizeType, unknownType, type ValueType } from "./values.ts";

/** The interface that a name stands for, or null after a report. */
export function resolveInterface(
  checker: Checker,
  identifier: Identifier,
  scope: Scope,
): Definition<InterfaceDecl> | null {
  const definition = scope.file.names.get(identifier.name);
  if (definition === undefined) {
    reportUnknownInterface(checker, identifier, scope);
    return null;
  }
  if (isInterface(definition)) return definition;
  reportWrongKind(checker, definition, identifier.span, "an interface");
  return null;
}

function reportUnknownInterface(checker: Checker, identifier: Identifier, scope: Scope): void {
  const names = [...scope.file.names].flatMap(([name, { kind }]) => (kind === "interface" ? [name] : []));
  reportUnknownName(checker, identifier.name, identifier.span, scope, { what: "interface", names });
}

export function checkInterface(checker: Checker, definition: Definition<InterfaceDecl>): ModuleType {
  const { declaration } = definition;
  const name = declaration.name.name;
  const scope = new Scope(definition.scope, null, "interface", `interface \`${name}\``);
  const parameters = declaration.parameters.map((parameter) => checkParameter(checker, parameter, scope));
  const methods = collect(
    checker,
    scope,
    declaration.methods.map((signature) => ({ signature, code: null, title: methodTitle(signature, name) })),
  );
  const partial = isDamaged(definition);
  if (!partial) requireMethods(checker, declaration);
  return { parameters, methods, partial };
}

export function checkModule(checker: Checker, definition: Definition<ModuleDecl>): ModuleType {
  const { declaration } = definition;
  const name = declaration.name.name;
  const scope = new Scope(definition.scope, null, "module", `module \`${name}\``);
  const parameters = declaration.parameters.map((parameter) => checkParameter(checker, parameter, scope));
  scope.announce(announced(declaration.body));
  checkStatements(checker, declaration.body, scope);
  const parts = declaration.methods.map(({ signature, body, result }) => ({
    signature,
    code: { body, result },
    title: methodTitle(signature, name),
  }));
  const methods = collect(checker, scope, parts);
  const partial = isDamaged(definition);
  if (!partial) requireMethods(checker, declaration);
  warnUnused(checker, scope);
  return { parameters, methods, partial };
}

function methodTitle(signature: MethodSignature, owner: string): string {
  return signature.name === null ? `\`${owner}\`` : `\`${signature.name.name}\` of \`${owner}\``;
}

function requireMethods(checker: Checker, { kind, name, methods }: InterfaceDecl | ModuleDecl): void {
  if (methods.length > 0) return;
  report(checker.problems, name.span, {
    code: "no-methods",
    title: "Nothing to call",
    label: "has no method",
    text: `An instance is used by calling its methods, and this ${kind} has none.`,
    hint:
      kind === "module"
        ? "Add the unnamed method: `(x: f32[.., D]) { return x }`."
        : "Add a method: `(x: f32[.., D]) -> f32[.., D]`.",
  });
}

function collect(checker: Checker, scope: Scope, parts: readonly MethodParts[]): Map<string, MethodType> {
  const methods = new Map<string, MethodType>();
  for (const part of parts) {
    const name = part.signature.name?.name ?? "";
    const method = checkMethod(checker, part, scope);
    const earlier = methods.get(name);
    if (earlier === undefined) {
      methods.set(name, method);
      continue;
    }
    report(checker.problems, part.signature.name?.span ?? part.signature.span, {
      code: "duplicate-method",
      title: "Method stands twice",
      label: name === "" ? "another unnamed method" : `\`${name}\` again`,
      related: [{ span: earlier.declaration.name?.span ?? earlier.declaration.span, text: "the first one" }],
      text:
        name === ""
          ? "A module has at most one unnamed method; give the other one a name."
          : "Methods are told apart by their names.",
    });
  }
  return methods;
}

function checkParameter(checker: Checker, parameter: Parameter, scope: Scope): ParameterType {
  const { name, type, default: written } = parameter;
  const base = {
    name: name.name,
    declaration: parameter,
    optional: written !== null,
    symbol: null,
    interface: null,
    fallback: null,
  };
  if (type.kind === "interface") {
    const wanted = resolveInterface(checker, type.name, scope);
    if (written !== null && wanted !== null)
      checkFiller(checker, written, scope, wanted, `the setting \`${name.name}\``);
    define(checker, scope, name, {
      kind: "parameter",
      type: wanted === null ? unknownType : { kind: "slot", definition: wanted },
    });
    return { ...base, kind: "interface", interface: wanted };
  }
  const value: ValueType | null = written === null ? null : checker.infer(written, scope);
  if (value !== null && value.kind !== "unknown" && written !== null)
    checkDefault(checker, written.span, name.name, type.kind, value);
  const symbol = type.kind === "size" ? makeSymbol(name.name, name.span) : null;
  const local: ValueType =
    symbol !== null
      ? sizeType(dimSymbol(symbol))
      : type.kind === "flag"
        ? { kind: "flag", value: null }
        : { kind: "number", dim: null, value: null };
  define(checker, scope, name, { kind: "parameter", type: local });
  return { ...base, kind: type.kind, symbol, fallback: value?.kind === "number" ? value : null };
}
