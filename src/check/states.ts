/** States: what training keeps without a gradient (`state`), and what it becomes (`update`). */
import { at } from "../base/invariant.ts";
import { isRowsAxis } from "../builtins/predefined.ts";
import type { Statement } from "../syntax/ast.ts";
import { formatAxis, formatType, sameAxis, type TensorType } from "../types/tensor-type.ts";
import type { Checker } from "./checker.ts";
import { reportUnknownName } from "./names.ts";
import { report, shortText, warn } from "./report.ts";
import type { Local, Scope } from "./scope.ts";
import { asTensor, describe, unknownType, type ValueType } from "./values.ts";

type Update = Extract<Statement, { kind: "update" }>;

/** Checks that an update names a state of this body, once, and gives it a value of its type. */
export function checkUpdate(checker: Checker, statement: Update, scope: Scope): ValueType {
  const { target, value } = statement;
  const type = checker.infer(value, scope);
  const local = scope.find(target.name);
  if (local === null) return unknownTarget(checker, statement, scope);
  if (local.kind !== "state")
    return report(checker.problems, target.span, {
      code: "not-a-state",
      title: "Only a state can be updated",
      label: local.kind === "weight" ? "a parameter" : "not a state",
      related: [{ span: local.span, text: `\`${target.name}\` is defined here` }],
      text:
        local.kind === "weight"
          ? "Parameters are moved by the optimisers of the phases. What changes by a rule of its own is a `state`."
          : `\`${target.name}\` is the name of a value, which never changes. What is kept from one iteration to the next is a \`state\`.`,
    });
  const earlier = scope.noteUpdate(local, target.span);
  if (earlier !== null)
    return report(checker.problems, target.span, {
      code: "duplicate-update",
      title: "State is updated twice",
      label: "a second update",
      related: [{ span: earlier, text: "the first one" }],
      text: `In one iteration \`${target.name}\` gets one new value. Both updates would read the value before it, so they cannot follow each other.`,
      hint: "Compute the new value in one statement.",
    });
  if (local.type.kind === "tensor" && type.kind !== "unknown")
    checkNewValue(checker, statement, local, local.type, type);
  return type;
}

function unknownTarget(checker: Checker, { target }: Update, scope: Scope): ValueType {
  const names = [...scope.visible].flatMap(([name, { kind }]) => (kind === "state" ? [name] : []));
  return reportUnknownName(checker, target.name, target.span, scope, { what: "state", names });
}

function checkNewValue(
  checker: Checker,
  { target, value }: Update,
  local: Local,
  state: TensorType,
  type: ValueType,
): void {
  const given = asTensor(type);
  if (given !== null && given.element === "f32" && (sameAxes(given, state) || ofBatch(given, state))) return;
  const perRow = isRowsAxis(state.axes[0]);
  const axes = state.axes.map(formatAxis);
  const scalar = given !== null && given.axes.length === 0 && state.axes.length > 0;
  report(checker.problems, value.span, {
    code: "update-type",
    title: "Update has another type",
    label: `this is ${given === null ? describe(type) : `\`${formatType(given)}\``}`,
    related: [{ span: local.span, text: `\`${formatType(state)}\`` }],
    text: perRow
      ? `\`${target.name}\` holds something for each row of the dataset. It is updated in the rows of the batch by a value \`f32[${["B", ...axes.slice(1)].join(", ")}]\`, without ragged axes, or as a whole by \`${formatType(state)}\`.`
      : `The new value of a state has the state's type:\n\n    state  : ${formatType(state)}\n    update : ${given === null ? describe(type) : formatType(given)}`,
    hint:
      scalar && !perRow
        ? `To give all elements one value, write \`expand(${shortText(value.span) ?? "…"}, [${axes.join(", ")}])\`.`
        : undefined,
  });
}

function sameAxes(a: TensorType, b: TensorType): boolean {
  return a.axes.length === b.axes.length && a.axes.every((axis, place) => sameAxis(axis, at(b.axes, place)));
}

/** Whether a value holds, for the rows of a batch, what the state holds for all rows. */
function ofBatch(value: TensorType, state: TensorType): boolean {
  if (!isRowsAxis(state.axes[0]) || value.axes.length !== state.axes.length) return false;
  return state.axes.slice(1).every((axis, place) => {
    const own = at(value.axes, place + 1);
    return sameAxis(axis, own) && own.kind === "axis" && !own.ragged;
  });
}

/** The type of a state; unknown after a report. */
export function stateInFunction(
  checker: Checker,
  statement: Extract<Statement, { kind: "state" }>,
  scope: Scope,
): ValueType {
  report(checker.problems, statement.name.span, {
    code: "state-not-allowed",
    title: "State in a function",
    label: "kept from one iteration to the next",
    text: "A function keeps nothing: whoever calls it twice could not say whether both calls share it.",
    hint: `Make ${scope.place} a module: \`module\` instead of \`function\`.`,
  });
  return unknownType;
}

/** Warns about states of a finished body that no statement updates. */
export function warnNotUpdated(checker: Checker, scope: Scope): void {
  for (const [name, local] of scope.own) {
    if (local.kind !== "state" || scope.isUpdated(local) || local.type.kind === "unknown") continue;
    warn(checker.warnings, local.span, {
      code: "state-not-updated",
      title: "State is never updated",
      label: "keeps its initial value",
      text: `No statement of ${scope.place} says what \`${name}\` becomes.`,
      hint: `Write \`update ${name} = …\`.`,
    });
  }
}
