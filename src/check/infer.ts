/** The type of every form of expression. Calls, operators and lists have files of their own. */

import { at } from "../base/invariant.ts";
import { DATASET_ROWS, predefined } from "../builtins/predefined.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Expression } from "../syntax/ast.ts";
import { dimSymbol, dimsEqual } from "../types/dim.ts";
import { type AxisType, sameAxis, scalarType, type TensorType } from "../types/tensor-type.ts";
import { inferCall } from "./calls.ts";
import type { Checker } from "./checker.ts";
import { isSpecialForm } from "./list-forms.ts";
import { inferComprehension, inferRange } from "./lists.ts";
import { reportUnknownName, reportWrongKind } from "./names.ts";
import { inferBinary, inferUnary } from "./operators.ts";
import { report, shortText } from "./report.ts";
import { isModule, type Scope } from "./scope.ts";
import { asTensor, describe, numberType, quoteAll, sizeType, unknownType, type ValueType } from "./values.ts";

type Of<Kind extends Expression["kind"]> = Extract<Expression, { kind: Kind }>;

/** The type of an expression; unknown after a report. */
export function inferExpression(checker: Checker, expression: Expression, scope: Scope): ValueType {
  switch (expression.kind) {
    case "number":
      return numberType(expression.value);
    case "flag":
      return { kind: "flag", value: expression.value };
    case "name":
      return inferName(checker, expression, scope);
    case "unary":
      return inferUnary(checker, expression, scope);
    case "binary":
      return inferBinary(checker, expression, scope);
    case "call":
      return inferCall(checker, expression, scope);
    case "member":
      return inferMember(checker, expression, scope);
    case "list":
      return inferList(checker, expression, scope);
    case "comprehension":
      return inferComprehension(checker, expression, scope);
    case "range":
      return inferRange(checker, expression, scope);
    case "if":
      return inferIf(checker, expression, scope);
  }
}

function inferName(checker: Checker, expression: Of<"name">, scope: Scope): ValueType {
  const { name, span } = expression;
  const local = scope.use(name);
  if (local !== null) return local.type;
  const definition = scope.file.names.get(name);
  if (definition !== undefined) {
    if (isModule(definition)) return { kind: "module", definition, given: new Map() };
    return reportWrongKind(checker, definition, span, "a value");
  }
  const known = predefined.get(name);
  if (known !== undefined) return predefinedType(known.kind);
  const builtin = checker.builtins.get(name);
  // A line that could not be read may have given the name another meaning.
  if ((builtin !== undefined || isSpecialForm(name)) && !scope.mayMiss(name))
    return report(checker.problems, span, {
      code: "not-called",
      title: "Function is not called",
      label: "a builtin function",
      text: `\`${name}\` becomes a value when it is called${builtin === undefined ? "" : `: \`${builtin.usage}\``}.`,
    });
  return reportUnknownName(checker, name, span, scope, "name");
}

function predefinedType(kind: "size" | "flag" | "tensor"): ValueType {
  if (kind === "flag") return { kind: "flag", value: null };
  return kind === "size" ? sizeType(dimSymbol(DATASET_ROWS)) : scalarType;
}

function inferList(checker: Checker, expression: Of<"list">, scope: Scope): ValueType {
  const items = expression.items.map((item) => checker.infer(item, scope));
  return items.some((item) => item.kind === "unknown") ? unknownType : { kind: "list", items };
}

function inferMember(checker: Checker, expression: Of<"member">, scope: Scope): ValueType {
  const value = checker.infer(expression.object, scope);
  const { name, span } = expression.member;
  if (value.kind === "unknown") return unknownType;
  if (value.kind === "record") {
    const field = value.fields.get(name);
    if (field !== undefined) return field;
    const fields = [...value.fields.keys()];
    const near = suggest(name, fields);
    return report(checker.problems, span, {
      code: "unknown-field",
      title: "Unknown field",
      label: near === null ? "no such field" : `Did you mean \`${near}\`?`,
      text: `The record has ${fields.length === 1 ? "one field" : "the fields"} ${quoteAll(fields)}.`,
    });
  }
  if (value.kind === "instance" && value.methods.has(name))
    return report(checker.problems, span, {
      code: "not-called",
      title: "Method is not called",
      label: `a method of \`${value.name}\``,
      text: `\`${name}\` becomes a value when it is called: \`.${name}(…)\`.`,
    });
  return report(checker.problems, span, {
    code: "no-fields",
    title: "Value has no fields",
    label: `no field \`${name}\``,
    related: [{ span: expression.object.span, text: `this is ${describe(value)}` }],
    text:
      value.kind === "instance"
        ? "The parameters and statements inside an instance cannot be read from outside. What it offers is the result of its methods."
        : "Only a record, such as the result of a function that returns several values, has fields.",
    hint: value.kind === "instance" && value.methods.has("") ? "Call the instance first: `(…)`." : undefined,
  });
}

function inferIf(checker: Checker, expression: Of<"if">, scope: Scope): ValueType {
  const condition = checker.infer(expression.condition, scope);
  const yes = checker.infer(expression.then, scope);
  const no = checker.infer(expression.else, scope);
  if (condition.kind !== "flag" && condition.kind !== "unknown")
    return report(checker.problems, expression.condition.span, {
      code: "condition-not-static",
      title: "Condition must be a flag",
      label: `this is ${describe(condition)}`,
      text: "`if … then … else` chooses at compile time, so its condition is a flag: a `flag` setting, `true`, `false`, or a comparison of numbers.",
      hint:
        condition.kind === "tensor" && condition.element === "bool"
          ? `To choose element by element, write \`where(${[expression.condition, expression.then, expression.else].map(({ span }) => shortText(span) ?? "…").join(", ")})\`.`
          : undefined,
    });
  if (yes.kind === "unknown" || no.kind === "unknown") return unknownType;
  const joined = joinBranches(yes, no);
  if (joined !== null) return joined;
  return report(checker.problems, expression.else.span, {
    code: "branches-differ",
    title: "Branches have different types",
    label: `this is ${describe(no)}`,
    related: [{ span: expression.then.span, text: `this is ${describe(yes)}` }],
    text: "Both branches of an `if` must have the same type, so that what follows fits whichever is chosen.",
  });
}

/** The type of a value that is one of two, or null when the two are of different types. */
function joinBranches(a: ValueType, b: ValueType): ValueType | null {
  if (a.kind === "number" && b.kind === "number")
    return a.dim !== null && b.dim !== null && dimsEqual(a.dim, b.dim) ? a : numberType(null);
  if (a.kind === "flag" && b.kind === "flag")
    return { kind: "flag", value: a.value === b.value ? a.value : null };
  if (a.kind === "tensor" || b.kind === "tensor") {
    const [left, right] = [asTensor(a), asTensor(b)];
    return left === null || right === null ? null : joinTensors(left, right);
  }
  if (a.kind === "record" && b.kind === "record") {
    if (a.fields.size !== b.fields.size) return null;
    const fields = new Map<string, ValueType>();
    for (const [name, field] of a.fields) {
      const other = b.fields.get(name);
      const joined = other === undefined ? null : joinBranches(field, other);
      if (joined === null) return null;
      fields.set(name, joined);
    }
    return { kind: "record", fields };
  }
  if ((a.kind === "list" && b.kind === "list") || (a.kind === "tuple" && b.kind === "tuple")) {
    if (a.items.length !== b.items.length) return null;
    const items = a.items.map((item, index) => joinBranches(item, at(b.items, index)));
    const known = items.filter((item) => item !== null);
    return known.length === items.length ? { kind: a.kind, items: known } : null;
  }
  if (a.kind === "instance" && b.kind === "instance" && a.methods === b.methods) {
    const same = [...a.settings.sizes].every(([id, dim]) => b.settings.sizes.get(id)?.key === dim.key);
    return same ? a : null;
  }
  if (a.kind === "sequence" && b.kind === "sequence") {
    const item = joinBranches(a.item, b.item);
    return item === null ? null : { kind: "sequence", item };
  }
  if ((a.kind === "module" || a.kind === "slot") && a.kind === b.kind && a.definition === b.definition)
    return a;
  return null;
}

function joinTensors(a: TensorType, b: TensorType): TensorType | null {
  if (a.element !== b.element || a.axes.length !== b.axes.length || a.bound?.key !== b.bound?.key)
    return null;
  const axes: AxisType[] = [];
  for (const [index, axis] of a.axes.entries()) {
    const other = at(b.axes, index);
    if (!sameAxis(axis, other)) return null;
    axes.push(
      axis.kind === "axis" && other.kind === "axis" ? { ...axis, ragged: axis.ragged || other.ragged } : axis,
    );
  }
  return { ...a, axes };
}
