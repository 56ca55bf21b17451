/**
 * Which segment computes a node, and how long the values that lie in arenas can be read. A node belongs to the first segment that needs it.
 */
import type { ArenaRange, Graph, Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { graphRoots, topologicalOrder } from "../ir/graph-walk.ts";

export class SegmentMap {
  readonly graph: Graph;
  /** Every node, operands before their users. */
  readonly order: readonly Node[];
  /** Whether some node must be computed after another that it does not read. */
  readonly hasOrder: boolean;
  readonly #homes = new Map<Node, number>();
  readonly #lastUses = new Map<Node, number>();
  readonly #outlived = new Set<Node>();
  readonly #writes = new Map<
    string,
    { readonly start: number; readonly end: number; readonly segment: number }[]
  >();

  constructor(graph: Graph) {
    this.graph = graph;
    this.order = topologicalOrder(graphRoots(graph));
    this.hasOrder = this.order.some((node) => node.op === "after");
    this.#noteWrites();
    this.#assign();
  }

  /** The segment that computes a node. */
  home(node: Node): number {
    return this.#homes.get(node) ?? 0;
  }

  /** Inputs that are needed after their range was overwritten. */
  get outlived(): ReadonlySet<Node> {
    return this.#outlived;
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
    const next = this.#overwriting({ arena, offset }, elementCount(node.shape)).find(
      (segment) => segment >= this.home(node),
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
    // In the order of segments, as writes are noted.
    const segments = new Set<number>();
    for (const write of this.#writes.get(range.arena) ?? [])
      if (write.start < end && range.offset < write.end) segments.add(write.segment);
    return [...segments];
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
    for (const [segment, { outputs, keeps = [] }] of this.graph.segments.entries()) {
      for (const { node } of outputs) this.#use(node, segment);
      for (const node of keeps) this.#use(node, segment);
    }
    const users = [...this.order].reverse();
    for (const node of users) for (const input of node.inputs) this.#use(input, this.home(node));
    for (const node of users) {
      if (node.op === "input" && this.lastUse(node) > this.expiry(node)) this.#outlived.add(node);
    }
  }

  #use(node: Node, segment: number): void {
    this.#homes.set(node, Math.min(this.#homes.get(node) ?? segment, segment));
    this.#lastUses.set(node, Math.max(this.#lastUses.get(node) ?? segment, segment));
  }
}
