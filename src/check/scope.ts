/** What names stand for: declarations of files, and the nested scopes of one declaration's body. */
import type { Span } from "../diagnostics/source.ts";
import type {
  File,
  FunctionDecl,
  InterfaceDecl,
  ModelDecl,
  ModuleDecl,
  VariantDecl,
  WeightsDecl,
} from "../syntax/ast.ts";
import type { Dim, SizeSymbol } from "../types/dim.ts";
import { mayDeclare } from "./unread.ts";
import type { ValueType } from "./values.ts";

export type NamedDeclaration =
  | InterfaceDecl
  | FunctionDecl
  | ModuleDecl
  | ModelDecl
  | VariantDecl
  | WeightsDecl;

/** A declaration and the file scope that its own names are looked up in. */
export interface Definition<Declared extends NamedDeclaration = NamedDeclaration> {
  readonly kind: Declared["kind"];
  readonly declaration: Declared;
  readonly scope: FileScope;
}

/** The names that are visible in a file: its own declarations and its imports. */
export interface FileScope {
  readonly file: File;
  readonly names: ReadonlyMap<string, Definition>;
  /** Files that this one imports from. */
  readonly imports: readonly FileScope[];
  /** Names whose import failed: using them is no second mistake. */
  readonly failedImports: ReadonlySet<string>;
  /** The file has syntax errors, so what seems to be missing may be no mistake of its own; of names, see `mayDeclare`. */
  readonly incomplete: boolean;
  /** The part of the standard library that declares a name; null when none does. */
  readonly libraryPartOf: (name: string) => string | null;
  /** `std.nn` for a file of the standard library; null for files named by their path. */
  readonly libraryPath: string | null;
}

export function isInterface(definition: Definition): definition is Definition<InterfaceDecl> {
  return definition.kind === "interface";
}

export function isFunction(definition: Definition): definition is Definition<FunctionDecl> {
  return definition.kind === "function";
}

export function isModule(definition: Definition): definition is Definition<ModuleDecl> {
  return definition.kind === "module";
}

export function isModel(definition: Definition): definition is Definition<ModelDecl> {
  return definition.kind === "model";
}

export function isVariant(definition: Definition): definition is Definition<VariantDecl> {
  return definition.kind === "variant";
}

export function isWeights(definition: Definition): definition is Definition<WeightsDecl> {
  return definition.kind === "weights";
}

/** Every file that can be reached by imports, the given one first. */
export function reachableFiles(entry: FileScope): FileScope[] {
  const found = new Set([entry]);
  for (const scope of found) for (const imported of scope.imports) found.add(imported);
  return [...found];
}

/** How a local name came to be, for messages and for what may be warned about. */
export type LocalKind =
  | "parameter"
  | "argument"
  | "axis"
  | "binding"
  | "weight"
  | "state"
  | "input"
  | "label"
  | "slot"
  | "setting"
  | "loss"
  | "turn";

export interface Local {
  readonly type: ValueType;
  readonly span: Span;
  readonly kind: LocalKind;
  /** Set for a name that `rename` gave to an axis. */
  readonly renamed?: { readonly from: Dim; readonly symbol: SizeSymbol };
}

/** What a body may do: only modules and models have parameters to train. */
export type BodyKind = "module" | "model" | "function" | "interface" | "train";

/** The names of a body: `parent` holds those of the surrounding one. */
export class Scope {
  readonly file: FileScope;
  readonly parent: Scope | null;
  readonly body: BodyKind;
  /** For messages: "module `Linear`". */
  readonly place: string;
  private readonly locals = new Map<string, Local>();
  /** The scope of the statements that a turn of a comprehension lies in; the scope itself otherwise. */
  readonly statements: Scope;
  private readonly used: Set<Local>;
  private readonly updated: Set<Local>;
  private readonly updates = new Map<Local, Span>();
  private later: ReadonlyMap<string, Span> = new Map();

  constructor(
    file: FileScope,
    parent: Scope | null,
    body: BodyKind,
    place: string,
    statements: Scope | null = null,
  ) {
    this.file = file;
    this.parent = parent;
    this.body = body;
    this.place = place;
    this.statements = statements ?? this;
    this.used = parent?.used ?? new Set();
    this.updated = parent?.updated ?? new Set();
  }

  /** A scope inside this one. */
  inner(): Scope {
    return new Scope(this.file, this, this.body, this.place);
  }

  /** The scope of one turn of a comprehension. */
  turn(): Scope {
    return new Scope(this.file, this, this.body, this.place, this.statements);
  }

  /** Says which names the statements of this body will define, for messages about using them too early. */
  announce(names: ReadonlyMap<string, Span>): void {
    this.later = names;
  }

  /** Where a name is defined further down, or null. */
  upcoming(name: string): Span | null {
    return this.later.get(name) ?? this.parent?.upcoming(name) ?? null;
  }

  define(name: string, local: Local): void {
    this.locals.set(name, local);
  }

  find(name: string): Local | null {
    return this.locals.get(name) ?? this.parent?.find(name) ?? null;
  }

  /** Whether `name` may have been declared where some file whose names are seen here could not be read. */
  mayMiss(name: string): boolean {
    return mayDeclare(this.file.file, name) || (this.parent?.mayMiss(name) ?? false);
  }

  /** Some file whose names are seen here has syntax errors. */
  get incomplete(): boolean {
    return this.file.incomplete || (this.parent?.incomplete ?? false);
  }

  /** Finds a name in order to use it. */
  use(name: string): Local | null {
    const local = this.find(name);
    if (local !== null) this.used.add(local);
    return local;
  }

  isUsed(local: Local): boolean {
    return this.used.has(local);
  }

  /** Notes that a statement of this body updates a state; gives the place of an earlier update here, or null. */
  noteUpdate(local: Local, span: Span): Span | null {
    const earlier = this.updates.get(local) ?? null;
    this.updates.set(local, span);
    this.updated.add(local);
    return earlier;
  }

  /** Whether any statement updates a state. */
  isUpdated(local: Local): boolean {
    return this.updated.has(local);
  }

  /** Names of this scope only, in the order of definition. */
  get own(): ReadonlyMap<string, Local> {
    return this.locals;
  }

  /** All names that can be seen from here. */
  get visible(): ReadonlyMap<string, Local> {
    return new Map([...(this.parent?.visible ?? []), ...this.locals]);
  }
}
