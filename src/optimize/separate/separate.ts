/**
 * Sums over pairs in closed form. The contrastive bound CLUB (arXiv 2006.12013) compares every row of one representation with every row of another,
 * which as it is written takes rows² · width steps; a mean over the partners of a square is their variance and the square of one difference, which
 * takes rows · width. The derivatives are sums over pairs again, of the same kind.
 */
import { at } from "../../base/invariant.ts";
import type { Node, NodeOf } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import { type Pass, rewriteGraph } from "../pass.ts";
import { componentsOf, conjunction, Expansion, type Factor, type Term } from "./terms.ts";
import { type Axes, axesOf, longAxes, numbersOf, Variation } from "./variation.ts";

/** A sum is written anew where that takes at most one step in so many. */
const WORTH = 2;

export const separate: Pass = {
  name: "separate",
  doc: "Sums over pairs of rows in closed form where what is summed is made of products of values of one row each.",
  run: (graph, { g }) => {
    const variation = new Variation(g);
    return rewriteGraph(graph, g, (node, replacement) => {
      const made = g.moved(node, replacement);
      // Of every node, so that no question goes deep.
      variation.of(made);
      return made.op === "sum" && made.dtype === "f32" ? (separated(g, variation, made) ?? made) : made;
    });
  },
};

/** A sum without its pairs: over all of its axes at once or, where that does not go, over one of them first. */
function separated(g: GraphBuilder, variation: Variation, node: NodeOf<"sum">): Node | null {
  const operand = at<Node>(node.inputs, 0);
  const full = longAxes(operand.shape);
  if (variation.of(operand) !== full) return null;
  const all = axesOf(node.attributes.axes) & full;
  const choices = [all, ...(numbersOf(all).length > 1 ? numbersOf(all).map((axis) => axesOf([axis])) : [])];
  for (const summed of choices) {
    const terms = new Expansion(g, variation, full, summed).terms(operand);
    if (terms === null || !isWorthIt(terms, { operand, full, summed })) continue;
    const made = terms.map((term) => sumOf(g, term, operand.shape, summed)).reduce((a, b) => g.add(a, b));
    const shape = operand.shape.map((extent, axis) => (((summed >> axis) & 1) === 1 ? 1 : extent));
    return g.sum(g.broadcastTo(made, shape), numbersOf(all & ~summed), { keep: true });
  }
  return null;
}

interface Question {
  readonly operand: Node;
  readonly full: Axes;
  readonly summed: Axes;
}

/** Whether pairs are made at all, and what is summed in their place is much less. */
function isWorthIt(terms: readonly Term[], { operand, full, summed }: Question): boolean {
  const steps = (axes: Axes) => numbersOf(axes).reduce((count, axis) => count * at(operand.shape, axis), 1);
  let work = steps(full & ~summed) * terms.length;
  let pairs = false;
  for (const term of terms) {
    const components = componentsOf(term, summed);
    if (components.some(({ axes }) => axes === full)) return false;
    pairs ||= components.some(({ factors }) => factors.length > 0);
    work += components.reduce((sum, { axes }) => sum + steps(axes), 0);
  }
  return pairs && work * WORTH <= steps(full);
}

/** The sum of a term: every component is summed on its own, what remains multiplies them. */
function sumOf(g: GraphBuilder, term: Term, shape: readonly number[], summed: Axes): Node {
  const components = componentsOf(term, summed);
  const covered = components.reduce((axes, each) => axes | each.axes, 0);
  const repeats = numbersOf(summed & ~covered).reduce((count, axis) => count * at(shape, axis), 1);
  const stays = ({ axes }: Factor) => (axes & summed) === 0;
  const sums = components.map(({ factors, masks, axes }) => {
    const holds = masks.length === 0 ? null : conjunction(g, masks);
    const value = factors.map(({ make }) => make()).reduce((a, b) => g.mul(a, b), g.constant(1));
    const counted = holds === null ? value : g.where(holds, value, 0);
    return g.sum(counted, numbersOf(axes & summed), { keep: true });
  });
  const values = [...sums, ...term.factors.filter(stays).map(({ make }) => make())];
  const whole = values.reduce(
    (a, b) => g.mul(a, b),
    g.full(
      shape.map(() => 1),
      term.coefficient * repeats,
    ),
  );
  const masks = term.masks.filter(stays);
  return masks.length === 0 ? whole : g.where(conjunction(g, masks), whole, 0);
}
