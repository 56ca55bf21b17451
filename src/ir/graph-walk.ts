/** Orders and look-ups over nodes. Everything here is iterative: unrolled recurrences make graphs deeper than the call stack. */
import { CompilerBug } from "../base/invariant.ts";
import type { Graph, Node, NodeOf } from "./graph.ts";
import type { OpName } from "./op-table.ts";

/**
 * Every node that `roots` need, operands before their users, each once. The order depends only on the graph: roots in the order given, operands
 * from left to right. Throws {@link CompilerBug} when a node needs itself.
 */
export function topologicalOrder(roots: readonly Node[]): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, "open" | "done">();
  const stack: { readonly node: Node; next: number }[] = [];
  const enter = (node: Node) => {
    const seen = state.get(node);
    if (seen === "open") throw new CompilerBug(`${node.op} (node ${node.id}) needs its own result`);
    if (seen === "done") return;
    state.set(node, "open");
    stack.push({ node, next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const operand = frame.node.inputs[frame.next++];
      if (operand !== undefined) {
        enter(operand);
      } else {
        state.set(frame.node, "done");
        order.push(frame.node);
        stack.pop();
      }
    }
  }
  return order;
}

/** The results of all segments, in order, each segment's kept values first. */
export function graphRoots(graph: Graph): Node[] {
  return graph.segments.flatMap(({ keeps = [], outputs }) => [...keeps, ...outputs.map(({ node }) => node)]);
}

/** The same graph with other nodes in the place of its results. */
export function replaceRoots(graph: Graph, replacement: (node: Node) => Node): Graph {
  return {
    segments: graph.segments.map(({ keeps, ...segment }) => ({
      ...segment,
      outputs: segment.outputs.map((output) => ({ ...output, node: replacement(output.node) })),
      ...(keeps === undefined ? {} : { keeps: [...new Set(keeps.map(replacement))] }),
    })),
  };
}

/** The number that every element of a node is known to have (a constant, seen through views), or null. */
export function uniformValue(node: Node): number | null {
  let current: Node | undefined = node;
  while (current !== undefined) {
    switch (current.op) {
      case "constant":
        return current.attributes.value;
      case "reshape":
      case "broadcast":
      case "transpose":
      case "slice":
      case "stop_gradient":
        current = current.inputs[0];
        break;
      default:
        return null;
    }
  }
  return null;
}

/** Whether two shapes are the same, axis by axis. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** Views whose every element is an element of the operand. */
export type PlainView =
  | NodeOf<"reshape">
  | NodeOf<"transpose">
  | NodeOf<"broadcast">
  | NodeOf<"slice">
  | NodeOf<"after">;

const PLAIN_VIEWS: ReadonlySet<OpName> = new Set(["reshape", "transpose", "broadcast", "slice", "after"]);

export function isPlainView(node: Node): node is PlainView {
  return PLAIN_VIEWS.has(node.op);
}
