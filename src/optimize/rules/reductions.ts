/** Rules of reductions: do not walk over what is repeated, and not twice over what can be walked over once. */
import { at } from "../../base/invariant.ts";
import type { Node, NodeOf } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import { uniformValue } from "../../ir/graph-walk.ts";
import { axesKept, operandOf, type Rule, type RuleTable } from "./rule.ts";

function reduce(g: GraphBuilder, op: "sum" | "max", x: Node, axes: readonly number[]): Node {
  return op === "sum" ? g.sum(x, axes, { keep: true }) : g.max(x, axes, { keep: true });
}

function isReduction(node: Node): node is NodeOf<"sum"> | NodeOf<"max"> {
  return node.op === "sum" || node.op === "max";
}

/** Axes of extent 1 need no reduction. */
const dropUnitAxes: Rule = (g, node) => {
  if (!isReduction(node)) return null;
  const x = operandOf(node, 0);
  const axes = node.attributes.axes.filter((axis) => at(x.shape, axis) !== 1);
  return axes.length === node.attributes.axes.length ? null : reduce(g, node.op, x, axes);
};

/** Over repeated elements a sum is a product and a maximum is the element. */
const reduceBroadcast: Rule = (g, node) => {
  if (!isReduction(node)) return null;
  const spread = operandOf(node, 0);
  if (spread.op !== "broadcast") return null;
  const x = operandOf(spread, 0);
  const repeated = node.attributes.axes.filter((axis) => at(x.shape, axis) !== at(spread.shape, axis));
  if (repeated.length === 0) return null;
  const rest = reduce(
    g,
    node.op,
    x,
    node.attributes.axes.filter((axis) => !repeated.includes(axis)),
  );
  const count = repeated.reduce((product, axis) => product * at(spread.shape, axis), 1);
  return g.broadcastTo(node.op === "sum" ? g.mul(rest, count) : rest, node.shape);
};

/** A reduction of a reduction, of the same kind. */
const reduceTwice: Rule = (g, node) => {
  if (!isReduction(node)) return null;
  const inner = operandOf(node, 0);
  if (!isReduction(inner) || inner.op !== node.op) return null;
  return reduce(g, node.op, operandOf(inner, 0), [...inner.attributes.axes, ...node.attributes.axes]);
};

/** Reductions move inwards through reshapes that only add or drop axes of extent 1. */
const reduceReshape: Rule = (g, node) => {
  if (!isReduction(node)) return null;
  const view = operandOf(node, 0);
  const kept = view.op === "reshape" ? axesKept(operandOf(view, 0).shape, view.shape) : null;
  if (kept === null) return null;
  const axes = node.attributes.axes.flatMap((axis) => kept[axis] ?? []);
  return g.reshape(reduce(g, node.op, operandOf(view, 0), axes), node.shape);
};

/** sum(x * constant): one operation on the result instead of one on every element. Signs stay inside: what is negated is mostly needed elsewhere too. */
const sumOfScaled: Rule = (g, node) => {
  if (node.op !== "sum" || node.dtype !== "f32") return null;
  const x = operandOf(node, 0);
  const factor = x.op === "multiply" ? uniformValue(operandOf(x, 1)) : null;
  return factor === null ? null : g.mul(reduce(g, "sum", operandOf(x, 0), node.attributes.axes), factor);
};

const both = [dropUnitAxes, reduceBroadcast, reduceTwice, reduceReshape];

export const reductionRules: RuleTable = { sum: [...both, sumOfScaled], max: both };
