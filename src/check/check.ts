/** Checks a whole program: every declaration once, then the models with their variants and train blocks. */
import { builtins, operators } from "../builtins/index.ts";
import { Problems } from "../diagnostics/problems.ts";
import type { Expression, FunctionDecl, InterfaceDecl, ModuleDecl } from "../syntax/ast.ts";
import { checkModels } from "./check-models.ts";
import type { CheckedProgram, CheckOptions } from "./checked.ts";
import type { Checker } from "./checker.ts";
import { inferExpression } from "./infer.ts";
import { checkImplements, requireImplements } from "./interfaces.ts";
import { checkMethod } from "./methods.ts";
import { inferModuleValue } from "./module-values.ts";
import { checkInterface, checkModule, resolveInterface } from "./modules.ts";
import { type CycleLink, checkingOrder, mentionsOf, mentionsOfTrain } from "./order.ts";
import { report, warn } from "./report.ts";
import {
  type Definition,
  type FileScope,
  isFunction,
  isInterface,
  isModule,
  isWeights,
  reachableFiles,
  Scope,
} from "./scope.ts";
import type { MethodType, ModuleType } from "./signature.ts";
import { isUnread } from "./unread.ts";
import type { ValueType } from "./values.ts";
import { checkWeights } from "./weights.ts";

/** Checks everything that can be reached from a file. Without errors in `problems` only values can still fail in elaboration. */
export function checkProgram(scope: FileScope, options: CheckOptions, problems: Problems): CheckedProgram {
  const files = reachableFiles(scope);
  const found = new Problems();
  const checker = new ProgramChecker(found, files);
  const definitions = checker.definitions;
  const { order, cycles } = checkingOrder(definitions);
  for (const cycle of cycles) {
    reportCycle(checker, cycle);
    for (const { definition } of cycle) checker.breakDefinition(definition);
  }
  for (const definition of order) checker.checkDefinition(definition);
  const checked = checkModels(checker, scope, options);
  warnUnusedImports(checker, scope);
  // Of a statement with a syntax error nothing else is said: what was read of it may not be what was meant.
  for (const problem of found.all) {
    const place = problem.primary?.span;
    if (place === undefined || !files.some(({ file }) => isUnread(file, place))) problems.add(problem);
  }
  if (!problems.hasErrors) for (const warning of checker.warnings.all) problems.add(warning);
  return { scope, ...checked, types: checker.types, results: checker.results };
}

class ProgramChecker implements Checker {
  problems: Problems;
  readonly warnings = new Problems();
  readonly defaults = new Map<number, number>();
  readonly builtins = builtins;
  readonly operators = operators;
  readonly types = new Map<object, ValueType>();
  readonly results = new Map<object, ValueType>();
  private readonly files: readonly FileScope[];
  private readonly broken = new Set<Definition>();
  private readonly modules = new Map<Definition, ModuleType | "busy">();
  private readonly functions = new Map<Definition, MethodType | "busy">();
  private readonly known = new WeakMap<Scope, Map<Expression, ValueType>>();
  private recording = true;

  constructor(problems: Problems, files: readonly FileScope[]) {
    this.problems = problems;
    this.files = files;
  }

  /** Declarations of all files. */
  get definitions(): Definition[] {
    return this.files.flatMap((file) => [...file.names.values()].filter(({ scope }) => scope === file));
  }

  breakDefinition(definition: Definition): void {
    this.broken.add(definition);
  }

  /** Checks a declaration, also when it contains itself: its other statements may still be wrong. */
  checkDefinition(definition: Definition): void {
    if (isFunction(definition)) this.computeFunction(definition);
    else if (isModule(definition)) this.computeModule(definition);
    else if (isInterface(definition)) this.interfaceType(definition);
    else if (isWeights(definition)) checkWeights(this, definition);
  }

  // Each expression is read once in each scope, so that nested calls cost what they are long.
  infer(expression: Expression, scope: Scope): ValueType {
    const found = this.known.get(scope) ?? new Map<Expression, ValueType>();
    this.known.set(scope, found);
    const known = found.get(expression);
    if (known !== undefined) return known;
    const type = inferExpression(this, expression, scope);
    found.set(expression, type);
    return type;
  }

  inferModule(expression: Expression, scope: Scope) {
    return inferModuleValue(this, expression, scope);
  }

  requireImplements(...parameters: Parameters<Checker["requireImplements"]>): boolean {
    return requireImplements(this, ...parameters);
  }

  implementers(wanted: Definition<InterfaceDecl>): Definition<ModuleDecl>[] {
    return this.definitions.filter(isModule).filter(({ declaration, scope }) => {
      const name = declaration.implements?.name;
      return name !== undefined && scope.names.get(name) === wanted;
    });
  }

  moduleType(definition: Definition<ModuleDecl>): ModuleType | null {
    return this.broken.has(definition) ? null : this.computeModule(definition);
  }

  functionType(definition: Definition<FunctionDecl>): MethodType | null {
    return this.broken.has(definition) ? null : this.computeFunction(definition);
  }

  interfaceType(definition: Definition<InterfaceDecl>): ModuleType {
    const known = this.modules.get(definition);
    if (known !== undefined && known !== "busy") return known;
    // An interface whose settings need the interface itself: it is reported as a cycle, and here it looks empty.
    if (known === "busy") return { parameters: [], methods: new Map(), partial: false };
    this.modules.set(definition, "busy");
    const type = checkInterface(this, definition);
    this.modules.set(definition, type);
    this.recordMethods(type);
    return type;
  }

  apart(problems: Problems, check: (checker: Checker) => ValueType): ValueType {
    const { problems: outer, recording } = this;
    this.problems = problems;
    this.recording = false;
    try {
      return check(this);
    } finally {
      this.problems = outer;
      this.recording = recording;
    }
  }

  record(node: object, type: ValueType): void {
    if (this.recording) this.types.set(node, type);
  }

  private computeModule(definition: Definition<ModuleDecl>): ModuleType | null {
    const known = this.modules.get(definition);
    if (known !== undefined) return known === "busy" ? null : known;
    this.modules.set(definition, "busy");
    const type = checkModule(this, definition);
    this.modules.set(definition, type);
    this.recordMethods(type);
    const { implements: wanted, name } = definition.declaration;
    if (wanted !== null) {
      const scope = new Scope(definition.scope, null, "module", `module \`${name.name}\``);
      const found = resolveInterface(this, wanted, scope);
      if (found !== null) checkImplements(this, definition, type, found);
    }
    return type;
  }

  private computeFunction(definition: Definition<FunctionDecl>): MethodType | null {
    const known = this.functions.get(definition);
    if (known !== undefined) return known === "busy" ? null : known;
    this.functions.set(definition, "busy");
    const { signature, body, result, name } = definition.declaration;
    const scope = new Scope(definition.scope, null, "function", `function \`${name.name}\``);
    const type = checkMethod(this, { signature, code: { body, result }, title: `\`${name.name}\`` }, scope);
    this.functions.set(definition, type);
    this.results.set(signature, type.result(new Set()));
    return type;
  }

  private recordMethods(type: ModuleType): void {
    for (const method of type.methods.values())
      this.results.set(method.declaration, method.result(new Set()));
  }
}

function reportCycle(checker: Checker, cycle: readonly CycleLink[]): void {
  const [first, ...others] = cycle;
  if (first === undefined) return;
  const { kind, declaration } = first.definition;
  const name = declaration.name.name;
  const path = [...cycle.map(({ definition }) => definition.declaration.name.name), name];
  report(checker.problems, first.span, {
    code: "recursion",
    title: "Declaration contains itself",
    label:
      others.length === 0 ? `inside ${kind} \`${name}\` itself` : `${kind} \`${name}\` needs \`${path[1]}\``,
    related: others.map(({ span, definition }, index) => ({
      span,
      text: `\`${definition.declaration.name.name}\` needs \`${path[index + 2] ?? name}\``,
    })),
    text: `There is no recursion: everything is unrolled before anything runs, and this would never end:\n\n    ${path.join(" → ")}`,
  });
}

/** Warns about imported names that the entry file does not mention. */
function warnUnusedImports(checker: Checker, scope: FileScope): void {
  if (scope.incomplete) return;
  const mentioned = new Set<string>();
  for (const definition of scope.names.values())
    if (definition.scope === scope) for (const name of mentionsOf(definition).keys()) mentioned.add(name);
  for (const declaration of scope.file.declarations)
    if (declaration.kind === "train")
      for (const name of mentionsOfTrain(declaration).keys()) mentioned.add(name);
  for (const { names } of scope.file.imports)
    for (const { name, span } of names)
      if (!mentioned.has(name) && scope.names.get(name) !== undefined)
        warn(checker.warnings, span, {
          code: "unused-import",
          title: "Import is never used",
          label: "nothing uses it",
          text: `\`${name}\` is imported, and nothing in this file mentions it.`,
          hint: "Remove it from the import.",
        });
}
