/** The sweep of reverse-mode differentiation, which rules of primitives with a body need as well. */
import { at, invariant } from "../base/invariant.ts";
import type { Node, NodeOf } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import { sameShape, topologicalOrder } from "./graph-walk.ts";
import type { OpRecords } from "./op.ts";
import type { OpName } from "./op-table.ts";

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
  const active = dependents(order, wrt);
  const found = new Map<Node, Node>();
  const add = (node: Node, flow: Node) => {
    const before = found.get(node);
    found.set(node, before === undefined ? flow : g.add(before, flow));
  };
  for (const { node, cotangent } of seeds) add(node, cotangent);
  for (const node of order.reverse()) {
    const cotangent = found.get(node);
    if (cotangent === undefined || !node.inputs.some((input) => active.has(input))) continue;
    g.withOrigin(node.origin, () => {
      const flows = inputCotangents(g, ops, node, cotangent);
      node.inputs.forEach((input, index) => {
        const flow = at(flows, index);
        if (flow === null || !active.has(input)) return;
        invariant(sameShape(flow.shape, input.shape), `the derivative of ${node.op} has a wrong shape`);
        add(input, flow);
      });
    });
  }
  return wrt.map((node) => found.get(node) ?? null);
}

/** The nodes of `wrt` and every node of `order` that a change of one of them can move. */
function dependents(order: readonly Node[], wrt: readonly Node[]): ReadonlySet<Node> {
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
