/**
 * The order in which heavy nodes (contractions and reductions) are looked at: a node is ready when all heavy nodes that it needs are done. What is
 * ready at one time never needs each other, so any of it may be computed together.
 */
import type { Node } from "../../ir/graph.ts";
import type { Homes } from "../homes.ts";

export class Schedule {
  readonly #homes: Homes;
  readonly #missing = new Map<Node, number>();
  readonly #levels = new Map<Node, number>();
  readonly #isHeavy: (node: Node) => boolean;
  readonly #kindOf: (node: Node) => string;
  /** Ready heavy nodes by segment and kind. */
  readonly #ready = new Map<number, Map<string, Node[]>>();
  /** Heavy nodes of a kind in a segment that are not done. */
  readonly #remaining = new Map<string, number>();

  constructor(homes: Homes, isHeavy: (node: Node) => boolean, kindOf: (node: Node) => string) {
    this.#homes = homes;
    this.#isHeavy = isHeavy;
    this.#kindOf = kindOf;
    for (const node of homes.order) {
      const operands = new Set(node.inputs);
      this.#missing.set(node, operands.size);
      const below = Math.max(0, ...node.inputs.map((input) => this.#levels.get(input) ?? 0));
      this.#levels.set(node, isHeavy(node) ? below + 1 : below);
      if (isHeavy(node)) this.#count(node, 1);
    }
    for (const node of homes.order) if (node.inputs.length === 0) this.#available(node);
  }

  /**
   * The next nodes of a segment to look at, all of one kind; null when all are done. Kinds of which more will be ready later wait as long as anything
   * else can go on.
   */
  next(segment: number): readonly Node[] | null {
    const kinds = this.#ready.get(segment);
    let best: { kind: string; nodes: Node[]; rank: number } | null = null;
    for (const [kind, nodes] of kinds ?? []) {
      const complete = nodes.length === this.#remaining.get(`${segment} ${kind}`);
      const level = Math.min(...nodes.map((node) => this.#levels.get(node) ?? 0));
      // Contractions go first: reductions find their stacks made.
      const isContraction = nodes.some((node) => node.op === "matmul");
      const rank = (complete ? 0 : 2e6) + (isContraction ? 0 : 1e6) + level;
      if (best === null || rank < best.rank) best = { kind, nodes, rank };
    }
    if (best === null) return null;
    kinds?.delete(best.kind);
    return best.nodes;
  }

  /** Makes whatever needed only this node available. */
  done(node: Node): void {
    this.#count(node, -1);
    this.#finish(node);
  }

  /** Whether a node that is not heavy needs nothing any more that is not done. */
  isAvailable(node: Node): boolean {
    return !this.#isHeavy(node) && this.#missing.get(node) === 0;
  }

  #count(node: Node, change: 1 | -1): void {
    const key = `${this.#homes.of(node)} ${this.#kindOf(node)}`;
    this.#remaining.set(key, (this.#remaining.get(key) ?? 0) + change);
  }

  #available(node: Node): void {
    if (!this.#isHeavy(node)) {
      this.#finish(node);
      return;
    }
    const home = this.#homes.of(node);
    const kinds = this.#ready.get(home) ?? new Map<string, Node[]>();
    this.#ready.set(home, kinds);
    const kind = this.#kindOf(node);
    kinds.set(kind, [...(kinds.get(kind) ?? []), node]);
  }

  #finish(node: Node): void {
    const stack = [node];
    for (let current = stack.pop(); current !== undefined; current = stack.pop()) {
      for (const user of this.#homes.users(current)) {
        const missing = (this.#missing.get(user) ?? 0) - 1;
        this.#missing.set(user, missing);
        if (missing > 0) continue;
        if (this.#isHeavy(user)) this.#available(user);
        else stack.push(user);
      }
    }
  }
}
