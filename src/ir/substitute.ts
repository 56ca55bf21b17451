/** The same computation on other leaves. */
import type { Node, NodeOf } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import { nodeNumbers, topologicalOrder } from "./graph-walk.ts";

/** `roots` with every input replaced by what `leaf` returns for it; what depends on no replaced input stays the same node. */
export function substituteInputs(
  g: GraphBuilder,
  roots: readonly Node[],
  leaf: (input: NodeOf<"input">) => Node,
): readonly Node[] {
  const order = topologicalOrder(roots);
  const replaced = new Array<Node | undefined>(nodeNumbers(order)).fill(undefined);
  const replacement = (node: Node) => replaced[node.id] ?? node;
  for (const node of order) {
    const made = g.withOrigin(node.origin, () =>
      node.op === "input" ? leaf(node) : g.remade(node, node.inputs.map(replacement)),
    );
    if (made !== node) replaced[node.id] = made;
  }
  return roots.map(replacement);
}
