/** Variants and `--set`: settings and slots of a model with other values. */

import { joinSpans, type Source, type Span } from "../diagnostics/source.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Expression, ModelDecl, VariantDecl } from "../syntax/ast.ts";
import type { Override } from "./checked.ts";
import type { Checker } from "./checker.ts";
import type { Environment, StaticValue } from "./evaluate.ts";
import { evaluate } from "./evaluate.ts";
import type { ModelType } from "./model.ts";
import { checkFiller } from "./module-values.ts";
import { report } from "./report.ts";
import { type Definition, type FileScope, isModel, isVariant, reachableFiles, Scope } from "./scope.ts";
import { mayDeclare } from "./unread.ts";
import { describe, quoteAll } from "./values.ts";

/** A setting or slot with a value from outside the model. */
export interface Assignment {
  readonly name: string;
  readonly nameSpan: Span;
  readonly value: Expression;
  readonly scope: FileScope;
  readonly variant: Override["variant"];
}

export interface Resolved {
  readonly base: Definition<ModelDecl>;
  /** The chain of variants, that of the base first. */
  readonly variants: readonly Definition<VariantDecl>[];
  /** Later assignments replace earlier ones. */
  readonly assignments: readonly Assignment[];
}

/** The model behind a chain of variants with all its assignments; null after a report. */
export function resolveVariant(checker: Checker, definition: Definition): Resolved | null {
  const assignments: Assignment[] = [];
  const variants: Definition<VariantDecl>[] = [];
  const seen = new Set<Definition>();
  let current: Definition = definition;
  while (isVariant(current)) {
    if (seen.has(current)) return null;
    seen.add(current);
    variants.unshift(current);
    const { declaration, scope } = current;
    assignments.unshift(...variantAssignments(checker, current));
    const base = scope.names.get(declaration.base.name);
    if (base === undefined || (!isModel(base) && !isVariant(base))) {
      reportUnknownModel(checker, declaration.base.name, declaration.base.span, scope);
      return null;
    }
    current = base;
  }
  return isModel(current) ? { base: current, variants, assignments } : null;
}

function variantAssignments(checker: Checker, { declaration, scope }: Definition<VariantDecl>): Assignment[] {
  const { overrides } = declaration;
  const first = new Map<string, Span>();
  for (const { name } of overrides) {
    const earlier = first.get(name.name);
    if (earlier === undefined) first.set(name.name, name.span);
    else
      report(checker.problems, name.span, {
        code: "duplicate-name",
        title: "Name is taken",
        label: `\`${name.name}\` again`,
        related: [{ span: earlier, text: "set here already" }],
        text: "A variant gives every setting one value.",
      });
  }
  return overrides.map(({ name, value }) => ({
    name: name.name,
    nameSpan: name.span,
    value,
    scope,
    variant: { name: declaration.name.name, span: joinSpans(name.span, value.span) },
  }));
}

/** Reports a name that should be a model's, listing those that are. */
export function reportUnknownModel(checker: Checker, name: string, span: Span, scope: FileScope): void {
  if (mayDeclare(scope.file, name) || scope.failedImports.has(name)) return;
  const models = [...scope.names].flatMap(([key, { kind }]) =>
    kind === "model" || kind === "variant" ? [key] : [],
  );
  const near = suggest(name, models);
  const other = scope.names.get(name);
  report(checker.problems, span, {
    code: "unknown-model",
    title: "Unknown model",
    label:
      other !== undefined ? `a ${other.kind}` : near === null ? "no such model" : `Did you mean \`${near}\`?`,
    text:
      models.length === 0
        ? "No model is declared or imported here."
        : `Models that are known here: ${quoteAll(models)}.`,
  });
}

/** Checks assignments against a model and gives them by name; wrong ones are left out. */
export function checkAssignments(
  checker: Checker,
  model: ModelType,
  assignments: readonly Assignment[],
): Map<string, Override> {
  const overrides = new Map<string, Override>();
  for (const assignment of assignments) {
    const { name, value, scope, variant } = assignment;
    if (checkAssignment(checker, model, assignment)) overrides.set(name, { value, scope, variant });
  }
  return overrides;
}

function checkAssignment(checker: Checker, model: ModelType, assignment: Assignment): boolean {
  const { name, value, scope } = assignment;
  const setting = model.settings.get(name);
  const slot = model.slots.get(name);
  const place = `the settings of model \`${model.definition.declaration.name.name}\``;
  if (slot !== undefined) {
    // What fills a slot may use the settings of the model, as its default may.
    const local = new Scope(scope, settingsOnly(model, place), "model", place);
    return (
      slot.interface !== null && checkFiller(checker, value, local, slot.interface, `the slot \`${name}\``)
    );
  }
  if (setting === undefined) {
    reportUnknownSetting(checker, model, assignment);
    return false;
  }
  const type = checker.infer(value, new Scope(scope, null, "model", place));
  if (type.kind === "unknown") return false;
  const { kind } = setting;
  const fits =
    kind === "flag"
      ? type.kind === "flag"
      : type.kind === "number" && (kind === "number" || type.dim !== null);
  const tooSmall = kind === "size" && type.kind === "number" && (type.value ?? 0) < 0;
  if (fits && !tooSmall) return true;
  const wanted = { flag: "`true` or `false`", number: "a number", size: "a whole number, 0 or more" }[kind];
  report(checker.problems, value.span, {
    code: "wrong-override",
    title: "Setting has another kind",
    label: `this is ${describe(type)}`,
    related: [{ span: setting.name.span, text: `a \`${kind}\`` }],
    text: `\`${name}\` is a \`${kind}\`, so its value must be ${wanted}.`,
  });
  return false;
}

function settingsOnly(model: ModelType, place: string): Scope {
  const scope = new Scope(model.definition.scope, null, "model", place);
  for (const name of model.settings.keys()) {
    const local = model.scope.find(name);
    if (local !== null) scope.define(name, local);
  }
  return scope;
}

function reportUnknownSetting(checker: Checker, model: ModelType, { name, nameSpan }: Assignment): void {
  const known = [...model.settings.keys(), ...model.slots.keys()];
  const near = suggest(name, known);
  const local = model.scope.find(name);
  if (local === null && model.scope.mayMiss(name)) return;
  const title = model.definition.declaration.name.name;
  report(checker.problems, nameSpan, {
    code: "unknown-setting",
    title: "Unknown setting",
    label:
      local !== null
        ? `not a setting of \`${title}\``
        : near === null
          ? "no such setting"
          : `Did you mean \`${near}\`?`,
    related: local === null ? [] : [{ span: local.span, text: `\`${name}\` is defined here` }],
    text:
      known.length === 0
        ? `Model \`${title}\` has no sizes, numbers, flags or slots that could get another value.`
        : `Model \`${title}\` has the settings ${quoteAll(known)}.`,
    hint:
      local?.kind === "axis"
        ? `Declare \`size ${name}\` in the model; until then its size comes from the dataset only.`
        : undefined,
  });
}

/** The names that `--set` may use: those of the entry file, and what any file it needs declares. */
export function commandLineScope(entry: FileScope): FileScope {
  const names = new Map(entry.names);
  for (const file of reachableFiles(entry))
    for (const [name, definition] of file.names) if (!names.has(name)) names.set(name, definition);
  return { ...entry, names };
}

/** An assignment of the command line. */
export function commandLineAssignment(
  entry: FileScope,
  override: { readonly name: string; readonly value: Expression; readonly source: Source },
): Assignment {
  const { name, value, source } = override;
  const at = Math.max(0, source.text.indexOf(name));
  const nameSpan = { source, start: at, end: Math.min(source.text.length, at + name.length) };
  return { name, value, scope: commandLineScope(entry), nameSpan, variant: null };
}

/** Values of a model's settings with its overrides; null for sizes without a default. */
export function settingValues(
  checker: Checker,
  model: ModelType,
  overrides: ReadonlyMap<string, Override>,
): (name: string) => StaticValue | null {
  const { operators, builtins } = checker;
  const none: Environment = { operators, builtins, lookup: () => null };
  const lookup = (name: string): StaticValue | null => {
    const setting = model.settings.get(name);
    if (setting === undefined) return null;
    const override = overrides.get(name);
    if (override !== undefined) return evaluate(override.value, none);
    return setting.default === null ? null : evaluate(setting.default, environment);
  };
  const environment: Environment = { operators, builtins, lookup };
  return lookup;
}
