/**
 * Which segment computes a node, and how long the values that lie in arenas can be read. A node belongs to the first segment that needs it, or to
 * an earlier one when it reads an arena range that would be overwritten by then.
 */
import { at } from "../base/invariant.ts";
import type { ArenaRange, Graph, Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { graphRoots, topologicalOrder } from "../ir/graph-walk.ts";

/** Segments first..last of one phase that run several times in turn. */
export interface Loop {
  readonly first: number;
  readonly last: number;
}

export class SegmentMap {
  readonly graph: Graph;
  /** Every node, operands before their users. */
  readonly order: readonly Node[];
  readonly loops: readonly Loop[];
  readonly #homes = new Map<Node, number>();
  readonly #lastUses = new Map<Node, number>();
  readonly #writes = new Map<
    string,
    { readonly start: number; readonly end: number; readonly segment: number }[]
  >();

  constructor(graph: Graph) {
    this.graph = graph;
    this.order = topologicalOrder(graphRoots(graph));
    this.loops = findLoops(graph);
    this.#noteWrites();
    this.#assign();
  }

  /** The segment that computes a node. */
  home(node: Node): number {
    return this.#homes.get(node) ?? 0;
  }

  /** The last segment with a direct user of the node (as far as users stay in their home segments). */
  lastUse(node: Node): number {
    return this.#lastUses.get(node) ?? this.home(node);
  }

  /** The last segment that may read this version of an input, before it writes there itself. */
  expiry(node: NodeOf<"input">): number {
    const { arena, offset, version } = node.attributes;
    const segments = this.#overwriting({ arena, offset }, elementCount(node.shape));
    return segments[version] ?? Number.POSITIVE_INFINITY;
  }

  /** The last segment that may read what segment `writer` stored in a range. */
  readableUntil(range: ArenaRange, elements: number, writer: number): number {
    const next = this.#overwriting(range, elements).find((segment) => segment > writer);
    if (next === undefined) return Number.POSITIVE_INFINITY;
    const loop = this.loops.find(({ first, last }) => first <= next && next <= last);
    // The next turn of a loop would read what this one wrote.
    return loop !== undefined && writer < loop.first ? loop.first - 1 : next - 1;
  }

  #overwriting(range: ArenaRange, elements: number): number[] {
    const end = range.offset + elements;
    const hits = (this.#writes.get(range.arena) ?? []).filter(
      (write) => write.start < end && range.offset < write.end,
    );
    return [...new Set(hits.map((write) => write.segment))].sort((a, b) => a - b);
  }

  #noteWrites(): void {
    for (const [segment, { outputs }] of this.graph.segments.entries()) {
      for (const { node, target } of outputs) {
        const writes = this.#writes.get(target.arena) ?? [];
        writes.push({ start: target.offset, end: target.offset + elementCount(node.shape), segment });
        this.#writes.set(target.arena, writes);
      }
    }
  }

  #assign(): void {
    for (const [segment, { outputs }] of this.graph.segments.entries()) {
      for (const { node } of outputs) this.#use(node, segment);
    }
    for (let position = this.order.length - 1; position >= 0; position--) {
      const node = at(this.order, position);
      let home = this.home(node);
      for (const input of node.inputs) if (input.op === "input") home = Math.min(home, this.expiry(input));
      this.#homes.set(node, home);
      for (const input of node.inputs) this.#use(input, home);
    }
  }

  #use(node: Node, segment: number): void {
    this.#homes.set(node, Math.min(this.#homes.get(node) ?? segment, segment));
    this.#lastUses.set(node, Math.max(this.#lastUses.get(node) ?? segment, segment));
  }
}

function findLoops(graph: Graph): readonly Loop[] {
  const loops: Loop[] = [];
  for (const [index, { phase, repeat }] of graph.segments.entries()) {
    if (repeat === 1) continue;
    const open = loops.at(-1);
    if (open?.last === index - 1 && at(graph.segments, open.last).phase === phase) {
      loops[loops.length - 1] = { first: open.first, last: index };
    } else loops.push({ first: index, last: index });
  }
  return loops;
}
