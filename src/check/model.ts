/** Checks a model: its settings, inputs and labels, slots, statements, losses and outputs. */
import { findMetric } from "../statistics/metrics.ts";
import type {
  Identifier,
  InterfaceDecl,
  ModelDecl,
  ModelMember,
  TensorTypeExpr,
  VariantDecl,
} from "../syntax/ast.ts";
import { dimSymbol, makeSymbol } from "../types/dim.ts";
import type { TensorType } from "../types/tensor-type.ts";
import type { Checker } from "./checker.ts";
import { announced, checkDefault } from "./methods.ts";
import { checkFiller } from "./module-values.ts";
import { resolveInterface } from "./modules.ts";
import { define, reportDuplicate } from "./names.ts";
import { checkOutput, type Prediction } from "./outputs.ts";
import { report, shortText } from "./report.ts";
import { type Definition, type FileScope, Scope } from "./scope.ts";
import { bindAxisNames, resolveType } from "./sizes.ts";
import { checkStatement } from "./statements.ts";
import { asTensor, describe, sizeType, unknownType, type ValueType } from "./values.ts";

type Member<Kind extends ModelMember["kind"]> = Extract<ModelMember, { kind: Kind }>;
export type SettingMember = Member<"size" | "number" | "flag">;

/** What train blocks and variants need to know about a model. */
export interface ModelType {
  readonly definition: Definition<ModelDecl>;
  readonly scope: Scope;
  readonly settings: ReadonlyMap<string, SettingMember>;
  /** The interface is null when it is not known. */
  readonly slots: ReadonlyMap<
    string,
    { readonly member: Member<"slot">; readonly interface: Definition<InterfaceDecl> | null }
  >;
  readonly labels: ReadonlyMap<string, TensorType | null>;
  readonly losses: ReadonlySet<string>;
  readonly predictions: readonly Prediction[];
  /** The files of members that a variant has added; all others stand in that of the definition. */
  readonly homes: ReadonlyMap<ModelMember, FileScope>;
}

/** Words that mean something else where names of a model are used. */
const reservedNames: ReadonlyMap<string, string> = new Map([
  ["all", "In `updates` and `group`, `all` stands for every parameter."],
  ["B", "`B` is the batch axis, whose size the train block decides."],
  ["Rows", "`Rows` is the number of rows of the dataset."],
]);

export function checkModel(checker: Checker, definition: Definition<ModelDecl>): ModelType {
  const { declaration } = definition;
  const { members } = declaration;
  const scope = new Scope(definition.scope, null, "model", `model \`${declaration.name.name}\``);
  scope.announce(announced(members.filter((member) => "name" in member)));
  const settings = new Map<string, SettingMember>();
  for (const member of members)
    if (member.kind === "size" || member.kind === "number" || member.kind === "flag") {
      checkSetting(checker, member, scope);
      settings.set(member.name.name, member);
    }
  const labels = checkData(checker, members, scope);
  const slots = new Map<string, { member: Member<"slot">; interface: Definition<InterfaceDecl> | null }>();
  for (const member of members)
    if (member.kind === "slot")
      slots.set(member.name.name, { member, interface: checkSlot(checker, member, scope) });
  const losses = new Set<string>();
  const predictions: Prediction[] = [];
  for (const member of members) {
    if (
      member.kind === "let" ||
      member.kind === "param" ||
      member.kind === "state" ||
      member.kind === "update"
    ) {
      if (member.kind !== "update") checkReserved(checker, member.name);
      checkStatement(checker, member, scope);
    } else if (member.kind === "loss") {
      checkLoss(checker, member, scope);
      losses.add(member.name.name);
    } else if (member.kind === "output") checkOutput(checker, member, scope, labels, predictions);
  }
  return { definition, scope, settings, slots, labels, losses, predictions, homes: new Map() };
}

/**
 * A model with what a variant adds to it: settings first, since slots and losses may read them. A size that the model has gets another default,
 * which gives way to the dataset as every default does.
 */
export function extendModel(checker: Checker, base: ModelType, variant: Definition<VariantDecl>): ModelType {
  const { name, additions } = variant.declaration;
  const scope = new Scope(variant.scope, base.scope, "model", `model \`${name.name}\``);
  const settings = new Map(base.settings);
  const slots = new Map(base.slots);
  const losses = new Set(base.losses);
  for (const member of additions)
    if (member.kind === "size" || member.kind === "number" || member.kind === "flag") {
      const { name: own, span } = member.name;
      const [inherited, current] = [base.settings.get(own), settings.get(own)];
      if (member.kind === "size" && inherited?.kind === "size") {
        if (current !== undefined && current !== inherited)
          reportDuplicate(checker, own, span, current.name.span, scope.place);
        checkSettingDefault(checker, member, scope);
        checker.record(member, scope.find(own)?.type ?? unknownType);
      } else checkSetting(checker, member, scope, otherValue(member, inherited?.kind));
      settings.set(own, member);
    }
  for (const member of additions)
    if (member.kind === "slot") {
      const hint = otherValue(member, base.slots.get(member.name.name)?.member.kind);
      slots.set(member.name.name, { member, interface: checkSlot(checker, member, scope, hint) });
    }
  for (const member of additions)
    if (member.kind === "loss") {
      checkLoss(checker, member, scope);
      losses.add(member.name.name);
    }
  const { declaration } = base.definition;
  const isReplaced = (member: ModelMember) =>
    member.kind === "size" && settings.get(member.name.name) !== base.settings.get(member.name.name);
  const members = [...declaration.members.filter((member) => !isReplaced(member)), ...additions];
  const definition = { ...base.definition, declaration: { ...declaration, members } };
  const homes = new Map([...base.homes, ...additions.map((member) => [member, variant.scope] as const)]);
  return { ...base, definition, scope, settings, slots, losses, homes };
}

/** How a variant gives what the model has another value, where it declares the same once more; nothing where it is something else. */
function otherValue(
  member: SettingMember | Member<"slot">,
  inherited: ModelMember["kind"] | undefined,
): string | undefined {
  if (member.kind !== inherited) return undefined;
  const value = member.default === null ? null : shortText(member.default.span);
  return `To give it another value, leave out \`${member.kind}\`: \`${member.name.name} = ${value ?? "…"}\`.`;
}

function checkReserved(checker: Checker, identifier: Identifier): void {
  const why = reservedNames.get(identifier.name);
  if (why === undefined) return;
  report(checker.problems, identifier.span, {
    code: "reserved-name",
    title: "Name has a fixed meaning",
    label: "cannot be used here",
    text: why,
    hint: "Choose another name.",
  });
}

/** What a setting is by default, checked; null without a default. */
function checkSettingDefault(checker: Checker, member: SettingMember, scope: Scope): ValueType | null {
  const written = member.default;
  const value = written === null ? null : checker.infer(written, scope);
  if (written !== null && value !== null && value.kind !== "unknown") {
    checkDefault(checker, written.span, member.name.name, member.kind, value);
    if (member.kind === "size" && value.kind === "number" && value.dim !== null && (value.value ?? 0) < 0)
      report(checker.problems, written.span, {
        code: "size-not-positive",
        title: "Size below 0",
        label: `this is ${value.value}`,
        text: "A size counts elements.",
      });
  }
  return value;
}

function checkSetting(checker: Checker, member: SettingMember, scope: Scope, hint?: string): void {
  checkReserved(checker, member.name);
  const value = checkSettingDefault(checker, member, scope);
  const symbol = makeSymbol(member.name.name, member.name.span);
  if (value?.kind === "number" && value.value !== null) checker.defaults.set(symbol.id, value.value);
  const type: ValueType =
    member.kind === "size"
      ? sizeType(dimSymbol(symbol))
      : member.kind === "flag"
        ? { kind: "flag", value: null }
        : { kind: "number", dim: null, value: null };
  define(checker, scope, member.name, { kind: "setting", type }, hint);
  checker.record(member, type);
}

type Data = Extract<ModelMember, { type: unknown }> & { readonly kind: "input" | "label" };

function isData(member: ModelMember): member is Data {
  return member.kind === "input" || member.kind === "label";
}

/** Inputs and labels; gives the types of the labels. */
function checkData(
  checker: Checker,
  members: readonly ModelMember[],
  scope: Scope,
): Map<string, TensorType | null> {
  const data = members.filter(isData);
  bindAxisNames(
    data.map(({ type }) => type),
    scope,
  );
  const labels = new Map<string, TensorType | null>();
  for (const member of data) {
    const what = `${member.kind === "input" ? "an input" : "a label"}`;
    const first = member.type.axes[0];
    const rows = first?.kind === "axis" && first.size.kind === "name" && first.size.name === "B";
    if (!rows)
      report(checker.problems, first?.span ?? member.type.span, {
        code: "batch-axis",
        title: "First axis must be the batch",
        label: first === undefined ? "has no axes" : "not `B`",
        text: `Every input and label has one entry per row of the batch, so its first axis is \`B\`.`,
        hint: `Write \`${batchFirst(member.type)}\`.`,
      });
    const type = rows ? resolveType(checker, member.type, scope, { rest: null, ragged: true, what }) : null;
    checkReserved(checker, member.name);
    define(checker, scope, member.name, {
      kind: member.kind,
      type: type ?? unknownType,
    });
    if (type !== null) checker.record(member, type);
    if (member.kind === "label") labels.set(member.name.name, type);
  }
  return labels;
}

/** The type as written, with `B` for its first axis. */
function batchFirst(type: TensorTypeExpr): string {
  const others = type.axes.slice(1).map((axis) => shortText(axis.span) ?? "…");
  const bound = type.bound === null ? "" : ` < ${shortText(type.bound.span) ?? "…"}`;
  return `${type.element}[${["B", ...others].join(", ")}]${bound}`;
}

function checkSlot(
  checker: Checker,
  member: Member<"slot">,
  scope: Scope,
  hint?: string,
): Definition<InterfaceDecl> | null {
  checkReserved(checker, member.name);
  const wanted = resolveInterface(checker, member.interface, scope);
  if (wanted !== null && member.default !== null)
    checkFiller(checker, member.default, scope, wanted, `the slot \`${member.name.name}\``);
  const type: ValueType = wanted === null ? unknownType : { kind: "slot", definition: wanted };
  define(checker, scope, member.name, { kind: "slot", type }, hint);
  checker.record(member, type);
  return wanted;
}

function checkLoss(checker: Checker, member: Member<"loss">, scope: Scope): void {
  checkReserved(checker, member.name);
  const { name } = member.name;
  if (findMetric(name) !== null)
    report(checker.problems, member.name.span, {
      code: "reserved-name",
      title: "Name has a fixed meaning",
      label: "also a metric",
      text: `\`${name}\` is a metric that \`select\` and \`report\` can name, so a loss cannot have this name.`,
      hint: `Call it \`${name}_loss\`.`,
    });
  const type = requireScalar(
    checker,
    checker.infer(member.value, scope),
    member.value,
    "loss-not-scalar",
    "A loss",
  );
  define(checker, scope, member.name, { kind: "loss", type });
  checker.record(member, type);
}

/** The scalar that a loss or an objective must be; unknown after a report. */
export function requireScalar(
  checker: Checker,
  value: ValueType,
  expression: { readonly span: Identifier["span"] },
  code: string,
  what: string,
): ValueType {
  if (value.kind === "unknown") return unknownType;
  const type = asTensor(value);
  if (type !== null && type.axes.length === 0 && type.element === "f32") return type;
  return report(checker.problems, expression.span, {
    code,
    title: `${what} must be a scalar`,
    label: `this is ${describe(value)}`,
    text: `${what} is one number for the whole batch: \`f32\` without axes.`,
    hint:
      type !== null && type.element === "f32"
        ? `\`mean(${shortText(expression.span) ?? "…"})\` is the average of all elements.`
        : value.kind === "list"
          ? `\`sum(${shortText(expression.span) ?? "…"})\` adds up the elements of the list.`
          : value.kind === "record"
            ? `Name one of its fields: \`.${[...value.fields.keys()][0] ?? "field"}\`.`
            : undefined,
  });
}
