/** What an optimisation pass is, and the rebuilding of a graph that every pass is made of. */
import { invariant } from "../base/invariant.ts";
import type { Graph, Node, NodeOf } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import { graphRoots, replaceRoots, topologicalOrder } from "../ir/graph-walk.ts";
import type { OpName } from "../ir/op-table.ts";

interface PassContext {
  /** Makes the nodes of the new graph. All passes of a run share it, so that an unchanged part keeps its nodes. */
  readonly g: GraphBuilder;
}

export interface Pass {
  /** Also the name in dumps and traces. */
  readonly name: string;
  /** What it does, in one sentence. */
  readonly doc: string;
  readonly run: (graph: Graph, context: PassContext) => Graph;
}

/** The new node that stands for an old one; known for every operand when a node is visited. */
export type Replacement = (old: Node) => Node;

/** Visits every node after its operands and puts what `rewrite` returns in its place. What is made inside carries the old node's origin. */
export function rewriteGraph(
  graph: Graph,
  g: GraphBuilder,
  rewrite: (node: Node, replacement: Replacement) => Node,
): Graph {
  const replaced = new Map<Node, Node>();
  const replacement: Replacement = (old) => {
    const node = replaced.get(old);
    invariant(node !== undefined, `node ${old.id} (${old.op}) was not visited`);
    return node;
  };
  for (const node of topologicalOrder(graphRoots(graph))) {
    replaced.set(
      node,
      g.withOrigin(node.origin, () => rewrite(node, replacement)),
    );
  }
  return replaceRoots(graph, replacement);
}

/** The same operation on other operands, exactly as it stands. */
export function withInputs<Op extends OpName>(
  g: GraphBuilder,
  node: NodeOf<Op>,
  inputs: readonly Node[],
): Node {
  return g.node(node.op, inputs, node.attributes);
}

/** Whether two graphs have the same results, node for node. */
export function sameResults(a: Graph, b: Graph): boolean {
  const [before, after] = [graphRoots(a), graphRoots(b)];
  return before.length === after.length && before.every((node, index) => node === after[index]);
}

/** How many nodes and outputs read each node. */
export function countUsers(graph: Graph): Map<Node, number> {
  const users = new Map<Node, number>();
  const roots = graphRoots(graph);
  const readings = [...roots, ...topologicalOrder(roots).flatMap((node) => [...new Set(node.inputs)])];
  for (const node of readings) users.set(node, (users.get(node) ?? 0) + 1);
  return users;
}
