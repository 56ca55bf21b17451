/**
 * The order in which heavy nodes (contractions and reductions) are looked at: a node is ready when all heavy nodes that it needs are done. What is
 * ready at one time never needs each other, so any of it may be computed together.
 */
import { at } from "../../base/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import { nodeNumbers } from "../../ir/graph-walk.ts";
import type { Homes } from "../homes.ts";

/** The heavy nodes of one kind in one segment. */
interface Group {
  readonly segment: number;
  /** Not done. */
  readonly remaining: Set<Node>;
  /** Ready, and not yet looked at. */
  ready: Node[];
}

export class Schedule {
  readonly #homes: Homes;
  /** Operands that are not available, and heavy nodes one above the other, by the numbers of nodes. */
  readonly #missing: Uint32Array;
  readonly #levels: Uint32Array;
  /** Where every heavy node belongs. */
  readonly #groups = new Map<Node, Group>();
  /** Groups with ready nodes by segment, in the order in which they came to have some. */
  readonly #ready = new Map<number, Set<Group>>();

  constructor(homes: Homes, isHeavy: (node: Node) => boolean, kindOf: (node: Node) => string) {
    this.#homes = homes;
    const numbers = nodeNumbers(homes.order);
    this.#missing = new Uint32Array(numbers);
    this.#levels = new Uint32Array(numbers);
    const groups = new Map<string, Group>();
    for (const node of homes.order) {
      const { id, inputs } = node;
      let [missing, level] = [0, 0];
      for (let place = 0; place < inputs.length; place++) {
        const input = at(inputs, place);
        if (inputs.indexOf(input) === place) missing++;
        level = Math.max(level, this.#levelOf(input));
      }
      this.#missing[id] = missing;
      this.#levels[id] = isHeavy(node) ? level + 1 : level;
      if (!isHeavy(node)) continue;
      const segment = homes.of(node);
      const key = `${segment} ${kindOf(node)}`;
      const group = groups.get(key) ?? { segment, remaining: new Set(), ready: [] };
      groups.set(key, group);
      group.remaining.add(node);
      this.#groups.set(node, group);
    }
    for (const node of homes.order) if (node.inputs.length === 0) this.#available(node);
  }

  /**
   * The next nodes of a segment to look at, all of one kind; null when all are done. Kinds of which more will be ready later wait as long as anything
   * else can go on.
   */
  next(segment: number): readonly Node[] | null {
    const groups = this.#ready.get(segment);
    let best: Group | null = null;
    let lowest = Number.POSITIVE_INFINITY;
    for (const group of groups ?? []) {
      const complete = group.ready.length === group.remaining.size;
      // Contractions go first: reductions find their stacks made.
      const isContraction = at(group.ready, 0).op === "matmul";
      const rank = (complete ? 0 : 2e6) + (isContraction ? 0 : 1e6) + this.#lowestLevel(group.ready);
      if (rank < lowest) [best, lowest] = [group, rank];
    }
    if (best === null) return null;
    const chosen = lowest >= 2e6 ? (this.#saturated(segment) ?? best) : best;
    const nodes = chosen.ready;
    chosen.ready = [];
    groups?.delete(chosen);
    return nodes;
  }

  /** A ready kind of which no more will be ready before what is ready now is done. */
  #saturated(segment: number): Group | null {
    for (const group of this.#ready.get(segment) ?? []) if (this.#isSaturated(group)) return group;
    return null;
  }

  #isSaturated({ segment, remaining, ready }: Group): boolean {
    const seen = new Set<Node>(ready);
    const waiting = new Set<Node>();
    // Levels never fall from a node to its users, and rise above a heavy one.
    const lowest = this.#lowestLevel(ready);
    let highest = 0;
    for (const node of remaining) {
      if (seen.has(node)) continue;
      const level = this.#levelOf(node);
      if (level <= lowest) return false;
      waiting.add(node);
      highest = Math.max(highest, level);
    }
    const stack = [...ready];
    for (let node = stack.pop(); node !== undefined && waiting.size > 0; node = stack.pop()) {
      for (const user of this.#homes.users(node)) {
        if (this.#levelOf(user) > highest || seen.has(user) || this.#homes.of(user) !== segment) continue;
        seen.add(user);
        waiting.delete(user);
        stack.push(user);
      }
    }
    return waiting.size === 0;
  }

  /** Makes whatever needed only this node available. */
  done(node: Node): void {
    this.#groups.get(node)?.remaining.delete(node);
    this.#finish(node);
  }

  /** Whether a node that is not heavy needs nothing any more that is not done. */
  isAvailable(node: Node): boolean {
    return !this.#groups.has(node) && this.#missing[node.id] === 0;
  }

  #levelOf(node: Node): number {
    return this.#levels[node.id] ?? 0;
  }

  #lowestLevel(nodes: readonly Node[]): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (const node of nodes) lowest = Math.min(lowest, this.#levelOf(node));
    return lowest;
  }

  #available(node: Node): void {
    const group = this.#groups.get(node);
    if (group === undefined) {
      this.#finish(node);
      return;
    }
    group.ready.push(node);
    const groups = this.#ready.get(group.segment) ?? new Set();
    this.#ready.set(group.segment, groups.add(group));
  }

  #finish(node: Node): void {
    const stack = [node];
    for (let current = stack.pop(); current !== undefined; current = stack.pop()) {
      for (const user of this.#homes.users(current)) {
        const missing = (this.#missing[user.id] ?? 0) - 1;
        this.#missing[user.id] = missing;
        if (missing > 0) continue;
        if (this.#groups.has(user)) this.#available(user);
        else stack.push(user);
      }
    }
  }
}
