/** From an entry file to everything that it imports: parsing each file once, and resolving what its names stand for. */

import type { Cache } from "../base/cache.ts";
import { NO_CACHE } from "../base/cache.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { Problems } from "../diagnostics/problems.ts";
import type { Source } from "../diagnostics/source.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Declaration, File, Identifier, Import } from "../syntax/ast.ts";
import type { TrainDecl } from "../syntax/ast-train.ts";
import { parseFile } from "../syntax/parse.ts";
import { libraryParts, partThatDeclares } from "./library.ts";
import { report } from "./report.ts";
import type { Definition, FileScope, NamedDeclaration } from "./scope.ts";
import { mayDeclare } from "./unread.ts";
import { quoteAll } from "./values.ts";

/** Gives the text of `std.nn` or of a path relative to `from`; null when there is none. */
export type LoadSource = (path: string, from: Source | null) => Source | null;

interface Loading {
  readonly file: File;
  readonly names: Map<string, Definition>;
  readonly imports: FileScope[];
  readonly failedImports: Set<string>;
  readonly incomplete: boolean;
  readonly libraryPartOf: FileScope["libraryPartOf"];
  readonly libraryPath: string | null;
}

/** Parses `entry` and all files that it needs. Files may import each other. `cache` keeps what was read of a text. */
export function loadProgram(
  entry: Source,
  loadSource: LoadSource,
  problems: Problems,
  cache: Cache = NO_CACHE,
): FileScope {
  const loaded = new Map<string, Loading>();
  const pending: Loading[] = [];
  const load = (source: Source, libraryPath: string | null): Loading => {
    const known = loaded.get(source.path);
    if (known !== undefined) return known;
    const { file, found } = syntaxOf(source, cache);
    for (const problem of found) problems.add(problem);
    const scope: Loading = {
      file,
      names: new Map(),
      imports: [],
      failedImports: new Set(),
      incomplete: found.some(({ severity }) => severity === "error"),
      libraryPartOf: (name) => partThatDeclares(name, (path) => loadSource(path, null)),
      libraryPath,
    };
    loaded.set(source.path, scope);
    pending.push(scope);
    declare(scope, problems);
    return scope;
  };
  const root = load(entry, null);
  for (let next = pending.shift(); next !== undefined; next = pending.shift())
    for (const wanted of next.file.imports) {
      const source = loadSource(wanted.path, next.file.source);
      if (source === null) {
        reportMissingFile(problems, wanted);
        for (const identifier of wanted.names) next.failedImports.add(identifier.name);
      } else addImport(next, wanted, load(source, wanted.quoted ? null : wanted.path), problems);
    }
  return root;
}

/** What a text says, and what is wrong with it. */
export interface Syntax {
  readonly file: File;
  readonly found: readonly Diagnostic[];
}

/** Reads a text, or takes what `cache` has of the same text, under whatever name it was read. */
function syntaxOf(source: Source, cache: Cache): Syntax {
  const syntax = cache.remember("syntax", source.text, () => parse(source));
  // All its places lie in one source, which is named as the file is called this time.
  Object.assign(syntax.file.source, source);
  return syntax;
}

/** Reads a text on its own, whatever it imports. */
export function parse(source: Source): Syntax {
  const problems = new Problems();
  const file = parseFile(source, problems);
  return { file, found: problems.all };
}

function isNamed(declaration: Declaration): declaration is Exclude<Declaration, TrainDecl> {
  return declaration.kind !== "train";
}

function declare(scope: Loading, problems: Problems): void {
  for (const declaration of scope.file.declarations) {
    if (!isNamed(declaration)) continue;
    const definition: Definition<NamedDeclaration> = { kind: declaration.kind, declaration, scope };
    addName(scope, declaration.name, definition, problems);
  }
}

function addName(scope: Loading, identifier: Identifier, definition: Definition, problems: Problems): void {
  const { name, span } = identifier;
  const taken = scope.names.get(name);
  if (taken === undefined) {
    scope.names.set(name, definition);
    return;
  }
  if (taken === definition) return;
  const imported = taken.scope !== scope;
  report(problems, span, {
    code: "duplicate-name",
    title: "Name is taken",
    label: `\`${name}\` again`,
    related: [
      { span: taken.declaration.name.span, text: `${taken.kind} \`${name}\`${imported ? ", imported" : ""}` },
    ],
    text: `In one file \`${name}\` can stand for one declaration only.`,
  });
}

function addImport(scope: Loading, wanted: Import, from: Loading, problems: Problems): void {
  scope.imports.push(from);
  for (const identifier of wanted.names) {
    const definition = from.names.get(identifier.name);
    if (definition !== undefined && definition.scope === from)
      addName(scope, identifier, definition, problems);
    else {
      scope.failedImports.add(identifier.name);
      if (!mayDeclare(from.file, identifier.name)) reportMissingName(problems, wanted, identifier, from);
    }
  }
}

function reportMissingFile(problems: Problems, wanted: Import): void {
  const near = wanted.quoted ? null : suggest(wanted.path, libraryParts);
  report(problems, wanted.pathSpan, {
    code: "missing-file",
    title: wanted.quoted ? "File not found" : "Unknown library",
    label: wanted.quoted
      ? "no such file"
      : near === null
        ? "not in the standard library"
        : `Did you mean \`${near}\`?`,
    text: wanted.quoted
      ? "The path is relative to the folder of this file, and ends with `.mird`."
      : `The parts of the standard library are ${quoteAll(libraryParts)}. A file of your own is imported by its path: \`import "./my_part.mird" (Name)\`.`,
    hint: wanted.quoted && !wanted.path.endsWith(".mird") ? `Write \`"${wanted.path}.mird"\`.` : undefined,
  });
}

function reportMissingName(
  problems: Problems,
  wanted: Import,
  identifier: Identifier,
  from: FileScope,
): void {
  const declared = [...from.names].flatMap(([name, definition]) => (definition.scope === from ? [name] : []));
  const near = suggest(identifier.name, declared);
  const elsewhere = from.file.imports.find(({ names }) => names.some(({ name }) => name === identifier.name));
  const path = from.libraryPath ?? from.file.source.path;
  report(problems, identifier.span, {
    code: "missing-import",
    title: "Name is not in that file",
    label: near === null ? "not declared there" : `Did you mean \`${near}\`?`,
    related: [{ span: wanted.pathSpan, text: "imported from here" }],
    text:
      elsewhere !== undefined
        ? `\`${path}\` does not declare \`${identifier.name}\`, it imports it itself. A name is imported from the file that declares it${elsewhere.quoted ? "" : `: \`${elsewhere.path}\``}.`
        : declared.length === 0
          ? `\`${path}\` declares nothing.`
          : `\`${path}\` declares ${quoteAll(declared)}.`,
  });
}
