/**
 * Makes `scan` nodes out of one step that is written with placeholders. Only what a next state needs of the state before stays in the loop: what depends on
 * the sequences alone is computed for all steps at once before it (the input's share of the gates is one matrix product), and what no next state needs after it,
 * from what the steps have stored (so the derivative of a weight is one product over all steps).
 */
import { at, invariant } from "../base/invariant.ts";
import type { Node } from "./graph.ts";
import { elementCount } from "./graph.ts";
import { GraphBuilder } from "./graph-build.ts";
import { isPlainView, uniformValue } from "./graph-walk.ts";
import {
  alignedElements,
  operandArena,
  ScanBody,
  type ScanOperand,
  type ScanResult,
  type ScanState,
  STATE_ARENA,
} from "./scan-body.ts";
import { mergeProducts } from "./scan-merge.ts";
import { Outside } from "./scan-outside.ts";
import { type Parts, partsOf } from "./scan-parts.ts";
import { splitProducts } from "./scan-split.ts";

/** One step. Placeholders are nodes of the same builder that stand for what differs from step to step; each is used by this scan only. */
export interface ScanStep {
  readonly steps: number;
  /** Runs from the last step to the first; the sequences keep their order. */
  readonly reverse: boolean;
  readonly states: readonly { readonly before: Node; readonly initial: Node; readonly next: Node }[];
  /** `values` has a leading axis of `steps`. */
  readonly sequences: readonly { readonly step: Node; readonly values: Node }[];
  /** Values of every step that are wanted. */
  readonly outputs: readonly Node[];
  /** Values of every step whose sum over the steps is wanted. */
  readonly sums: readonly Node[];
  /** Placeholders that are the same in every step. */
  readonly constants?: readonly { readonly step: Node; readonly value: Node }[];
}

export interface ScanValues {
  /** The states before and after every step: a leading axis of `steps`, in the order of the sequences. */
  readonly before: readonly Node[];
  readonly after: readonly Node[];
  /** The states after the last step. */
  readonly last: readonly Node[];
  readonly outputs: readonly Node[];
  readonly sums: readonly Node[];
}

/** The values of a scan. States and outputs are f32. */
export function buildScan(g: GraphBuilder, given: ScanStep): ScanValues {
  const step = splitProducts(g, mergeProducts(g, given));
  const parts = partsOf(g, step);
  const outside = new Outside(g, step, parts);
  const stored = storedOutputs(step, parts);
  const inside = new Inside(g, step, parts, outside);
  const body = inside.body(stored);
  const node = g.node("scan", inside.operands, { steps: step.steps, reverse: step.reverse, body });
  const rows = new ScanRows(g, node, step.reverse);
  const states = body.states.map(({ slot, shape }) => ({ slot, shape }));
  const before = states.map(({ slot, shape }) => rows.before(slot, shape));
  const after = states.map(({ slot, shape }) => rows.after(slot, shape));
  for (const [index, state] of step.states.entries()) {
    outside.define(state.before, at(before, index));
    if (parts.inLoop.has(state.next)) outside.define(state.next, at(after, index));
  }
  for (const [index, output] of stored.entries()) {
    const { slot } = at(body.results, states.length + index);
    outside.define(output, rows.after(slot, output.shape));
  }
  return {
    before,
    after,
    last: states.map(({ slot, shape }) => rows.last(slot, shape)),
    outputs: step.outputs.map((output) => outside.stacked(output)),
    sums: step.sums.map((sum) => outside.total(sum)),
  };
}

/** Parts of the result of a scan. */
export class ScanRows {
  readonly #g: GraphBuilder;
  readonly #node: Node;
  readonly #reverse: boolean;
  readonly #steps: number;

  constructor(g: GraphBuilder, node: Node, reverse: boolean) {
    this.#g = g;
    this.#node = node;
    this.#reverse = reverse;
    this.#steps = at(node.shape, 0) - 1;
  }

  /** What a slot holds before every step: [steps, ...shape]. */
  before(slot: number, shape: readonly number[]): Node {
    return this.#rows(slot, shape, this.#reverse ? 1 : 0);
  }

  after(slot: number, shape: readonly number[]): Node {
    return this.#rows(slot, shape, this.#reverse ? 0 : 1);
  }

  /** What a slot holds before the first step. */
  first(slot: number, shape: readonly number[]): Node {
    return this.#row(slot, shape, this.#reverse ? this.#steps : 0);
  }

  last(slot: number, shape: readonly number[]): Node {
    return this.#row(slot, shape, this.#reverse ? 0 : this.#steps);
  }

  #rows(slot: number, shape: readonly number[], row: number): Node {
    const cut = this.#g.slice(this.#node, [row, slot], [this.#steps, elementCount(shape)]);
    return this.#g.reshape(cut, [this.#steps, ...shape]);
  }

  #row(slot: number, shape: readonly number[], row: number): Node {
    return this.#g.reshape(this.#g.slice(this.#node, [row, slot], [1, elementCount(shape)]), shape);
  }
}

/** Values of the loop that are needed after it and are no states, in the order of their computation. */
function storedOutputs(step: ScanStep, { order, inLoop, varies }: Parts): readonly Node[] {
  const known = new Set(step.states.flatMap(({ before, next }) => [before, next]));
  const needed = new Set([...step.outputs, ...step.sums]);
  const stored: Node[] = [];
  for (const node of [...order].reverse()) {
    if (!needed.has(node) || known.has(node) || !varies.has(node)) continue;
    // What is no f32, a comparison, is made again from what it compares.
    if (inLoop.has(node) && !isPlainView(node) && node.dtype === "f32") stored.push(node);
    else for (const input of node.inputs) needed.add(input);
  }
  return stored.reverse();
}

/** The step in a builder of its own, with leaves for what comes from outside. */
class Inside {
  readonly operands: Node[] = [];
  readonly #g: GraphBuilder;
  readonly #step: ScanStep;
  readonly #parts: Parts;
  readonly #outside: Outside;
  readonly #body: GraphBuilder;
  readonly #roles: ScanOperand[] = [];
  readonly #made = new Map<Node, Node>();
  readonly #leaves = new Map<string, Node>();

  constructor(g: GraphBuilder, step: ScanStep, parts: Parts, outside: Outside) {
    this.#g = g;
    this.#step = step;
    this.#parts = parts;
    this.#outside = outside;
    this.#body = new GraphBuilder(g.ops);
  }

  body(stored: readonly Node[]): ScanBody {
    const states = this.#states();
    for (const node of this.#parts.order)
      if (this.#parts.inLoop.has(node) && !this.#made.has(node)) {
        const inputs = node.inputs.map((input) => this.#inside(input));
        const made = this.#body.withOrigin(node.origin, () => this.#body.remade(node, inputs));
        this.#made.set(node, made);
      }
    const results: ScanResult[] = states.map(({ slot }, index) => ({
      node: this.#inside(at(this.#step.states, index).next),
      slot,
    }));
    let slot = end(results);
    for (const node of stored) {
      invariant(node.dtype === "f32", `a scan stores ${node.dtype}`);
      results.push({ node: this.#inside(node), slot });
      slot += alignedElements(elementCount(node.shape));
    }
    return new ScanBody({ operands: this.#roles, states, results });
  }

  #states(): ScanState[] {
    const states: ScanState[] = [];
    let slot = 0;
    for (const [index, { before, initial, next }] of this.#step.states.entries()) {
      invariant(before.dtype === "f32" && next.dtype === "f32", "a state of a scan holds f32");
      const { shape } = before;
      const value = uniformValue(initial);
      states.push({ shape, slot, initial: value });
      if (value === null) this.#operand({ kind: "initial", state: index }, initial);
      const attributes = { arena: STATE_ARENA, offset: slot, version: 0, shape, dtype: "f32" as const };
      this.#made.set(before, this.#body.input({ name: `state ${index}`, ...attributes }));
      slot += alignedElements(elementCount(shape));
    }
    return states;
  }

  #inside(node: Node): Node {
    return this.#made.get(node) ?? this.#leaf(node);
  }

  /** What the loop reads from outside. Views are free, and what lies under them is often there already or smaller. */
  #leaf(node: Node): Node {
    const { varies, placeholders } = this.#parts;
    if (node.inputs.length === 0 && node.op !== "input") return this.#body.remade(node, []);
    if (isPlainView(node) && node.inputs.length === 1 && !placeholders.has(node))
      return this.#body.remade(node, [this.#inside(at<Node>(node.inputs, 0))]);
    const made = varies.has(node) ? this.#sequence(node) : this.#constant(node);
    this.#made.set(node, made);
    return made;
  }

  #sequence(node: Node): Node {
    const { shape, dtype } = node;
    const { rows, start, stride } = this.#rows(this.#outside.stacked(node));
    return this.#operand({ kind: "sequence", shape, dtype, start, stride }, rows);
  }

  #constant(node: Node): Node {
    const { shape, dtype } = node;
    return this.#operand({ kind: "constant", shape, dtype }, this.#outside.constant(node));
  }

  #operand(role: ScanOperand, node: Node): Node {
    const name = `${JSON.stringify(role)} ${node.id}`;
    const known = this.#leaves.get(name);
    if (known !== undefined) return known;
    const index = this.#roles.push(role) - 1;
    this.operands.push(node);
    const { shape, dtype } = role.kind === "initial" ? node : role;
    const arena = operandArena(index);
    const leaf = this.#body.input({ name: arena, arena, offset: 0, version: 0, shape, dtype });
    this.#leaves.set(name, leaf);
    return leaf;
  }

  /** Rows that the steps can read as they lie: a part of the rows of another tensor, or rows of their own. */
  #rows(values: Node): { readonly rows: Node; readonly start: number; readonly stride: number } {
    const steps = at(values.shape, 0);
    const elements = elementCount(values.shape) / steps;
    const flat = this.#g.reshape(values, [steps, elements]);
    if (flat.op === "slice") {
      const whole = at<Node>(flat.inputs, 0);
      const [row, column] = [at(flat.attributes.start, 0), at(flat.attributes.start, 1)];
      const stride = whole.shape[1] ?? 0;
      if (whole.shape.length === 2 && isAligned(stride) && isAligned(column))
        return { rows: whole, start: row * stride + column, stride };
    }
    const stride = alignedElements(elements);
    return { rows: this.#g.pad(flat, [0, 0], [0, stride - elements]), start: 0, stride };
  }
}

function isAligned(elements: number): boolean {
  return alignedElements(elements) === elements;
}

function end(results: readonly ScanResult[]): number {
  return results.reduce((sum, { node }) => sum + alignedElements(elementCount(node.shape)), 0);
}
