/**
 * What is computed between a large product and the small values that are made of it: elementwise work, reductions along the rows, and the same on the
 * way back. Rows do not see each other there, except where the region ends.
 */
import { at } from "../../base/invariant.ts";
import type { Graph, Node, NodeOf } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { topologicalOrder } from "../../ir/graph-walk.ts";
import { ops } from "../../ops/index.ts";

/** What decides about the storing of products. */
export interface Limits {
  /** Bytes of the largest product that is stored: to compute it twice takes longer than to read it back. */
  readonly stored: number;
  /** The most bytes of a piece of a larger one, unless a single row has more. */
  readonly piece: number;
}

/** With fewer columns for each inner element a product is too dear to be computed twice: the hidden layer of a feed-forward network, say. */
const COLUMNS_PER_INNER = 16;

/** How a node depends on the product. */
interface Dependence {
  /**
   * How often rows have been mixed on the way (by a mean over the batch, say). The rows of a stage need what comes of all rows of the stages before, so
   * that nothing large may live from one stage to the next.
   */
  readonly stage: number;
  /** The axis along which the rows lie; null where they have been mixed. */
  readonly axis: number | null;
}

export interface Region {
  readonly limits: Limits;
  readonly product: NodeOf<"matmul">;
  /** How many parts all rows can be cut into. */
  readonly rows: number;
  /** Every node that depends on the product. */
  readonly dependences: ReadonlyMap<Node, Dependence>;
  /** Where the region ends: small values that are made of large ones, either for every row or as a sum over all of them. */
  readonly results: ReadonlySet<Node>;
}

/** The first large product of a graph that need not be stored, with its region; null if there is none. */
export function findRegion(graph: Graph, limits: Limits): Region | null {
  const outputs = new Set(graph.segments.flatMap((segment) => segment.outputs.map(({ node }) => node)));
  const order = topologicalOrder([...outputs]);
  for (const node of order) {
    const region = isCandidate(node, limits) ? regionOf(node, order, outputs, limits) : null;
    if (region !== null) return region;
  }
  return null;
}

function isCandidate(node: Node, { stored }: Limits): node is NodeOf<"matmul"> {
  if (node.op !== "matmul" || node.shape.length !== 2) return false;
  const inner = at(at<Node>(node.inputs, 0).shape, 1);
  return elementCount(node.shape) * 4 > stored && at(node.shape, 1) >= COLUMNS_PER_INNER * inner;
}

/** Null where something needs a large value as a whole. */
function regionOf(
  product: NodeOf<"matmul">,
  order: readonly Node[],
  outputs: ReadonlySet<Node>,
  limits: Limits,
): Region | null {
  const large = elementCount(product.shape);
  const dependences = new Map<Node, Dependence>([[product, { stage: 0, axis: 0 }]]);
  const results = new Set<Node>();
  let rows = at(product.shape, 0);
  for (const node of order) {
    const inputs = node.inputs.filter((input) => dependences.has(input));
    if (node === product || inputs.length === 0) continue;
    const axis = rowAxis(node, dependences);
    const inRows = inputs.filter((input) => dependences.get(input)?.axis !== null);
    const mixes = axis === null && inRows.length > 0;
    const stage = Math.max(...inputs.map((input) => dependences.get(input)?.stage ?? 0));
    dependences.set(node, { stage: mixes ? stage + 1 : stage, axis });
    if (axis !== null) rows = greatestDivisor(rows, at(node.shape, axis));
    if (elementCount(node.shape) === large) {
      if (mixes || outputs.has(node)) return null;
    } else if (inRows.some((input) => elementCount(input.shape) === large)) {
      if (mixes && !addsRows(node, dependences)) return null;
      results.add(node);
    }
  }
  return rows > 1 ? { limits, product, rows, dependences, results } : null;
}

/** The axis of a result along which the rows of its operands lie, or null. */
function rowAxis(node: Node, known: ReadonlyMap<Node, Dependence>): number | null {
  const axisOf = (index: number) => known.get(at<Node>(node.inputs, index))?.axis ?? null;
  if (ops[node.op].scheduling === "elementwise") {
    const axes = new Set(node.inputs.map((_, index) => axisOf(index)).filter((axis) => axis !== null));
    return axes.size === 1 ? at([...axes], 0) : null;
  }
  const axis = axisOf(0);
  if (node.op === "matmul" && node.shape.length === 2) {
    const right = axisOf(1);
    if (axis === 0 && right === null) return 0;
    return axis === null && right === 1 ? 1 : null;
  }
  if (axis === null) return null;
  switch (node.op) {
    case "broadcast":
      return axis;
    case "reshape":
      return reshapedAxis(at<Node>(node.inputs, 0).shape, node.shape, axis);
    case "transpose":
      return node.attributes.permutation.indexOf(axis);
    case "sum":
    case "max":
      return node.attributes.axes.includes(axis) ? null : axis;
    default:
      return null;
  }
}

/** The axis of a reshaped tensor that begins where an axis of the original does and can be cut in as many parts; null if there is none. */
export function reshapedAxis(from: readonly number[], to: readonly number[], axis: number): number | null {
  const before = elementCount(from.slice(0, axis));
  let passed = 1;
  for (const [place, extent] of to.entries()) {
    if (passed === before && extent > 1) return greatestDivisor(extent, at(from, axis)) > 1 ? place : null;
    passed *= extent;
  }
  return null;
}

/** Whether a node is a sum over all rows, so that the sums of parts of them add up to it. */
function addsRows(node: Node, dependences: ReadonlyMap<Node, Dependence>): boolean {
  if (node.op === "sum") return true;
  if (node.op !== "matmul" || node.shape.length !== 2) return false;
  const axes = node.inputs.map((input) => dependences.get(input)?.axis ?? null);
  return (axes[0] === 1 && axes[1] !== 1) || (axes[1] === 0 && axes[0] !== 0);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
