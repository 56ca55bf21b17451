/** What an optimisation pass is, and the rebuilding of a graph that every pass is made of. */
import { at, invariant } from "../base/invariant.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import {
  graphRoots,
  nodeNumbers,
  type Replacement,
  replaceRoots,
  topologicalOrder,
} from "../ir/graph-walk.ts";

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

/** Visits every node after its operands and puts what `rewrite` returns in its place. What is made inside carries the old node's origin. */
export function rewriteGraph(
  graph: Graph,
  g: GraphBuilder,
  rewrite: (node: Node, replacement: Replacement) => Node,
): Graph {
  const order = topologicalOrder(graphRoots(graph));
  const replaced = new Array<Node | undefined>(nodeNumbers(order)).fill(undefined);
  const replacement: Replacement = (old) => {
    const node = replaced[old.id];
    invariant(node !== undefined, () => `node ${old.id} (${old.op}) was not visited`);
    return node;
  };
  for (const node of order) replaced[node.id] = g.withOrigin(node.origin, () => rewrite(node, replacement));
  return replaceRoots(graph, replacement);
}

/** Whether two graphs have the same results, node for node. */
export function sameResults(a: Graph, b: Graph): boolean {
  const [before, after] = [graphRoots(a), graphRoots(b)];
  return before.length === after.length && before.every((node, index) => node === after[index]);
}

/** How many nodes and outputs read each node. */
export function countUsers(graph: Graph): Map<Node, number> {
  const users = new Map<Node, number>();
  const count = (node: Node) => users.set(node, (users.get(node) ?? 0) + 1);
  const roots = graphRoots(graph);
  for (const root of roots) count(root);
  for (const { inputs } of topologicalOrder(roots))
    for (let index = 0; index < inputs.length; index++)
      if (inputs.indexOf(at(inputs, index)) === index) count(at(inputs, index));
  return users;
}
