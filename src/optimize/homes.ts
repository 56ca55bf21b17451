/** Which segment computes a node, and when the arenas change: what a pass has to respect that moves work between nodes. */
import type { Graph, Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { graphOrder } from "../ir/graph-walk.ts";

export class Homes {
  /** Every node, operands before their users. */
  readonly order: readonly Node[];
  readonly #homes = new Map<Node, number>();
  readonly #users = new Map<Node, Node[]>();
  readonly #writes = new Map<string, { start: number; end: number; segment: number }[]>();

  constructor(graph: Graph) {
    this.order = graphOrder(graph);
    for (const [segment, { outputs, keeps = [] }] of graph.segments.entries()) {
      for (const node of keeps) this.#need(node, segment);
      for (const { node, target } of outputs) {
        this.#need(node, segment);
        const writes = this.#writes.get(target.arena) ?? [];
        this.#writes.set(target.arena, writes);
        writes.push({ start: target.offset, end: target.offset + elementCount(node.shape), segment });
      }
    }
    for (let index = this.order.length - 1; index >= 0; index--) {
      const node = this.order[index];
      if (node === undefined) continue;
      for (const input of new Set(node.inputs)) {
        this.#need(input, this.of(node));
        const users = this.#users.get(input) ?? [];
        this.#users.set(input, users);
        users.push(node);
      }
    }
  }

  /** The nodes that read a node, each once. */
  users(node: Node): readonly Node[] {
    return this.#users.get(node) ?? [];
  }

  /** The first segment that needs a node, which is the one that computes it. */
  of(node: Node): number {
    return this.#homes.get(node) ?? 0;
  }

  /** Whether what an input stands for still lies in its range when segment `later` begins. */
  holdsUntil({ attributes, shape }: NodeOf<"input">, home: number, later: number): boolean {
    const end = attributes.offset + elementCount(shape);
    return (this.#writes.get(attributes.arena) ?? []).every(
      (write) =>
        write.segment < home ||
        write.segment >= later ||
        write.end <= attributes.offset ||
        end <= write.start,
    );
  }

  #need(node: Node, segment: number): void {
    this.#homes.set(node, Math.min(this.#homes.get(node) ?? segment, segment));
  }
}
