/** The contract of a rewriting rule, and questions that several rules ask. */
import { at } from "../../base/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import { sameShape } from "../../ir/graph-walk.ts";
import type { OpName } from "../../ir/op-table.ts";

/**
 * A rule, listed under the primitives that it looks at. It returns a node that can stand in the place of `node`, or null where it does not apply; the
 * operands of `node` are simplified already.
 */
export type Rule = (g: GraphBuilder, node: Node) => Node | null;

/** Rules by primitive, in the order in which they are tried. */
export type RuleTable = Readonly<Partial<Record<OpName, readonly Rule[]>>>;

/** Operand `index` of a node. */
export function operandOf(node: Node, index: number): Node {
  return at(node.inputs, index);
}

/**
 * For a reshape that only adds and drops axes of extent 1: the operand's axis behind each axis of the result, null for those of extent 1.
 * Null when the reshape does more.
 */
export function axesKept(from: readonly number[], to: readonly number[]): (number | null)[] | null {
  const solid = (shape: readonly number[]) => shape.filter((extent) => extent !== 1);
  if (!sameShape(solid(from), solid(to))) return null;
  const sources = from.flatMap((extent, axis) => (extent === 1 ? [] : [axis]));
  let next = 0;
  return to.map((extent) => (extent === 1 ? null : at(sources, next++)));
}

/** How far {@link alwaysFinite} looks. */
const FINITE_DEPTH = 12;

/** Whether no value of the inputs can make an element infinite or NaN, as far as can be seen cheaply. */
export function alwaysFinite(node: Node, depth = FINITE_DEPTH): boolean {
  if (node.dtype !== "f32") return true;
  if (depth === 0) return false;
  switch (node.op) {
    case "constant":
      return Number.isFinite(node.attributes.value);
    case "random":
      return true;
    case "cast":
      return alwaysFinite(operandOf(node, 0), depth - 1);
    case "reshape":
    case "transpose":
    case "broadcast":
    case "slice":
    case "pad":
    case "concat":
    case "negate":
    case "absolute":
    case "where":
      return node.inputs.every((input) => alwaysFinite(input, depth - 1));
    default:
      return false;
  }
}
