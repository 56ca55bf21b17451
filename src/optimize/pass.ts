/** What an optimisation pass is, and the rebuilding of a graph that every pass is made of. */
import { at, CompilerBug } from "../base/invariant.ts";
import type { Graph, Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import { graphOrder, graphRoots, nodeNumbers, type Replacement, replaceRoots } from "../ir/graph-walk.ts";

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
  const order = graphOrder(graph);
  const replaced = new Array<Node | undefined>(nodeNumbers(graphRoots(graph))).fill(undefined);
  const replacement: Replacement = (old) => {
    const node = replaced[old.id];
    if (node === undefined) throw new CompilerBug(`node ${old.id} (${old.op}) was not visited`);
    return node;
  };
  g.visit(order, (node) => {
    replaced[node.id] = rewrite(node, replacement);
  });
  return replaceRoots(graph, replacement);
}

/** How many nodes and outputs read each node, by its number. */
export function countUsers(graph: Graph): Uint32Array {
  const roots = graphRoots(graph);
  const users = new Uint32Array(nodeNumbers(roots));
  const count = ({ id }: Node) => {
    users[id] = (users[id] ?? 0) + 1;
  };
  for (const root of roots) count(root);
  for (const { inputs } of graphOrder(graph))
    for (let index = 0; index < inputs.length; index++) {
      const input = at(inputs, index);
      if (inputs.indexOf(input) === index) count(input);
    }
  return users;
}
