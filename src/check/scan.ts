/** `scan(cell, x, h = start, axis = T, reverse = true)`: the cell's unnamed method as the step of a recurrence. */
import type { Call, CallArgument } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import { dimSymbols, formatDim } from "../types/dim.ts";
import {
  type AxisType,
  axisOf,
  formatType,
  sameAxis,
  substituteType,
  type TensorType,
} from "../types/tensor-type.ts";
import { bindArguments } from "./arguments.ts";
import { fitArguments, resultOf } from "./call-method.ts";
import type { Checker } from "./checker.ts";
import type { Matcher } from "./match.ts";
import { report } from "./report.ts";
import type { Scope } from "./scope.ts";
import type { ArgumentType, MethodType } from "./signature.ts";
import { describe, type InstanceType, quoteAll, unknownType, type ValueType } from "./values.ts";

/** Arguments of `scan` itself; all others go to the step. */
const OWN: readonly string[] = ["axis", "reverse"];
const USAGE = "`scan(cell, x, axis = T)`";

export function inferScan(checker: Checker, call: Call, scope: Scope): ValueType {
  const values = new Map(call.arguments.map((given) => [given, checker.infer(given.value, scope)]));
  const [head, ...rest] = call.arguments;
  const cell = head === undefined ? undefined : values.get(head);
  if (head === undefined || cell === undefined || head.name !== null)
    return report(checker.problems, call.span, {
      code: "missing-argument",
      title: "Missing argument",
      label: "no cell",
      text: `The first argument is the instance that every step calls: ${USAGE}.`,
    });
  const method = cell.kind === "instance" ? cell.methods.get("") : undefined;
  if (cell.kind === "instance" && method === undefined && cell.partial) return unknownType;
  if (cell.kind !== "unknown" && (cell.kind !== "instance" || method === undefined))
    return report(checker.problems, head.value.span, {
      code: "not-callable",
      title: "This cannot be called",
      label: cell.kind === "instance" ? "has no unnamed method" : `this is ${describe(cell)}`,
      text: "`scan` calls an instance once for every step, so its first argument is an instance with an unnamed method.",
      hint:
        cell.kind === "module"
          ? "An instance is made by a call: add `(…)`."
          : cell.kind === "instance"
            ? "Write the step as the module's unnamed method: `(x: f32[B, D], h: f32[B, H]) { … }`."
            : undefined,
    });
  const axis = axisArgument(checker, call, values);
  const reverse = rest.find(({ name }) => name?.name === "reverse");
  const direction = reverse === undefined ? undefined : values.get(reverse);
  if (reverse !== undefined && direction?.kind !== "flag" && direction?.kind !== "unknown")
    report(checker.problems, reverse.value.span, {
      code: "wrong-argument",
      title: "Wrong kind of argument",
      label: "not a flag",
      text: "`reverse` says whether the steps run from the last to the first: it is `true` or `false`.",
    });
  const unknown = [...values.values()].some((value) => value.kind === "unknown");
  if (axis === null || unknown || cell.kind !== "instance" || method === undefined) return unknownType;
  const steps = rest.filter(({ name }) => name === null || !OWN.includes(name.name));
  return new ScanCall(checker, { ...call, arguments: steps }, head, cell, method, axis).infer(values);
}

/** The axis that the steps run along; null after a report. */
function axisArgument(
  checker: Checker,
  call: Call,
  values: ReadonlyMap<CallArgument, ValueType>,
): Dim | null {
  const given = call.arguments.find(({ name }) => name?.name === "axis");
  const value = given === undefined ? undefined : values.get(given);
  if (given === undefined || value === undefined) {
    report(
      checker.problems,
      { ...call.span, start: call.callee.span.end },
      {
        code: "missing-argument",
        title: "Missing argument",
        label: "no `axis`",
        text: `The axis that the steps run along is named: ${USAGE}.`,
      },
    );
    return null;
  }
  if (value.kind === "unknown") return null;
  if (value.kind === "number" && value.dim !== null) return value.dim;
  report(checker.problems, given.value.span, {
    code: "not-a-size",
    title: "This is not a size",
    label: `this is ${describe(value)}`,
    text: "The argument `axis` of `scan` must be an axis, named by its size.",
  });
  return null;
}

/** An argument with the axis of time. */
interface Sequence {
  readonly argument: CallArgument;
  readonly ragged: boolean;
  /** The axis before that of time. */
  readonly lead: AxisType | null;
}

class ScanCall {
  readonly #checker: Checker;
  /** Without the cell and `scan`'s own arguments. */
  readonly #call: Call;
  readonly #head: CallArgument;
  readonly #cell: InstanceType;
  readonly #method: MethodType;
  readonly #axis: Dim;

  constructor(
    checker: Checker,
    call: Call,
    head: CallArgument,
    cell: InstanceType,
    method: MethodType,
    axis: Dim,
  ) {
    this.#checker = checker;
    this.#call = call;
    this.#head = head;
    this.#cell = cell;
    this.#method = method;
    this.#axis = axis;
  }

  infer(values: ReadonlyMap<CallArgument, ValueType>): ValueType {
    const method = this.#method;
    const reserved = method.arguments.find(({ name }) => OWN.includes(name));
    if (reserved !== undefined) return this.#reportReserved(reserved);
    const raw = method.result(new Set());
    const fields = raw.kind === "record" ? [...raw.fields.keys()] : [];
    const states = method.arguments.filter(
      ({ type, name }) => type.kind === "tensor" && fields.includes(name),
    );
    if (raw.kind === "unknown") return unknownType;
    if (states.length === 0) return this.#reportStateless(raw);
    const bound = this.#bind(states);
    if (bound === null) return unknownType;
    const sequences: Sequence[] = [];
    const seen = new Map<CallArgument, ValueType>();
    for (const [name, given] of bound) {
      const value = values.get(given);
      if (value === undefined) continue;
      const step = this.#stepOf(given, value, sequences);
      if (step === null) return unknownType;
      if (step !== value && states.some((state) => state.name === name))
        return this.#reportMoving(given, name);
      seen.set(given, step);
    }
    if (sequences.length === 0) return this.#reportStill(bound);
    const matcher = fitArguments(this.#checker, method, this.#cell.settings, bound, seen);
    if (matcher === null || !this.#startsKnown(states, bound, matcher)) return unknownType;
    const result = resultOf(this.#checker, method, matcher, this.#call.span);
    if (result.kind !== "record") return unknownType;
    return this.#record(result.fields, states, matcher, sequences);
  }

  /** Arguments of the step; those that are carried may be left out and then start at 0. */
  #bind(states: readonly ArgumentType[]) {
    const accepts = this.#method.arguments.map((argument) => ({
      name: argument.name,
      optional: argument.optional || states.includes(argument),
      span: argument.span,
    }));
    return bindArguments(this.#checker, this.#call, { title: this.#method.title, accepts, usage: null });
  }

  /** What one step sees of an argument; null after a report. */
  #stepOf(argument: CallArgument, value: ValueType, sequences: Sequence[]): ValueType | null {
    if (value.kind !== "tensor") return value;
    const isTime = (axis: AxisType) => axis.kind === "axis" && axis.dim.key === this.#axis.key;
    const place = value.axes.findIndex(isTime);
    const axis = value.axes[place];
    if (axis?.kind !== "axis") return value;
    const axes = value.axes.filter((_, index) => index !== place);
    if (axes.some(isTime)) {
      report(this.#checker.problems, argument.value.span, {
        code: "ambiguous-axis",
        title: "Axis stands twice",
        label: `two axes are \`${formatDim(this.#axis)}\``,
        text: `The tensor is \`${formatType(value)}\`, so \`${formatDim(this.#axis)}\` does not say which axis is meant.`,
        hint: "Give one of them another name with `rename`.",
      });
      return null;
    }
    sequences.push({ argument, ragged: axis.ragged, lead: value.axes[place - 1] ?? null });
    return { ...value, axes };
  }

  /** Whether the axes of the states that start at 0 are known; reports where they are not. */
  #startsKnown(
    states: readonly ArgumentType[],
    bound: ReadonlyMap<string, CallArgument>,
    { substitution }: Matcher,
  ): boolean {
    for (const { name, type, span } of states) {
      if (bound.has(name) || type.kind !== "tensor") continue;
      const open = type.axes.some((axis) =>
        axis.kind === "rest"
          ? !substitution.rests.has(axis.rest.id)
          : dimSymbols(axis.dim).some(({ id }) => this.#method.bound.has(id) && !substitution.sizes.has(id)),
      );
      if (!open) continue;
      report(this.#checker.problems, this.#call.span, {
        code: "scan-initial-state",
        title: "Size of a state is not known",
        label: `\`${name}\` is left out`,
        related: [{ span, text: `\`${formatType(type)}\`` }],
        text: `A state that is left out starts at 0. The size of \`${name}\` follows from no other argument, so it must be given.`,
        hint: `Give its initial value: \`${name} = …\`.`,
      });
      return false;
    }
    return true;
  }

  #record(
    fields: ReadonlyMap<string, ValueType>,
    states: readonly ArgumentType[],
    matcher: Matcher,
    sequences: readonly Sequence[],
  ): ValueType {
    const ragged = sequences.find((sequence) => sequence.ragged);
    const lead = (ragged ?? sequences[0])?.lead ?? null;
    const time = axisOf(this.#axis, ragged !== undefined);
    const result = new Map<string, ValueType>();
    for (const [name, field] of fields) {
      const state = states.find((each) => each.name === name);
      if (field.kind !== "tensor" || field.element !== "f32") return this.#reportField(name, field);
      if (state?.type.kind === "tensor") {
        const before = substituteType(state.type, matcher.substitution);
        if (!sameType(before, field)) return this.#reportChange(state, before, field);
      }
      const first = field.axes[0];
      const hasLead = lead !== null && first !== undefined && sameAxis(first, lead);
      if (ragged !== undefined && !hasLead) return this.#reportRows(name, field, ragged);
      const axes = hasLead ? [first, time, ...field.axes.slice(1)] : [time, ...field.axes];
      result.set(name, { ...field, axes });
      if (state !== undefined) result.set(`last_${name}`, field);
    }
    return { kind: "record", fields: result };
  }

  #reportReserved(argument: ArgumentType): ValueType {
    return report(this.#checker.problems, this.#head.value.span, {
      code: "scan-argument-name",
      title: "Argument of a step has a name of `scan`",
      label: `has the argument \`${argument.name}\``,
      related: [{ span: argument.span, text: "declared here" }],
      text: `\`${OWN.join("` and `")}\` are arguments of \`scan\` itself, so a step cannot be given one of these names.`,
      hint: "Rename the argument of the module.",
    });
  }

  #reportStateless(result: ValueType): ValueType {
    const names = this.#method.arguments.flatMap(({ name, type }) => (type.kind === "tensor" ? [name] : []));
    return report(this.#checker.problems, this.#head.value.span, {
      code: "scan-without-state",
      title: "Step carries nothing",
      label: `gives ${describe(result)}`,
      related: [{ span: this.#method.declaration.span, text: "the step" }],
      text: `A state is an argument of the step that the step also returns, under the same name. The arguments of \`${this.#cell.name}\` are ${quoteAll(names)}, and none is returned.`,
      hint: `Return the next state under the name of the argument: \`return ${names.at(-1) ?? "h"} = …\`. What needs no state can be called on the whole sequence.`,
    });
  }

  #reportStill(bound: ReadonlyMap<string, CallArgument>): ValueType {
    const given = [...bound.values()];
    return report(this.#checker.problems, this.#call.span, {
      code: "scan-without-sequence",
      title: "Nothing to run along",
      label: `no argument has the axis \`${formatDim(this.#axis)}\``,
      text: `\`scan\` gives every step its part of the arguments that have the axis \`${formatDim(this.#axis)}\`; ${given.length === 0 ? "there are no arguments" : "none of these has it"}.`,
    });
  }

  #reportMoving(argument: CallArgument, name: string): ValueType {
    return report(this.#checker.problems, argument.value.span, {
      code: "scan-initial-state",
      title: "Initial state has an axis of time",
      label: `has the axis \`${formatDim(this.#axis)}\``,
      text: `The step returns \`${name}\`, so \`${name}\` is carried from step to step, and what is given here is its value before the first one.`,
      hint: `Return it under another name, if every step is to be given its own \`${name}\`.`,
    });
  }

  #reportField(name: string, field: ValueType): ValueType {
    return report(this.#checker.problems, this.#head.value.span, {
      code: "wrong-element",
      title: "Wrong kind of element",
      label: `returns ${describe(field)}`,
      related: [{ span: this.#method.declaration.span, text: "the step" }],
      text: `The step returns \`${name}\`. What a step returns must be a tensor of \`f32\`.`,
      hint:
        field.kind === "tensor" ? "`float(x)` turns whole numbers and truth values into `f32`." : undefined,
    });
  }

  #reportChange(state: ArgumentType, before: TensorType, after: TensorType): ValueType {
    return report(this.#checker.problems, this.#head.value.span, {
      code: "scan-state-changes",
      title: "State changes from step to step",
      label: `\`${state.name}\` changes`,
      related: [{ span: state.span, text: `\`${state.name}\` is declared here` }],
      text: `A state must be returned with the axes with which it is received, since the next step receives it.\n\n    received : ${formatType(before)}\n    returned : ${formatType(after)}`,
    });
  }

  #reportRows(name: string, field: TensorType, ragged: Sequence): ValueType {
    const rows = ragged.lead === null ? "the rows" : `\`${formatType({ ...field, axes: [ragged.lead] })}\``;
    return report(this.#checker.problems, this.#call.span, {
      code: "scan-rows",
      title: "State without rows along a ragged axis",
      label: `\`${name}\` is \`${formatType(field)}\``,
      related: [{ span: ragged.argument.span, text: "every row has a length of its own" }],
      text: `A row stops at its own last step, so all that the step returns has a value for each row: its first axis is that of ${rows}.`,
      hint: "`padded(x)` runs all rows to the end.",
    });
  }
}

function sameType(a: TensorType, b: TensorType): boolean {
  return (
    a.element === b.element &&
    a.axes.length === b.axes.length &&
    a.axes.every((axis, index) => {
      const other = b.axes[index];
      return other !== undefined && sameAxis(axis, other);
    })
  );
}
