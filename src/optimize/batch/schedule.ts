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
  readonly #remaining = new Map<string, Set<Node>>();

  constructor(homes: Homes, isHeavy: (node: Node) => boolean, kindOf: (node: Node) => string) {
    this.#homes = homes;
    this.#isHeavy = isHeavy;
    this.#kindOf = kindOf;
    for (const node of homes.order) {
      const operands = new Set(node.inputs);
      this.#missing.set(node, operands.size);
      const below = Math.max(0, ...node.inputs.map((input) => this.#levels.get(input) ?? 0));
      this.#levels.set(node, isHeavy(node) ? below + 1 : below);
      if (isHeavy(node)) this.#remainingOf(node).add(node);
    }
    for (const node of homes.order) if (node.inputs.length === 0) this.#available(node);
  }

  /**
   * The next nodes of a segment to look at, all of one kind; null when all are done. Kinds of which more will be ready later wait as long as anything
   * else can go on.
   */
  next(segment: number): readonly Node[] | null {
    const kinds = this.#ready.get(segment);
    let best: { readonly kind: string; readonly nodes: Node[]; readonly rank: number } | null = null;
    for (const [kind, nodes] of kinds ?? []) {
      const complete = nodes.length === this.#remaining.get(`${segment} ${kind}`)?.size;
      const level = Math.min(...nodes.map((node) => this.#levels.get(node) ?? 0));
      // Contractions go first: reductions find their stacks made.
      const isContraction = nodes.some((node) => node.op === "matmul");
      const rank = (complete ? 0 : 2e6) + (isContraction ? 0 : 1e6) + level;
      if (best === null || rank < best.rank) best = { kind, nodes, rank };
    }
    if (best !== null && best.rank >= 2e6) best = { ...best, ...this.#saturated(segment) };
    if (best === null) return null;
    kinds?.delete(best.kind);
    return best.nodes;
  }

  /** A ready kind of which no more will be ready before what is ready now is done. */
  #saturated(segment: number): { readonly kind: string; readonly nodes: Node[] } | null {
    for (const [kind, nodes] of this.#ready.get(segment) ?? []) {
      const waiting = new Set(this.#remaining.get(`${segment} ${kind}`));
      for (const node of nodes) waiting.delete(node);
      const seen = new Set<Node>(nodes);
      const stack = [...nodes];
      for (let node = stack.pop(); node !== undefined && waiting.size > 0; node = stack.pop()) {
        for (const user of this.#homes.users(node)) {
          if (seen.has(user) || this.#homes.of(user) !== segment) continue;
          seen.add(user);
          waiting.delete(user);
          stack.push(user);
        }
      }
      if (waiting.size === 0) return { kind, nodes };
    }
    return null;
  }

  /** Makes whatever needed only this node available. */
  done(node: Node): void {
    this.#remainingOf(node).delete(node);
    this.#finish(node);
  }

  /** Whether a node that is not heavy needs nothing any more that is not done. */
  isAvailable(node: Node): boolean {
    return !this.#isHeavy(node) && this.#missing.get(node) === 0;
  }

  #remainingOf(node: Node): Set<Node> {
    const key = `${this.#homes.of(node)} ${this.#kindOf(node)}`;
    const remaining = this.#remaining.get(key) ?? new Set();
    this.#remaining.set(key, remaining);
    return remaining;
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
