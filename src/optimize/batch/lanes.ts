/** Tensors that lie one behind the other in a larger one: lanes of a stack. */
import { at } from "../../base/invariant.ts";
import type { Graph, Node, NodeOf } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import { graphOrder } from "../../ir/graph-walk.ts";

/** A stack is a node with a leading axis, or a run of inputs of equal shape without gaps in an arena. */
type Stack =
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "arena"; readonly first: NodeOf<"input">; readonly count: number };

export interface Lane {
  readonly stack: Stack;
  readonly lane: number;
}

/** Which nodes are lanes of which stacks. */
export class Lanes {
  readonly #g: GraphBuilder;
  readonly #lanes = new Map<Node, Lane>();
  /** Runs of inputs by a name for arena, version, type and shape. */
  readonly #runs = new Map<
    string,
    { readonly offset: number; readonly stack: Extract<Stack, { kind: "arena" }> }[]
  >();

  constructor(g: GraphBuilder, graph: Graph) {
    this.#g = g;
    this.#findRuns(graph);
  }

  of(node: Node): Lane | null {
    const known = this.#lanes.get(node);
    if (known !== undefined) return known;
    if (node.op !== "input") return null;
    const size = elementCount(node.shape);
    const { offset } = node.attributes;
    for (const run of this.#runs.get(runKey(node)) ?? []) {
      const lane = (offset - run.offset) / size;
      if (!Number.isInteger(lane) || lane < 0 || lane >= run.stack.count) continue;
      const found = { stack: run.stack, lane };
      this.#lanes.set(node, found);
      return found;
    }
    return null;
  }

  /** The tensor of `stack` at `lane`, without the leading axis; it is known as a lane from now on. */
  unstack(stack: Node, lane: number): Node {
    const shape = stack.shape.slice(1);
    // Every lane of every stack passes here, most of them for nothing but to be known.
    const start = stack.shape.map((_, axis) => (axis === 0 ? lane : 0));
    const node = this.#g.reshape(this.#g.slice(stack, start, [1, ...shape]), shape);
    if (!this.#lanes.has(node)) this.#lanes.set(node, { stack: { kind: "node", node: stack }, lane });
    return node;
  }

  /** The lanes `first`, `first + step`, … of a stack as one tensor with a leading axis; null when no view shows them. */
  view(stack: Stack, first: number, step: number, count: number): Node | null {
    if (step === 1) return this.#range(stack, first, count);
    if (step < 1) return null;
    const whole = stack.kind === "node" ? at(stack.node.shape, 0) : stack.count;
    for (let inside = Math.min(step - 1, first); inside >= 0; inside--) {
      const start = first - inside;
      if (start + count * step > whole) continue;
      const range = this.#range(stack, start, count * step);
      const [, ...shape] = range.shape;
      const grouped = this.#g.reshape(range, [count, step, ...shape]);
      return this.#g.reshape(this.#g.sliceAxis(grouped, 1, inside, 1), [count, ...shape]);
    }
    return null;
  }

  #range(stack: Stack, first: number, count: number): Node {
    if (stack.kind === "node") return this.#g.sliceAxis(stack.node, 0, first, count);
    const { attributes, shape } = stack.first;
    return this.#g.input({
      ...attributes,
      name: `${attributes.arena}[${attributes.offset + first * elementCount(shape)}]`,
      offset: attributes.offset + first * elementCount(shape),
      shape: [count, ...shape],
    });
  }

  #findRuns(graph: Graph): void {
    const inputs = new Map<string, NodeOf<"input">[]>();
    for (const node of graphOrder(graph)) {
      if (node.op !== "input") continue;
      const key = runKey(node);
      const alike = inputs.get(key) ?? [];
      inputs.set(key, alike);
      alike.push(node);
    }
    for (const [key, alike] of inputs) {
      alike.sort((a, b) => a.attributes.offset - b.attributes.offset);
      this.#runs.set(key, runsOf(alike));
    }
  }
}

function runsOf(sorted: readonly NodeOf<"input">[]) {
  const runs: { offset: number; stack: { kind: "arena"; first: NodeOf<"input">; count: number } }[] = [];
  for (const node of sorted) {
    const { offset } = node.attributes;
    const last = runs.at(-1);
    const end = last === undefined ? -1 : last.offset + last.stack.count * elementCount(node.shape);
    if (last !== undefined && offset === end) last.stack.count++;
    else if (last === undefined || offset > end)
      runs.push({ offset, stack: { kind: "arena", first: node, count: 1 } });
  }
  return runs.filter((run) => run.stack.count > 1);
}

function runKey({ attributes, shape, dtype }: NodeOf<"input">): string {
  return `${attributes.arena} ${attributes.version} ${dtype} ${shape.join("x")}`;
}
