/** Looking names up, and giving names to things: the messages for both. */

import type { Span } from "../diagnostics/source.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Identifier } from "../syntax/ast.ts";
import type { Checker } from "./checker.ts";
import { specialForms } from "./list-forms.ts";
import { report } from "./report.ts";
import type { Definition, Local, Scope } from "./scope.ts";
import { type UnknownType, unknownType } from "./values.ts";

/** Reports a name that stands for nothing, with the likeliest way out. */
export function reportUnknownName(
  checker: Checker,
  name: string,
  span: Span,
  scope: Scope,
  role: "name" | "module or function" | { readonly what: string; readonly names: readonly string[] },
): UnknownType {
  if (scope.mayMiss(name) || scope.file.failedImports.has(name)) return unknownType;
  const title = `Unknown ${typeof role === "string" ? role : role.what}`;
  const later = scope.upcoming(name);
  if (later !== null)
    return report(checker.problems, span, {
      code: "used-too-early",
      title: "Used before it is defined",
      label: "not defined yet",
      related: [{ span: later, text: `\`${name}\` is defined here` }],
      text: `Statements are read from top to bottom, and \`${name}\` is defined further down.`,
      hint: "Move its statement above this one.",
    });
  const near = suggest(name, visibleNames(checker, scope, role));
  const elsewhere = near === null ? importOf(name, scope) : null;
  return report(checker.problems, span, {
    code: "unknown-name",
    title,
    label: near === null ? "not defined" : `Did you mean \`${near}\`?`,
    text: `The name \`${name}\` is not defined in ${scope.place}${elsewhere === null && near === null ? ", and nothing of that name is imported" : ""}.`,
    hint: elsewhere ?? undefined,
  });
}

function visibleNames(
  checker: Checker,
  scope: Scope,
  role: Parameters<typeof reportUnknownName>[4],
): readonly string[] {
  if (typeof role !== "string") return role.names;
  const callable = [...checker.builtins.keys(), ...specialForms, ...callableDefinitions(scope)];
  return role === "name" ? [...scope.visible.keys()] : [...callable, ...scope.visible.keys()];
}

function callableDefinitions(scope: Scope): string[] {
  return [...scope.file.names].flatMap(([name, { kind }]) =>
    kind === "module" || kind === "function" ? [name] : [],
  );
}

/** The import that would make a name of the standard library known. */
function importOf(name: string, scope: Scope): string | null {
  const path = scope.file.libraryPartOf(name);
  return path === null ? null : `Import it: \`import ${path} (${name})\`.`;
}

/** Gives a name in `scope`; one that is taken is reported with both places and `hint`, and the new meaning holds from here on. */
export function define(
  checker: Checker,
  scope: Scope,
  identifier: Identifier,
  local: Omit<Local, "span">,
  hint?: string,
): void {
  const { name, span } = identifier;
  const taken = scope.find(name);
  const declared = scope.file.names.get(name);
  if (taken !== null && name !== "_") reportDuplicate(checker, name, span, taken.span, scope.place, hint);
  else if (declared !== undefined && (declared.kind === "module" || declared.kind === "function"))
    report(checker.problems, span, {
      code: "hidden-name",
      title: "Name hides a declaration",
      label: `also a ${declared.kind}`,
      related: [{ span: declared.declaration.name.span, text: `${declared.kind} \`${name}\`` }],
      text: `From here on \`${name}\` would no longer mean the ${declared.kind}. One name means one thing in a file.`,
      hint: "Choose another name here.",
    });
  scope.define(name, { ...local, span });
}

/** Reports a name that stands for something already. */
export function reportDuplicate(
  checker: Checker,
  name: string,
  span: Span,
  first: Span,
  place: string,
  hint?: string,
): void {
  report(checker.problems, span, {
    code: "duplicate-name",
    title: "Name is taken",
    label: `\`${name}\` again`,
    related: [{ span: first, text: `\`${name}\` is defined here` }],
    text: `\`${name}\` has two meanings in ${place}. Names never change, so each thing has a name of its own.`,
    hint,
  });
}

/** What the name of a declaration cannot be used as. */
export function reportWrongKind(
  checker: Checker,
  definition: Definition,
  span: Span,
  wanted: string,
): UnknownType {
  const { kind, declaration } = definition;
  const name = declaration.name.name;
  const article = kind === "interface" ? "an" : "a";
  return report(checker.problems, span, {
    code: "wrong-kind",
    title: `Not ${wanted}`,
    label: `\`${name}\` is ${article} ${kind}`,
    related: [{ span: declaration.name.span, text: `${kind} \`${name}\`` }],
    text:
      kind === "interface"
        ? `\`${name}\` says what a module must offer; it has no statements of its own. A value comes from a module that implements it, or from a slot.`
        : kind === "function"
          ? `\`${name}\` is a function: it becomes a value when it is called, \`${name}(…)\`.`
          : `\`${name}\` is ${article} ${kind}, and this place asks for ${wanted}.`,
  });
}
