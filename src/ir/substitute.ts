/** The same computation on other leaves, or with other nodes in the middle. */
import type { Node, NodeOf } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import { nodeNumbers, topologicalOrder } from "./graph-walk.ts";

/** `roots` with every input replaced by what `leaf` returns for it; what depends on no replaced input stays the same node. */
export function substituteInputs(
  g: GraphBuilder,
  roots: readonly Node[],
  leaf: (input: NodeOf<"input">) => Node,
): readonly Node[] {
  return substitute(g, roots, (node) => (node.op === "input" ? leaf(node) : null));
}

/** `roots` with every node replaced for which `instead` gives another one; what depends on none of those stays the same node. */
export function substitute(
  g: GraphBuilder,
  roots: readonly Node[],
  instead: (node: Node) => Node | null,
): readonly Node[] {
  const order = topologicalOrder(roots);
  const replaced = new Array<Node | undefined>(nodeNumbers(order)).fill(undefined);
  const replacement = (node: Node) => replaced[node.id] ?? node;
  for (const node of order) {
    const made = g.withOrigin(
      node.origin,
      () => instead(node) ?? g.remade(node, node.inputs.map(replacement)),
    );
    if (made !== node) replaced[node.id] = made;
  }
  return roots.map(replacement);
}
