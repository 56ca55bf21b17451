/** The same computation on other leaves, or with other nodes in the middle. */
import type { Node, NodeOf } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import { topologicalOrder } from "./graph-walk.ts";

/** `roots` with every input replaced by what `leaf` returns for it; what depends on no replaced input stays the same node. */
export function substituteInputs(
  g: GraphBuilder,
  roots: readonly Node[],
  leaf: (input: NodeOf<"input">) => Node,
): readonly Node[] {
  return substitute(g, roots, (node) => (node.op === "input" ? leaf(node) : null));
}

/** `roots` with every node replaced for which `instead` gives another one; what depends on none of those stays the same node. */
export function substitute(
  g: GraphBuilder,
  roots: readonly Node[],
  instead: (node: Node) => Node | null,
): readonly Node[] {
  return new Substitution(g, instead).of(roots);
}

/** A substitution, also from one builder's nodes to another's, that goes once through what several lists of roots have in common. */
export class Substitution {
  readonly #g: GraphBuilder;
  readonly #instead: (node: Node) => Node | null;
  readonly #made = new Map<Node, Node>();
  readonly #now = (node: Node) => this.#made.get(node) ?? node;

  constructor(g: GraphBuilder, instead: (node: Node) => Node | null) {
    this.#g = g;
    this.#instead = instead;
  }

  of(roots: readonly Node[]): readonly Node[] {
    this.#g.visit(topologicalOrder(roots), (node) => {
      if (!this.#made.has(node)) this.#made.set(node, this.#instead(node) ?? this.#g.moved(node, this.#now));
    });
    return roots.map(this.#now);
  }
}
