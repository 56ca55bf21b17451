/** Which parameters a phase moves: the paths of `updates` and `group`, and what no phase moves. */
import { at } from "../base/invariant.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { ModelMember, ModuleDecl } from "../syntax/ast.ts";
import type { Selection, SelectionPath } from "../syntax/ast-train.ts";
import type { ModelType } from "./model.ts";
import { mentionsIn } from "./order.ts";
import { report, warn } from "./report.ts";
import { type Definition, isModule } from "./scope.ts";
import type { Training } from "./train-values.ts";
import { isDamaged } from "./unread.ts";
import { quoteAll } from "./values.ts";

/** A statement of a model that owns parameters or states: `param`, `state`, or one that makes instances. */
interface Owner {
  readonly name: string;
  readonly member: Extract<ModelMember, { kind: "param" | "state" | "let" | "loss" }>;
  /** Slots and modules that it makes instances from. */
  readonly slots: readonly string[];
  readonly modules: readonly Definition<ModuleDecl>[];
}

function ownersOf(model: ModelType): Owner[] {
  return model.definition.declaration.members.flatMap((member): Owner[] => {
    if (member.kind === "param" || member.kind === "state")
      return [{ name: member.name.name, member, slots: [], modules: [] }];
    if (member.kind !== "let" && member.kind !== "loss") return [];
    const mentioned = [...mentionsIn(member.value).keys()];
    const slots = mentioned.filter((name) => model.slots.has(name));
    const modules = mentioned.flatMap((name) => {
      const file = model.homes.get(member) ?? model.definition.scope;
      const definition = model.scope.find(name) === null ? file.names.get(name) : undefined;
      return definition !== undefined && isModule(definition) ? [definition] : [];
    });
    return slots.length + modules.length === 0 ? [] : [{ name: member.name.name, member, slots, modules }];
  });
}

/** Checks that every path of a selection names something that has parameters. */
export function checkSelection(training: Training, selection: Selection): void {
  checkPaths(training, [...selection.include, ...selection.except]);
}

/** Checks that every path names something that has parameters. */
export function checkPaths(training: Training, paths: readonly SelectionPath[]): void {
  const owners = ownersOf(training.model);
  for (const path of paths) checkPath(training, path, owners);
}

/** `h[z_y,z_l]` as `h`. */
function baseName(part: string): string {
  return part.split("[")[0] ?? part;
}

function checkPath(training: Training, path: SelectionPath, owners: readonly Owner[]): void {
  const { model } = training;
  const first = at(path.parts, 0);
  const name = baseName(first.name);
  const local = training.scopeAt(first.span).use(name);
  const owner = owners.find((each) => each.name === name);
  if (owner !== undefined) {
    checkInside(training, path, owner);
    return;
  }
  if (model.slots.has(name)) return;
  // What lines that could not be read would have made is unknown, and so is whether a name has parameters that they take part in.
  if (local === null ? model.scope.mayMiss(name) : model.scope.incomplete) return;
  const known = [...owners.map((each) => each.name), ...model.slots.keys()];
  const near = suggest(name, known);
  report(training.checker.problems, first.span, {
    code: local === null ? "unknown-selection" : "selects-nothing",
    title: local === null ? "Selection names nothing" : "Nothing to train here",
    label:
      local !== null
        ? "has no parameters of its own"
        : near === null
          ? "not in the model"
          : `Did you mean \`${near}\`?`,
    related: local === null ? [] : [{ span: local.span, text: `\`${name}\` is defined here` }],
    text:
      known.length === 0
        ? "No statement of the model has parameters."
        : `Parameters are selected by the statement or slot that makes them. This model has them in ${quoteAll(known)}.`,
  });
}

/** The second part of a path names a statement of the module that the first part is an instance of. */
function checkInside(training: Training, path: SelectionPath, owner: Owner): void {
  const inner = path.parts.slice(1).find((part) => !/^\d+$/.test(part.name));
  if (inner === undefined || owner.slots.length > 0 || owner.modules.length === 0) {
    if (inner !== undefined && "init" in owner.member) reportInside(training, inner, [], owner.name);
    return;
  }
  if (owner.modules.some(isDamaged)) return;
  const names = owner.modules.flatMap(({ declaration }) =>
    [declaration.body, ...declaration.methods.map(({ body }) => body)]
      .flat()
      .flatMap((statement) => ("name" in statement ? [statement.name.name] : [])),
  );
  if (!names.includes(baseName(inner.name)) && !owner.modules.some(returnsInstances))
    reportInside(training, inner, names, owner.name);
}

/** Instances made in a `return` have no statement name, so any path may be right there. */
function returnsInstances({ declaration, scope }: Definition<ModuleDecl>): boolean {
  return declaration.methods.some(({ result }) =>
    result.values.some((value) =>
      [...mentionsIn(value).keys()].some((name) => scope.names.get(name)?.kind === "module"),
    ),
  );
}

function reportInside(
  training: Training,
  part: SelectionPath["parts"][number],
  names: readonly string[],
  owner: string,
): void {
  const near = suggest(part.name, names);
  report(training.checker.problems, part.span, {
    code: "unknown-selection",
    title: "Selection names nothing",
    label: near === null ? `not inside \`${owner}\`` : `Did you mean \`${near}\`?`,
    text:
      names.length === 0
        ? `\`${owner}\` is one tensor; there is nothing inside it.`
        : `\`${owner}\` contains ${quoteAll([...new Set(names)])}.`,
  });
}

/** Warns about parameters that no phase moves. */
export function warnNeverUpdated(training: Training, selections: readonly Selection[]): void {
  if (selections.length === 0) return;
  for (const owner of ownersOf(training.model)) {
    if (selections.some((selection) => covers(selection, owner))) continue;
    warn(training.checker.warnings, owner.member.name.span, {
      code: "never-updated",
      title: "Parameters are never updated",
      label: "no phase updates it",
      related: selections.map(({ span }) => ({ span, text: "does not include it" })),
      text: `The parameters of \`${owner.name}\` keep their initial values through the whole training.`,
      hint: "If this is not meant, name it in the `updates` of a phase.",
    });
  }
}

function covers(selection: Selection, owner: Owner): boolean {
  const names = (path: SelectionPath) =>
    [owner.name, ...owner.slots].includes(baseName(at(path.parts, 0).name));
  const out = selection.except.some(
    (path) =>
      path.parts.length === 1 &&
      names(path) &&
      (owner.modules.length === 0 || baseName(at(path.parts, 0).name) === owner.name),
  );
  return !out && (selection.all || selection.include.some(names));
}
