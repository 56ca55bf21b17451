/** One-segment graphs for tests. */
import type { Graph, Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";

/** A graph that stores `nodes` one after another in the arena `out`. */
export function graphOf(...nodes: readonly Node[]): Graph {
  let offset = 0;
  const outputs = nodes.map((node, index) => {
    offset += elementCount(node.shape);
    return { name: `y${index}`, node, target: { arena: "out", offset: offset - elementCount(node.shape) } };
  });
  return { segments: [{ name: "main", phase: "main", repeat: 0, kind: "forward", outputs }] };
}
