/** Lists: ranges, comprehensions, `pairs`, `zip` and `chain`. All of them are unrolled at compile time. */
import { at } from "../base/invariant.ts";
import type { Call, CallArgument, Expression } from "../syntax/ast.ts";
import { dimConstant, dimNumber, dimSymbol, dimSymbols, makeSymbol } from "../types/dim.ts";
import { sameAxis, type TensorType } from "../types/tensor-type.ts";
import { applyMethod, type Given } from "./apply.ts";
import type { Checker } from "./checker.ts";
import type { ListForm } from "./list-forms.ts";
import { define } from "./names.ts";
import { report } from "./report.ts";
import type { Scope } from "./scope.ts";
import {
  asTensor,
  describe,
  formatValue,
  type SequenceType,
  sizeType,
  unknownType,
  type ValueType,
} from "./values.ts";

type Of<Kind extends Expression["kind"]> = Extract<Expression, { kind: Kind }>;

/** Ranges up to this length are checked element by element, so that sizes may differ from turn to turn. */
const UNROLLED = 32;

export function inferRange(checker: Checker, expression: Of<"range">, scope: Scope): ValueType {
  const ends = [expression.from, expression.to].map((end) => {
    const value = checker.infer(end, scope);
    if (value.kind === "unknown") return null;
    if (value.kind === "number" && value.dim !== null) return value.dim;
    report(checker.problems, end.span, {
      code: "range-end",
      title: "Range needs whole numbers",
      label: `this is ${describe(value)}`,
      text: "`a..b` is the list of the whole numbers from `a` to `b`; both ends are whole numbers or sizes.",
    });
    return null;
  });
  const [from, to] = ends;
  if (from == null || to == null) return unknownType;
  const [first, last] = [dimConstant(from), dimConstant(to)];
  if (first !== null && last !== null && last - first < UNROLLED) {
    const count = Math.max(0, last - first + 1);
    const items = Array.from({ length: count }, (_, index) => sizeType(dimNumber(first + index)));
    return { kind: "list", items };
  }
  return { kind: "sequence", item: sizeType(dimSymbol(makeSymbol("i", null))) };
}

export function inferComprehension(
  checker: Checker,
  expression: Of<"comprehension">,
  scope: Scope,
): ValueType {
  const iterable = checker.infer(expression.iterable, scope);
  if (iterable.kind === "unknown") return unknownType;
  if (iterable.kind === "sequence") return inferTurns(checker, expression, iterable, scope);
  if (iterable.kind !== "list")
    return report(checker.problems, expression.iterable.span, {
      code: "not-a-list",
      title: "This is not a list",
      label: `this is ${describe(iterable)}`,
      text: "`for` goes through a list: `[a, b, c]`, `1..n`, `pairs(a, b, c)`, `zip(xs, ys)`, or the name of one.",
    });
  const items: ValueType[] = [];
  for (const item of iterable.items) {
    const value = inferTurn(checker, expression, item, scope);
    if (value.kind === "unknown") return unknownType;
    items.push(value);
  }
  return { kind: "list", items };
}

function inferTurn(
  checker: Checker,
  expression: Of<"comprehension">,
  item: ValueType,
  scope: Scope,
): ValueType {
  const { variables } = expression;
  const turn = scope.turn();
  const parts = variables.length === 1 ? [item] : item.kind === "tuple" ? item.items : null;
  if (parts === null || parts.length !== variables.length) {
    const first = at(variables, 0);
    const last = at(variables, -1);
    return report(
      checker.problems,
      { ...first.span, end: last.span.end },
      {
        code: "destructure-mismatch",
        title: "Wrong number of names",
        label: `${variables.length} names`,
        related: [{ span: expression.iterable.span, text: `each element is ${describe(item)}` }],
        text: `Every element is taken apart into the names before \`in\`, so there must be ${parts === null ? "one name" : `${parts.length} names`}.`,
      },
    );
  }
  for (const [index, variable] of variables.entries())
    define(checker, turn, variable, { kind: "turn", type: at(parts, index) });
  return checker.infer(expression.body, turn);
}

/** A list of unknown length: one turn stands for all, so nothing in its type may depend on the turn. */
function inferTurns(
  checker: Checker,
  expression: Of<"comprehension">,
  iterable: SequenceType,
  scope: Scope,
): ValueType {
  const item = inferTurn(checker, expression, iterable.item, scope);
  if (item.kind === "unknown") return unknownType;
  const own = new Set(symbolsOf(iterable.item));
  if ((item.kind === "tensor" || item.kind === "record") && symbolsOf(item).some((id) => own.has(id)))
    return report(checker.problems, expression.body.span, {
      code: "varying-type",
      title: "Type changes from turn to turn",
      label: `${formatValue(item)}, with another size each turn`,
      related: [{ span: expression.iterable.span, text: "as long as a setting says" }],
      text: "The length of this list is decided by a setting, so one type must hold for all of its elements.",
    });
  return { kind: "sequence", item };
}

function symbolsOf(value: ValueType): number[] {
  if (value.kind === "number") return value.dim === null ? [] : dimSymbols(value.dim).map(({ id }) => id);
  if (value.kind === "tensor") {
    const dims = value.axes.flatMap((axis) => (axis.kind === "axis" ? [axis.dim] : []));
    return [...dims, ...(value.bound === null ? [] : [value.bound])].flatMap((dim) =>
      dimSymbols(dim).map(({ id }) => id),
    );
  }
  if (value.kind === "record") return [...value.fields.values()].flatMap(symbolsOf);
  return value.kind === "tuple" ? value.items.flatMap(symbolsOf) : [];
}

export function callListForm(checker: Checker, call: Call, form: ListForm, scope: Scope): ValueType {
  const named = call.arguments.find((argument) => argument.name !== null);
  const values = call.arguments.map((argument) => checker.infer(argument.value, scope));
  if (named?.name != null)
    return report(checker.problems, named.name.span, {
      code: "unknown-argument",
      title: "Unknown argument",
      label: "not accepted",
      text: `\`${form}\` takes its arguments by position: \`${usage[form]}\`.`,
    });
  if (values.some((value) => value.kind === "unknown")) return unknownType;
  if (form === "pairs") return inferPairs(checker, call, values);
  const [first, second] = values;
  if (first === undefined || second === undefined || (values.length !== 2 && form === "zip"))
    return report(
      checker.problems,
      { ...call.span, start: call.callee.span.end },
      {
        code: values.length < 2 ? "missing-argument" : "too-many-arguments",
        title: values.length < 2 ? "Missing argument" : "Too many arguments",
        label: `${values.length} given, 2 needed`,
        text: `It is called as \`${usage[form]}\`.`,
      },
    );
  return form === "zip"
    ? inferZip(checker, call, first, second)
    : inferChain(checker, call, first, values.slice(1));
}

const usage: Readonly<Record<ListForm, string>> = {
  pairs: "pairs(a, b, c)",
  zip: "zip(list, list)",
  chain: "chain(list_of_instances, x)",
};

function inferPairs(checker: Checker, call: Call, values: readonly ValueType[]): ValueType {
  const only = values.length === 1 ? values[0] : undefined;
  if (only?.kind === "sequence")
    return { kind: "sequence", item: { kind: "tuple", items: [only.item, only.item] } };
  if (values.length === 0 || (only !== undefined && only.kind !== "list"))
    return report(checker.problems, call.span, {
      code: "not-a-list",
      title: "Nothing to pair",
      label: only === undefined ? "no values" : `only ${describe(only)}`,
      text: "`pairs` gives every pair of the values that it is called with, `pairs(a, b, c)`, or of the elements of one list.",
    });
  const items = only?.kind === "list" ? only.items : values;
  const pairs: ValueType[] = [];
  for (const [index, item] of items.entries())
    for (const other of items.slice(index + 1)) pairs.push({ kind: "tuple", items: [item, other] });
  return { kind: "list", items: pairs };
}

function inferZip(checker: Checker, call: Call, first: ValueType, second: ValueType): ValueType {
  for (const [index, value] of [first, second].entries())
    if (value.kind !== "list" && value.kind !== "sequence")
      return notAList(checker, at(call.arguments, index), value);
  if (first.kind === "list" && second.kind === "list") {
    if (first.items.length !== second.items.length)
      return report(checker.problems, at(call.arguments, 1).span, {
        code: "zip-lengths",
        title: "Lists of different lengths",
        label: describe(second),
        related: [{ span: at(call.arguments, 0).span, text: describe(first) }],
        text: "`zip` pairs the elements of two lists one to one, so both must be equally long.",
      });
    const items = first.items.map(
      (item, index): ValueType => ({ kind: "tuple", items: [item, at(second.items, index)] }),
    );
    return { kind: "list", items };
  }
  if (first.kind === "sequence" && second.kind === "sequence")
    return { kind: "sequence", item: { kind: "tuple", items: [first.item, second.item] } };
  return report(checker.problems, call.span, {
    code: "zip-lengths",
    title: "Lists of different lengths",
    label: "one length is not known",
    text: "`zip` pairs the elements of two lists one to one. The length of one of these is decided by a setting, the other's is not.",
  });
}

function notAList(checker: Checker, argument: CallArgument, value: ValueType): ValueType {
  return report(checker.problems, argument.span, {
    code: "not-a-list",
    title: "This is not a list",
    label: `this is ${describe(value)}`,
    text: "A list is needed here: `[a, b, c]`, `1..n`, or a comprehension `[… for x in list]`.",
  });
}

/**
 * `chain(list, x, …)`: the first instance is called with x, each following one with the result of the one before; what stands behind x goes to
 * all of them.
 */
function inferChain(checker: Checker, call: Call, list: ValueType, tensors: readonly ValueType[]): ValueType {
  const links = at(call.arguments, 0);
  if (list.kind !== "list" && list.kind !== "sequence") return notAList(checker, links, list);
  const given: Given[] = [];
  for (const [index, value] of tensors.entries()) {
    const argument = at(call.arguments, index + 1);
    const type = asTensor(value);
    if (type === null)
      return report(checker.problems, argument.span, {
        code: "wrong-argument",
        title: "Wrong kind of argument",
        label: `this is ${describe(value)}`,
        text: "`chain` passes a tensor through the instances of a list.",
      });
    given.push({ argument, type });
  }
  const [input, ...others] = given;
  if (input === undefined) return unknownType;
  let { type } = input;
  for (const link of list.kind === "list" ? list.items : [list.item]) {
    if (link.kind !== "instance")
      return report(checker.problems, links.span, {
        code: "not-callable",
        title: "This cannot be called",
        label: `holds ${describe(link)}`,
        text: "`chain` calls one instance after the other, so its list must hold instances: `[Linear(d) for _ in 1..layers]`.",
      });
    const result = applyMethod(checker, call, link, [{ ...input, type }, ...others]);
    if (result.kind !== "tensor") return unknownType;
    if (list.kind === "sequence" && !sameType(result, type))
      return report(checker.problems, links.span, {
        code: "chain-changes-type",
        title: "Chain changes the type",
        label: `\`${formatValue(type)}\` becomes \`${formatValue(result)}\``,
        text: "The length of this list is decided by a setting, so every instance must give the type that it is called with.",
      });
    type = result;
  }
  return type;
}

function sameType(a: TensorType, b: TensorType): boolean {
  return (
    a.element === b.element &&
    a.axes.length === b.axes.length &&
    a.axes.every((axis, index) => sameAxis(axis, at(b.axes, index)))
  );
}
