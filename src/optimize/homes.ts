/** Which segment computes a node, and when the arenas change: what a pass has to respect that moves work between nodes. */
import { at } from "../base/invariant.ts";
import type { Graph, Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { graphOrder, graphRoots, nodeNumbers } from "../ir/graph-walk.ts";

export class Homes {
  /** Every node, operands before their users. */
  readonly order: readonly Node[];
  /** By the numbers of nodes; the passes ask for every node of a graph many times. */
  readonly #homes: (number | undefined)[];
  readonly #users: (Node[] | undefined)[];
  readonly #writes = new Map<string, { start: number; end: number; segment: number }[]>();

  constructor(graph: Graph) {
    this.order = graphOrder(graph);
    const numbers = nodeNumbers(graphRoots(graph));
    this.#homes = new Array<number | undefined>(numbers).fill(undefined);
    this.#users = new Array<Node[] | undefined>(numbers).fill(undefined);
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
      const node = at(this.order, index);
      const { inputs } = node;
      for (let place = 0; place < inputs.length; place++) {
        const input = at(inputs, place);
        if (inputs.indexOf(input) < place) continue;
        this.#need(input, this.of(node));
        const users = this.#users[input.id];
        if (users === undefined) this.#users[input.id] = [node];
        else users.push(node);
      }
    }
  }

  /** The nodes that read a node, each once. */
  users(node: Node): readonly Node[] {
    return this.#users[node.id] ?? [];
  }

  /** The first segment that needs a node, which is the one that computes it. */
  of(node: Node): number {
    return this.#homes[node.id] ?? 0;
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
    this.#homes[node.id] = Math.min(this.#homes[node.id] ?? segment, segment);
  }
}
