/** Orders and look-ups over nodes. Everything here is iterative: unrolled recurrences make graphs deeper than the call stack. */
import { at, CompilerBug } from "../base/invariant.ts";
import type { Graph, Node, NodeOf } from "./graph.ts";
import type { OpName } from "./op-table.ts";

/**
 * Every node that `roots` need, operands before their users, each once. The order depends only on the graph: roots in the order given, operands
 * from left to right. Throws {@link CompilerBug} when a node needs itself.
 */
export function topologicalOrder(roots: readonly Node[]): Node[] {
  // Compilation walks graphs all the time, so that states are looked up by the numbers of nodes: operands have smaller ones than their users.
  const states = new Uint8Array(nodeNumbers(roots));
  const order: Node[] = [];
  const stack: Node[] = [];
  /** For each node of the stack, the operand to look at next. */
  const next: number[] = [];
  for (const root of roots) {
    if (states[root.id] === DONE) continue;
    states[root.id] = OPEN;
    stack.push(root);
    next.push(0);
    for (let node: Node | undefined = root; node !== undefined; node = stack[stack.length - 1]) {
      const top = stack.length - 1;
      const index = next[top] ?? 0;
      next[top] = index + 1;
      const operand = node.inputs[index];
      if (operand === undefined) {
        states[node.id] = DONE;
        order.push(node);
        stack.pop();
        next.pop();
      } else if (states[operand.id] === NEW) {
        states[operand.id] = OPEN;
        stack.push(operand);
        next.push(0);
      } else if (states[operand.id] !== DONE)
        throw new CompilerBug(`${operand.op} (node ${operand.id}) needs its own result`);
    }
  }
  return order;
}

/** How long a list by the numbers of some nodes has to be. */
export function nodeNumbers(nodes: readonly Node[]): number {
  let most = -1;
  for (let index = 0; index < nodes.length; index++) most = Math.max(most, at(nodes, index).id);
  return most + 1;
}

const [NEW, OPEN, DONE] = [0, 1, 2];

const orders = new WeakMap<Graph, readonly Node[]>();

/** Every node of a graph in {@link topologicalOrder}. Several passes ask it of one graph. */
export function graphOrder(graph: Graph): readonly Node[] {
  const known = orders.get(graph);
  if (known !== undefined) return known;
  const order = topologicalOrder(graphRoots(graph));
  orders.set(graph, order);
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

/** What stands for a node after a rewriting. */
export type Replacement = (old: Node) => Node;

/** Whether a node has exactly these operands. */
export function sameOperands(node: Node, inputs: readonly Node[]): boolean {
  if (inputs.length !== node.inputs.length) return false;
  for (let index = 0; index < inputs.length; index++) if (inputs[index] !== node.inputs[index]) return false;
  return true;
}

/** Whether every operand of a node stands for itself. */
export function keepsOperands({ inputs }: Node, replacement: Replacement): boolean {
  for (let index = 0; index < inputs.length; index++) {
    const input = at(inputs, index);
    if (replacement(input) !== input) return false;
  }
  return true;
}

/** Whether two shapes are the same, axis by axis. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
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
