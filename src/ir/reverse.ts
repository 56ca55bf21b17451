/** The sweep of reverse-mode differentiation, which rules of primitives with a body need as well. */
import { at, invariant } from "../base/invariant.ts";
import type { Node, NodeOf } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import { sameShape, topologicalOrder } from "./graph-walk.ts";
import type { OpRecords } from "./op.ts";
import type { OpName } from "./op-table.ts";
import { copiesFor } from "./recompute.ts";

/** A value and the cotangent that arrives at it from outside. */
export interface Seed {
  readonly node: Node;
  readonly cotangent: Node;
}

/**
 * What flows back from `seeds` to each node of `wrt` (null: nothing), as nodes of their shapes. Throws CompilerBug when a primitive on the way has
 * no derivative.
 */
export function cotangents(
  g: GraphBuilder,
  ops: OpRecords,
  seeds: readonly Seed[],
  wrt: readonly Node[],
): readonly (Node | null)[] {
  const order = topologicalOrder(seeds.map(({ node }) => node));
  const backward = new Backward(g, ops, dependents(order, wrt));
  for (const { node, cotangent } of seeds) backward.add(node, cotangent);
  backward.walk(order);
  return wrt.map((node) => backward.cotangent(node) ?? null);
}

class Backward {
  readonly #g: GraphBuilder;
  readonly #ops: OpRecords;
  readonly #active: Set<Node>;
  readonly #cotangents = new Map<Node, Node>();

  constructor(g: GraphBuilder, ops: OpRecords, active: Set<Node>) {
    this.#g = g;
    this.#ops = ops;
    this.#active = active;
  }

  cotangent(node: Node): Node | undefined {
    return this.#cotangents.get(node);
  }

  add(node: Node, flow: Node): void {
    const before = this.#cotangents.get(node);
    this.#cotangents.set(node, before === undefined ? flow : this.#g.add(before, flow));
  }

  /** Goes through `order`, operands before their users, from its end. */
  walk(order: readonly Node[]): void {
    for (let position = order.length - 1; position >= 0; position--) {
      const node = at(order, position);
      const cotangent = this.#cotangents.get(node);
      if (cotangent === undefined || !node.inputs.some((input) => this.#active.has(input))) continue;
      if (node.op === "recompute" && this.#again(node, cotangent)) continue;
      this.#g.withOrigin(node.origin, () => this.#through(node, cotangent));
    }
  }

  #through(node: Node, cotangent: Node): void {
    const flows = inputCotangents(this.#g, this.#ops, node, cotangent);
    node.inputs.forEach((input, index) => {
      const flow = at(flows, index);
      if (flow === null || !this.#active.has(input)) return;
      invariant(sameShape(flow.shape, input.shape), `the derivative of ${node.op} has a wrong shape`);
      this.add(input, flow);
    });
  }

  /** Goes backwards through a second computation of what lies before `node`; false where that is nothing. */
  #again(node: NodeOf<"recompute">, cotangent: Node): boolean {
    const [result, ...boundary] = node.inputs;
    const copies = copiesFor(this.#g, node, cotangent);
    const last = result === undefined ? undefined : copies.get(result);
    if (last === undefined) return false;
    for (const [old, copy] of copies) if (this.#active.has(old)) this.#active.add(copy);
    // The copy of a boundary goes on with what has arrived at the original, so that sums are made in the same order.
    for (const old of boundary) this.#move(old, copies.get(old));
    this.add(last, cotangent);
    this.walk([...copies.values()].filter((copy) => copy.op !== "after"));
    for (const old of boundary) this.#move(copies.get(old), old);
    // Another result of the same part may meet the same copies.
    for (const copy of copies.values()) this.#cotangents.delete(copy);
    return true;
  }

  #move(from: Node | undefined, to: Node | undefined): void {
    const flow = from === undefined ? undefined : this.#cotangents.get(from);
    if (flow === undefined || from === undefined || to === undefined) return;
    this.#cotangents.delete(from);
    this.#cotangents.set(to, flow);
  }
}

/** The nodes of `wrt` and every node of `order` that a change of one of them can move. */
function dependents(order: readonly Node[], wrt: readonly Node[]): Set<Node> {
  const active = new Set(wrt);
  for (const node of order) {
    const differentiable = node.dtype === "f32" && node.op !== "stop_gradient";
    if (differentiable && node.inputs.some((input) => active.has(input))) active.add(node);
  }
  return active;
}

function inputCotangents<Op extends OpName>(
  g: GraphBuilder,
  ops: OpRecords,
  node: NodeOf<Op>,
  cotangent: Node,
): readonly (Node | null)[] {
  const { derivative } = ops[node.op];
  invariant(derivative !== null, `${node.op} has no derivative`);
  return derivative({ g, node, inputs: node.inputs, cotangent });
}
