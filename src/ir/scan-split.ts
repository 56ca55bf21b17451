/**
 * Cells often multiply the input and the state at once, concat(x, h) W. As a sum of two products, x W_x + h W_h, only the second one has to be computed step by
 * step.
 */
import { at } from "../base/invariant.ts";
import type { Node, NodeOf } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import type { Replacement } from "./graph-walk.ts";
import type { ScanStep } from "./scan-build.ts";
import { partsOf, rewriteStep } from "./scan-parts.ts";

/** The same step; products with a concat of what needs a state and what needs none are two. */
export function splitProducts(g: GraphBuilder, step: ScanStep): ScanStep {
  const parts = partsOf(g, step);
  const { stateful } = parts;
  return rewriteStep(g, step, parts, (node, replacement) => {
    const left = node.op === "matmul" ? at(node.inputs, 0) : null;
    const pieces = left?.op === "concat" && left.attributes.axis === 1 ? left : null;
    const splits = pieces !== null && new Set(pieces.inputs.map((piece) => stateful.has(piece))).size > 1;
    return splits ? sumOfProducts(g, pieces, replacement(at(node.inputs, 1)), replacement, stateful) : null;
  });
}

/** One product for the pieces that need a state, one for the others. */
function sumOfProducts(
  g: GraphBuilder,
  pieces: NodeOf<"concat">,
  right: Node,
  replacement: Replacement,
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
