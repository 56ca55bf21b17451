/** `scan`: the step of a cell is evaluated once on placeholders, and what it computes becomes the body of a loop. */
import { at, invariant } from "../base/invariant.ts";
import type { RaggedLengths, TensorValue } from "../builtins/build-context.ts";
import { axisPlace, joinPresence } from "../builtins/values.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { topologicalOrder } from "../ir/graph-walk.ts";
import { buildScan, type ScanStep } from "../ir/scan-build.ts";
import type { Call } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import { axisOf, type TensorType } from "../types/tensor-type.ts";
import { argumentValue, matchArguments } from "./arguments.ts";
import type { Elaboration } from "./elaboration.ts";
import { fail } from "./elaboration.ts";
import { invoke, methodNamed } from "./invoke.ts";
import type { Scope } from "./scope.ts";
import { sizeOf } from "./signature.ts";
import type { RecordValue, Value } from "./values.ts";

export function scanCall(e: Elaboration, call: Call, scope: Scope): Value {
  return new ScanCall(e, call, scope).run();
}

/** A tensor argument of the step: what it sees, and what stands behind it. */
interface Slot {
  readonly step: TensorValue;
  /** Null for a state that is left out. */
  readonly given: TensorValue | null;
  readonly isSequence: boolean;
}

class ScanCall {
  readonly #e: Elaboration;
  readonly #call: Call;
  readonly #scope: Scope;
  readonly #name: string;
  readonly #axis: Dim;
  readonly #steps: number;
  readonly #reverse: boolean;
  readonly #slots = new Map<string, Slot>();
  /** Lengths of the rows, and whether a row takes part in the step. */
  #rows: { readonly lengths: RaggedLengths; readonly mask: Node } | null = null;

  constructor(e: Elaboration, call: Call, scope: Scope) {
    this.#e = e;
    this.#call = call;
    this.#scope = scope;
    this.#name = `step ${scope.place.path} ${e.callPath(scope, call)}`;
    const axis = this.#own("axis");
    invariant(axis?.kind === "number" && axis.dim !== null, "scan along something that is not an axis");
    this.#axis = axis.dim;
    this.#steps = sizeOf(axis.dim, e.sizes);
    const reverse = this.#own("reverse");
    this.#reverse = reverse?.kind === "flag" && reverse.value;
  }

  run(): Value {
    const e = this.#e;
    const cell = e.evaluate(at(this.#call.arguments, 0).value, this.#scope);
    invariant(cell.kind === "instance", "scan of something that is not an instance");
    const method = methodNamed(cell, null);
    invariant(method !== null, `${cell.declaration.name.name} cannot be called`);
    const own = this.#call.arguments.filter(
      ({ name }, index) => index > 0 && name?.name !== "axis" && name?.name !== "reverse",
    );
    const given = new Map<string, Value>();
    for (const [parameter, argument] of matchArguments(method.signature.arguments, own))
      given.set(
        parameter.name.name,
        argumentValue(e, parameter, argument.value, this.#scope, cell.scope.file),
      );
    this.#findRows([...given.values()]);
    const values = new Map<string, Value>();
    for (const [name, value] of given)
      values.set(name, value.kind === "tensor" ? this.#enter(name, value, tensorsOf(given)) : value);
    const state = this.#placeholder("random state", [2], "i32");
    const site = { calls: e.callPath(this.#scope, this.#call), step: state };
    const result = invoke(e, cell, method, values, site, (name, type, others) =>
      this.#start(name, type, others),
    );
    invariant(result.kind === "record", "a step that carries nothing");
    return this.#finish(result, tensorsOf(given), state);
  }

  #own(name: string): Value | null {
    const argument = this.#call.arguments.find((each) => each.name?.name === name);
    return argument === undefined ? null : this.#e.evaluate(argument.value, this.#scope);
  }

  #placeholder(name: string, shape: readonly number[], dtype: Node["dtype"]): Node {
    return this.#e.host.g.input({ name, arena: this.#name, offset: 0, version: 0, shape, dtype });
  }

  #findRows(values: readonly Value[]): void {
    for (const value of values) {
      const lengths = value.kind === "tensor" ? value.ragged.get(this.#axis.key) : undefined;
      if (lengths === undefined) continue;
      this.#rows = { lengths, mask: this.#placeholder("taking part", lengths.lengths.shape, "bool") };
      return;
    }
  }

  /** What a step sees of an argument. A row that has ended does not take part in it. */
  #enter(name: string, value: TensorValue, all: readonly TensorValue[]): TensorValue {
    const place = axisPlace(value.type, this.#axis.key);
    const kept = <T>(list: readonly T[]) => list.filter((_, index) => index !== place);
    const axes = kept(value.type.axes);
    const step: TensorValue = {
      ...value,
      type: { ...value.type, axes },
      node: this.#placeholder(name, kept(value.node.shape), value.node.dtype),
      presence: this.#withMask(joinPresence(all, axes)),
      ragged: new Map([...value.ragged].filter(([key]) => key !== this.#axis.key)),
    };
    this.#slots.set(name, { step, given: value, isSequence: place >= 0 });
    return step;
  }

  #withMask(presence: ReadonlyMap<string, ReadonlySet<Node>>): ReadonlyMap<string, ReadonlySet<Node>> {
    if (this.#rows === null) return presence;
    const { lengths, mask } = this.#rows;
    const key = lengths.along.key;
    return new Map([...presence, [key, new Set([...(presence.get(key) ?? []), mask])]]);
  }

  /** A state that is left out starts at 0. `type` has the callee's names, as the other arguments have in there. */
  #start(name: string, type: TensorType, others: readonly TensorValue[]): TensorValue {
    const shape = type.axes.map((axis) => (axis.kind === "axis" ? sizeOf(axis.dim, this.#e.sizes) : 1));
    const step: TensorValue = {
      kind: "tensor",
      type,
      node: this.#placeholder(name, shape, "f32"),
      presence: joinPresence(others, type.axes),
      ragged: new Map(),
    };
    this.#slots.set(name, { step, given: null, isSequence: false });
    return step;
  }

  #finish(result: RecordValue, given: readonly TensorValue[], randomState: Node): Value {
    const { g } = this.#e.host;
    const fields = [...result.fields].map(([name, value]) => {
      invariant(value.kind === "tensor", `a step returns a ${value.kind}`);
      const state = this.#slots.get(name);
      return { name, value, state: state ?? null };
    });
    const states = fields.flatMap(({ value, state }) => {
      if (state === null) return [];
      const before = state.step.node;
      const initial = state.given?.node ?? g.zerosLike(before);
      return [{ before, initial, next: this.#frozen(value, before) }];
    });
    const outputs = fields.flatMap(({ value, state }) =>
      state === null ? [this.#frozen(value, g.zerosLike(value.node))] : [],
    );
    const carried = new Set(states.map(({ before }) => before));
    const others = [...this.#slots.values()].filter(({ step }) => !carried.has(step.node));
    const step: ScanStep = {
      steps: this.#steps,
      reverse: this.#reverse,
      states,
      sequences: [
        ...others.flatMap((slot) => (slot.isSequence ? [this.#sequence(slot)] : [])),
        ...this.#maskSequence(),
        ...this.#draws([...states.map(({ next }) => next), ...outputs], randomState),
      ],
      constants: others.flatMap((slot) =>
        slot.isSequence || slot.given === null ? [] : [{ step: slot.step.node, value: slot.given.node }],
      ),
      outputs,
      sums: [],
    };
    this.#refuseNested(step);
    const made = buildScan(g, step);
    let [state, output] = [0, 0];
    const found = new Map<string, Value>();
    for (const field of fields) {
      const values = field.state === null ? at(made.outputs, output++) : at(made.after, state);
      found.set(field.name, this.#overTime(field.value, values, given));
      if (field.state !== null)
        found.set(`last_${field.name}`, this.#leave(field.value, at(made.last, state++), given));
    }
    return { kind: "record", fields: found };
  }

  /** `value` in rows that take part, `otherwise` in those that have ended. */
  #frozen(value: TensorValue, otherwise: Node): Node {
    if (this.#rows === null) return value.node;
    const { g } = this.#e.host;
    const { mask, lengths } = this.#rows;
    const place = axisPlace(value.type, lengths.along.key);
    const shape = value.node.shape.map((extent, axis) => (axis === place ? extent : 1));
    return g.where(g.broadcastTo(g.reshape(mask, shape), value.node.shape), value.node, otherwise);
  }

  #sequence({ step, given }: Slot): ScanStep["sequences"][number] {
    invariant(given !== null, "a sequence that is not given");
    const place = axisPlace(given.type, this.#axis.key);
    const others = given.node.shape.flatMap((_, axis) => (axis === place ? [] : [axis]));
    return { step: step.node, values: this.#e.host.g.transpose(given.node, [place, ...others]) };
  }

  #maskSequence(): ScanStep["sequences"] {
    if (this.#rows === null) return [];
    const { g } = this.#e.host;
    const { mask, lengths } = this.#rows;
    const shape = [this.#steps, elementCount(mask.shape)];
    const ends = g.broadcastTo(g.reshape(lengths.lengths, [1, elementCount(mask.shape)]), shape);
    return [{ step: mask, values: g.less(g.iota(shape, 0), ends) }];
  }

  /** Random numbers of the step are drawn for all steps at once. */
  #draws(roots: readonly Node[], state: Node): ScanStep["sequences"] {
    const { g, randomState } = this.#e.host;
    return topologicalOrder(roots).flatMap((node) => {
      if (node.op !== "random" || node.inputs[0] !== state) return [];
      const { distribution, site, shape } = node.attributes;
      const outer = this.#scope.place.step ?? randomState();
      return [{ step: node, values: g.random(distribution, [this.#steps, ...shape], site, outer) }];
    });
  }

  #refuseNested({ states, sequences, outputs }: ScanStep): void {
    const moving = new Set([...states.map(({ before }) => before), ...sequences.map(({ step }) => step)]);
    for (const node of topologicalOrder([...states.map(({ next }) => next), ...outputs])) {
      if (!node.inputs.some((input) => moving.has(input))) continue;
      moving.add(node);
      if (node.op !== "scan") continue;
      fail({
        code: "scan-in-scan",
        title: "Scan within a scan",
        primary: { span: this.#call.span, text: "the step of this one runs another" },
        text: "A step cannot itself run along an axis step by step: the inner recurrence would start anew in every step of the outer one.",
        hint: "Run the inner one before, if it does not need the state. `lstm_scan` and `gru_scan` may stand in a step.",
      });
    }
  }

  /** A result of all steps, the axis of time behind that of the rows. */
  #overTime(value: TensorValue, values: Node, given: readonly TensorValue[]): TensorValue {
    const lead = this.#leadKey(given);
    const first = value.type.axes[0];
    const behind = lead !== null && first?.kind === "axis" && first.dim.key === lead ? 1 : 0;
    const axes = [...value.type.axes];
    axes.splice(behind, 0, axisOf(this.#axis, this.#rows !== null));
    const node = behind === 1 ? this.#e.host.g.swapAxes(values, 0, 1) : values;
    const whole = this.#leave(value, node, given);
    const ragged = new Map(whole.ragged);
    if (this.#rows !== null) ragged.set(this.#axis.key, this.#rows.lengths);
    return { ...whole, type: { ...value.type, axes }, ragged };
  }

  /** Key of the axis before that of time. */
  #leadKey(given: readonly TensorValue[]): string | null {
    const sequences = given.filter(({ type }) => axisPlace(type, this.#axis.key) >= 0);
    const ragged = sequences.find((value) => value.ragged.has(this.#axis.key));
    const source = ragged ?? sequences[0];
    if (source === undefined) return null;
    const axis = source.type.axes[axisPlace(source.type, this.#axis.key) - 1];
    return axis?.kind === "axis" ? axis.dim.key : null;
  }

  /** A result outside of the steps: rows take part when they do in everything that is given. */
  #leave(value: TensorValue, node: Node, given: readonly TensorValue[]): TensorValue {
    const presence = joinPresence([value, ...given], value.type.axes);
    if (this.#rows !== null) for (const nodes of presence.values()) nodes.delete(this.#rows.mask);
    const kept = [...presence].filter(([, nodes]) => nodes.size > 0);
    return { ...value, node, presence: new Map(kept) };
  }
}

function tensorsOf(values: ReadonlyMap<string, Value>): readonly TensorValue[] {
  return [...values.values()].flatMap((value) => (value.kind === "tensor" ? [value] : []));
}
