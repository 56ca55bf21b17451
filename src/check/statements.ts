/** Statements of a body: names for values, and parameters and states with their initial values. */
import type { Expression, Statement } from "../syntax/ast.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { bindArguments } from "./arguments.ts";
import { initialisers } from "./calls.ts";
import type { Checker } from "./checker.ts";
import { define } from "./names.ts";
import { report, warn } from "./report.ts";
import type { LocalKind, Scope } from "./scope.ts";
import { resolveType } from "./sizes.ts";
import { checkUpdate, stateInFunction, warnNotUpdated } from "./states.ts";
import { describe, unknownType, type ValueType } from "./values.ts";

export function checkStatements(checker: Checker, statements: readonly Statement[], scope: Scope): void {
  for (const statement of statements) checkStatement(checker, statement, scope);
}

export function checkStatement(checker: Checker, statement: Statement, scope: Scope): ValueType {
  const type = typeOf(checker, statement, scope);
  if (statement.kind !== "update")
    define(checker, scope, statement.name, { kind: kinds[statement.kind], type });
  checker.record(statement, type);
  return type;
}

const kinds = { let: "binding", param: "weight", state: "state" } as const;

function typeOf(checker: Checker, statement: Statement, scope: Scope): ValueType {
  if (statement.kind === "let") return checker.infer(statement.value, scope);
  if (statement.kind === "update") return checkUpdate(checker, statement, scope);
  return checkStored(checker, statement, scope);
}

/** Parameters and states. */
function checkStored(
  checker: Checker,
  statement: Extract<Statement, { kind: "param" | "state" }>,
  scope: Scope,
): ValueType {
  if (scope.body === "function" && statement.kind === "state")
    return stateInFunction(checker, statement, scope);
  if (scope.body === "function")
    return report(checker.problems, statement.name.span, {
      code: "param-not-allowed",
      title: "Parameter in a function",
      label: "a parameter to train",
      text: "A function has no parameters of its own: whoever calls it twice could not say whether they are shared.",
      hint: `Make ${scope.place} a module: \`module\` instead of \`function\`.`,
    });
  const type = resolveType(checker, statement.type, scope, {
    rest: null,
    ragged: false,
    what: statement.kind === "param" ? "a parameter" : "a state",
  });
  if (type !== null && type.element !== "f32")
    return report(checker.problems, statement.type.span, {
      code: "param-element",
      title: `${statement.kind === "param" ? "Parameter" : "State"} must hold numbers`,
      label: `holds \`${type.element}\``,
      text:
        statement.kind === "param"
          ? "Training moves parameters in small steps, so they hold `f32`."
          : "States hold `f32`. `float(x)` turns whole numbers and truth values into it.",
    });
  if (statement.init !== null) checkInitialValue(checker, statement.init, type, scope);
  return type ?? unknownType;
}

function checkInitialValue(checker: Checker, init: Expression, type: TensorType | null, scope: Scope): void {
  const name = init.kind === "call" && init.callee.kind === "name" ? init.callee.name : "";
  const accepts = initialisers.get(name);
  if (init.kind !== "call" || accepts === undefined) {
    const value = checker.infer(init, scope);
    if (value.kind === "number" || value.kind === "unknown") return;
    report(checker.problems, init.span, {
      code: "wrong-initial-value",
      title: "Not an initial value",
      label: `this is ${describe(value)}`,
      text: "A parameter or state starts as a number that is known at compile time, or as `uniform(low, high)`, `normal(mean, std)` or `orthogonal(gain)`.",
    });
    return;
  }
  const usage = `${name}(${accepts.join(", ")})`;
  const bound = bindArguments(checker, init, {
    title: `\`${name}\``,
    accepts: accepts.map((each) => ({ name: each, optional: false, span: null })),
    usage,
  });
  const numbers = new Map<string, number | null>();
  for (const [key, argument] of bound ?? []) {
    const value = checker.infer(argument.value, scope);
    if (value.kind === "number") numbers.set(key, value.value);
    else if (value.kind !== "unknown")
      report(checker.problems, argument.value.span, {
        code: "wrong-argument",
        title: "Wrong kind of argument",
        label: `this is ${describe(value)}`,
        text: `The argument \`${key}\` of \`${name}\` must be a number that is known at compile time.`,
      });
  }
  checkRange(checker, init, type, name, numbers);
}

function checkRange(
  checker: Checker,
  init: Expression,
  type: TensorType | null,
  name: string,
  numbers: ReadonlyMap<string, number | null>,
): void {
  const [low, high, std] = ["low", "high", "std"].map((key) => numbers.get(key) ?? null);
  const backwards = low != null && high != null && low > high;
  if (backwards || (std != null && std < 0))
    report(checker.problems, init.span, {
      code: "number-range",
      title: "Number out of range",
      label: backwards ? `from ${low} down to ${high}` : "spreads less than 0",
      text: backwards
        ? "`uniform(low, high)` draws between two numbers, the smaller one first."
        : "The standard deviation of `normal(mean, std)` is 0 or more.",
    });
  if (name === "orthogonal" && type !== null && type.axes.length < 2)
    report(checker.problems, init.span, {
      code: "initialiser-axes",
      title: "Initial value needs a matrix",
      label: "for two or more axes",
      text: "`orthogonal` makes the rows of a matrix perpendicular; this parameter has fewer than two axes.",
      hint: "`normal(0, 0.02)` or `0` suits a vector.",
    });
}

const unusedTitles: Partial<Record<LocalKind, string>> = {
  binding: "Value is never used",
  weight: "Parameter is never used",
  state: "State is never used",
  input: "Input is never used",
};

/** Warns about names of a finished body that nothing reads (a leading `_` says that this is meant), and about states that never change. */
export function warnUnused(checker: Checker, scope: Scope): void {
  warnNotUpdated(checker, scope);
  for (const [name, local] of scope.own) {
    const title = unusedTitles[local.kind];
    if (title === undefined || name.startsWith("_") || scope.isUsed(local) || local.type.kind === "unknown")
      continue;
    warn(checker.warnings, local.span, {
      code: "unused-name",
      title,
      label: "nothing reads it",
      text:
        local.kind === "input"
          ? `The dataset must have the field \`${name}\`, but the model does nothing with it.`
          : `\`${name}\` is defined in ${scope.place}, and no statement uses it.`,
    });
  }
}
