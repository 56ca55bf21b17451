/**
 * Which segment computes a node, and how long the values that lie in arenas can be read. A node belongs to the first segment that needs it, or to
 * an earlier one when it reads an arena range that would be overwritten by then.
 */
import type { ArenaRange, Graph, Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { graphRoots, topologicalOrder } from "../ir/graph-walk.ts";

export class SegmentMap {
  readonly graph: Graph;
  /** Every node, operands before their users. */
  readonly order: readonly Node[];
  /** The first segment with a result that depends on the node. */
  readonly #needs = new Map<Node, number>();
  readonly #homes = new Map<Node, number>();
  readonly #lastUses = new Map<Node, number>();
  readonly #writes = new Map<
    string,
    { readonly start: number; readonly end: number; readonly segment: number }[]
  >();

  constructor(graph: Graph) {
    this.graph = graph;
    this.order = topologicalOrder(graphRoots(graph));
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

  /**
   * The last segment that may read an input, before it writes there itself. An input stands for what its range holds when it is first needed;
   * versions only keep apart what was read before and after a change.
   */
  expiry(node: NodeOf<"input">): number {
    const { arena, offset } = node.attributes;
    const need = this.#needs.get(node) ?? 0;
    const next = this.#overwriting({ arena, offset }, elementCount(node.shape)).find(
      (segment) => segment >= need,
    );
    return next ?? Number.POSITIVE_INFINITY;
  }

  /** The last segment that may read what segment `writer` stored in a range. */
  readableUntil(range: ArenaRange, elements: number, writer: number): number {
    const next = this.#overwriting(range, elements).find((segment) => segment > writer);
    return next === undefined ? Number.POSITIVE_INFINITY : next - 1;
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
      for (const { node } of outputs) {
        this.#use(node, segment);
        lower(this.#needs, node, segment);
      }
    }
    const users = [...this.order].reverse();
    for (const node of users)
      for (const input of node.inputs) lower(this.#needs, input, this.#needs.get(node) ?? 0);
    for (const node of users) {
      let home = this.home(node);
      for (const input of node.inputs) if (input.op === "input") home = Math.min(home, this.expiry(input));
      this.#homes.set(node, home);
      for (const input of node.inputs) this.#use(input, home);
    }
  }

  #use(node: Node, segment: number): void {
    lower(this.#homes, node, segment);
    this.#lastUses.set(node, Math.max(this.#lastUses.get(node) ?? segment, segment));
  }
}

function lower(values: Map<Node, number>, node: Node, value: number): void {
  values.set(node, Math.min(values.get(node) ?? value, value));
}
