/**
 * Gradient checkpointing (arXiv 1604.06174): the part of a graph between some values and a result, once more. The second computation waits for the
 * cotangent of the result, so that nothing in between lives from the way forward to the way back; random numbers are functions of their place and come
 * out the same.
 */
import { at } from "../base/invariant.ts";
import type { Node, NodeOf } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import { topologicalOrder } from "./graph-walk.ts";

/** Copies by the nodes that they stand for, operands before their users; empty where the result does not depend on the boundary. */
export function copiesFor(
  g: GraphBuilder,
  node: NodeOf<"recompute">,
  cotangent: Node,
): ReadonlyMap<Node, Node> {
  const [, ...boundary] = node.inputs;
  const copies = new Map<Node, Node>();
  for (const old of topologicalOrder([at<Node>(node.inputs, 0)])) {
    if (boundary.includes(old)) copies.set(old, g.node("after", [old, cotangent], {}));
    else if (old.inputs.some((input) => copies.has(input))) {
      const inputs = old.inputs.map((input) => copies.get(input) ?? input);
      copies.set(
        old,
        g.withOrigin(old.origin, () => g.remade(old, inputs)),
      );
    }
  }
  return copies;
}
