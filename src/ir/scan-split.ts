/**
 * Cells often multiply the input and the state at once, concat(x, h) W. As a sum of two products, x W_x + h W_h, only the second one has to be computed step by
 * step.
 */
import { at } from "../base/invariant.ts";
import type { Node, NodeOf } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import type { ScanStep } from "./scan-build.ts";
import { partsOf, withResults } from "./scan-parts.ts";

/** The same step; products with a concat of what needs a state and what needs none are two. */
export function splitProducts(g: GraphBuilder, step: ScanStep): ScanStep {
  const { order, varies, stateful, placeholders } = partsOf(g, step);
  const made = new Map<Node, Node>();
  const replacement = (node: Node) => made.get(node) ?? node;
  for (const node of order) {
    if (!varies.has(node) || placeholders.has(node)) continue;
    const left = node.op === "matmul" ? at(node.inputs, 0) : null;
    const pieces = left?.op === "concat" && left.attributes.axis === 1 ? left : null;
    const splits = pieces !== null && new Set(pieces.inputs.map((piece) => stateful.has(piece))).size > 1;
    const next = g.withOrigin(node.origin, () =>
      splits
        ? sumOfProducts(g, pieces, replacement(at(node.inputs, 1)), replacement, stateful)
        : g.remade(node, node.inputs.map(replacement)),
    );
    if (next !== node) made.set(node, next);
  }
  return made.size === 0 ? step : withResults(step, replacement);
}

/** One product for the pieces that need a state, one for the others. */
function sumOfProducts(
  g: GraphBuilder,
  pieces: NodeOf<"concat">,
  right: Node,
  replacement: (node: Node) => Node,
  stateful: ReadonlySet<Node>,
): Node {
  const sides: { left: Node[]; right: Node[] }[] = [
    { left: [], right: [] },
    { left: [], right: [] },
  ];
  let start = 0;
  for (const piece of pieces.inputs) {
    const rows = at(piece.shape, 1);
    const side = at(sides, stateful.has(piece) ? 1 : 0);
    side.left.push(replacement(piece));
    side.right.push(g.sliceAxis(right, 0, start, rows));
    start += rows;
  }
  const [given, carried] = sides.map((side) => g.matmul(g.concat(side.left, 1), g.concat(side.right, 0)));
  return g.add(given as Node, carried as Node);
}
