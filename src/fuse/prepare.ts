/** Changes to the graph that fusion needs: long reductions in two steps, and concats of no more pieces than a kernel can read. */
import { at } from "../base/invariant.ts";
import type { Graph, Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import { graphRoots, replaceRoots, topologicalOrder } from "../ir/graph-walk.ts";
import { ops } from "../ops/index.ts";
import type { FusionTarget } from "./target.ts";

/** An equivalent graph; the same one when nothing had to change. */
export function prepareGraph(graph: Graph, target: FusionTarget): Graph {
  const order = topologicalOrder(graphRoots(graph));
  const pieces = mostPieces(target);
  const changes = order.some(
    (node) => (node.op === "concat" && node.inputs.length > pieces) || splitPlan(node, target) !== null,
  );
  if (!changes) return graph;
  const g = new GraphBuilder(ops);
  const made = new Map<Node, Node>();
  const remade = (node: Node) => made.get(node) ?? node;
  for (const node of order) {
    const inputs = node.inputs.map(remade);
    made.set(
      node,
      g.withOrigin(node.origin, () => remake(g, node, inputs, target)),
    );
  }
  return replaceRoots(graph, remade);
}

function mostPieces(target: FusionTarget): number {
  return Math.max(2, target.maxOperands - 2);
}

function remake(g: GraphBuilder, node: Node, inputs: readonly Node[], target: FusionTarget): Node {
  if (node.op === "concat") return remakeConcat(g, node, inputs, mostPieces(target));
  const plan = splitPlan(node, target);
  return plan !== null && (node.op === "sum" || node.op === "max")
    ? remakeReduction(g, node, at(inputs, 0), plan)
    : g.remade(node, inputs);
}

function remakeConcat(g: GraphBuilder, node: NodeOf<"concat">, inputs: readonly Node[], most: number): Node {
  let parts = inputs;
  while (parts.length > most) {
    const joined: Node[] = [];
    for (let first = 0; first < parts.length; first += most)
      joined.push(g.concat(parts.slice(first, first + most), node.attributes.axis));
    parts = joined;
  }
  return g.concat(parts, node.attributes.axis);
}

/** Where a reduction is cut: `axis` of the operand into `outer` parts, summed in the second step. */
interface SplitPlan {
  readonly axis: number;
  readonly outer: number;
}

function splitPlan(node: Node, { split }: FusionTarget): SplitPlan | null {
  if (node.op !== "sum" && node.op !== "max") return null;
  const { shape } = at<Node>(node.inputs, 0);
  const rows = elementCount(node.shape);
  const extent = elementCount(shape) / rows;
  if (rows >= split.rows || extent < split.extent) return null;
  // About as many partial results as elements in each, counted over all rows.
  const wanted = Math.min(Math.sqrt(extent), 4 * Math.ceil(split.rows / rows) * 4);
  let best: SplitPlan | null = null;
  let outside = 1;
  for (const axis of node.attributes.axes) {
    const own = at(shape, axis);
    for (const outer of divisors(own)) {
      const parts = outside * outer;
      const distance = (plan: number) => Math.abs(Math.log(plan / wanted));
      if (
        parts > 1 &&
        parts < extent &&
        (best === null || distance(parts) < distance(partsOf(best, shape, node.attributes.axes)))
      )
        best = { axis, outer };
    }
    outside *= own;
  }
  return best;
}

function divisors(count: number): readonly number[] {
  const small: number[] = [];
  for (let divisor = 1; divisor * divisor <= count; divisor++) if (count % divisor === 0) small.push(divisor);
  const large = small.map((divisor) => count / divisor).reverse();
  return [...new Set([...small, ...large])];
}

/** Partial results per row: the reduced axes before the cut, and the outer part of the axis that is cut. */
function partsOf({ axis, outer }: SplitPlan, shape: readonly number[], axes: readonly number[]): number {
  return axes.filter((each) => each < axis).reduce((product, each) => product * at(shape, each), outer);
}

function remakeReduction(
  g: GraphBuilder,
  node: NodeOf<"sum"> | NodeOf<"max">,
  x: Node,
  { axis, outer }: SplitPlan,
): Node {
  const cut = g.reshape(
    x,
    x.shape.flatMap((extent, place) => (place === axis ? [outer, extent / outer] : [extent])),
  );
  const shifted = (place: number) => (place > axis ? place + 1 : place);
  const late = [...node.attributes.axes.filter((place) => place < axis), axis];
  const early = [axis + 1, ...node.attributes.axes.filter((place) => place > axis).map(shifted)];
  const partial = g.node(node.op, [cut], { axes: early });
  const total = g.node(node.op, [partial], { axes: late });
  return g.reshape(total, node.shape);
}
