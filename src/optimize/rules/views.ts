/**
 * Rules of views. Slices move towards what they read and broadcasts away from it, so that less is computed and equal views meet; a view that
 * moves no element becomes a reshape.
 */
import { at } from "../../base/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import { uniformValue } from "../../ir/graph-walk.ts";
import { axesKept, operandOf, type Rule, type RuleTable } from "./rule.ts";

/** A view of a constant is the constant, spread over the shape. */
const viewOfConstant: Rule = (g, node) => {
  const isView =
    node.op === "reshape" || node.op === "transpose" || node.op === "slice" || node.op === "broadcast";
  const value = isView ? uniformValue(node) : null;
  const spread = value === null ? null : g.full(node.shape, value, node.dtype);
  return spread === node ? null : spread;
};

/** A transpose whose axes of extent above 1 keep their order moves nothing. */
const transposeAsReshape: Rule = (g, node) => {
  if (node.op !== "transpose") return null;
  const x = operandOf(node, 0);
  const moved = node.attributes.permutation.filter((axis) => at(x.shape, axis) !== 1);
  return moved.every((axis, index) => index === 0 || axis > at(moved, index - 1))
    ? g.reshape(x, node.shape)
    : null;
};

/** Broadcasts move outwards through reshapes that only add or drop axes of extent 1, transposes and slices. */
const broadcastOutwards: Rule = (g, node) => {
  const spread = node.inputs[0];
  if (spread?.op !== "broadcast") return null;
  const x = operandOf(spread, 0);
  if (node.op === "transpose") return g.broadcastTo(g.transpose(x, node.attributes.permutation), node.shape);
  if (node.op === "slice") {
    const { start, size } = node.attributes;
    const stretched = (axis: number) => at(x.shape, axis) === 1;
    const inner = g.slice(
      x,
      start.map((from, axis) => (stretched(axis) ? 0 : from)),
      size.map((extent, axis) => (stretched(axis) ? 1 : extent)),
    );
    return g.broadcastTo(inner, node.shape);
  }
  if (node.op !== "reshape") return null;
  const kept = axesKept(spread.shape, node.shape);
  if (kept === null) return null;
  const inner = g.reshape(
    x,
    kept.map((axis) => (axis === null ? 1 : at(x.shape, axis))),
  );
  return g.broadcastTo(inner, node.shape);
};

/** slice(transpose(x)) and slice(reshape(x)) where the reshape only adds or drops axes of extent 1. */
const sliceInwards: Rule = (g, node) => {
  if (node.op !== "slice") return null;
  const view = operandOf(node, 0);
  const { start, size } = node.attributes;
  if (view.op === "transpose") {
    const { permutation } = view.attributes;
    const place = (axis: number) => permutation.indexOf(axis);
    const inner = g.slice(
      operandOf(view, 0),
      permutation.map((_, axis) => at(start, place(axis))),
      permutation.map((_, axis) => at(size, place(axis))),
    );
    return g.transpose(inner, permutation);
  }
  if (view.op !== "reshape") return null;
  const x = operandOf(view, 0);
  const kept = axesKept(view.shape, x.shape);
  if (kept === null) return null;
  const inner = g.slice(
    x,
    kept.map((axis) => (axis === null ? 0 : at(start, axis))),
    kept.map((axis) => (axis === null ? 1 : at(size, axis))),
  );
  return g.reshape(inner, node.shape);
};

/** slice(pad(x)): what remains of x, what remains of the zeros. */
const sliceOfPad: Rule = (g, node) => {
  if (node.op !== "slice") return null;
  const padded = operandOf(node, 0);
  if (padded.op !== "pad") return null;
  const x = operandOf(padded, 0);
  const { start, size } = node.attributes;
  const { before } = padded.attributes;
  const low = start.map((from, axis) => Math.max(from, at(before, axis)));
  const high = start.map((from, axis) =>
    Math.min(from + at(size, axis), at(before, axis) + at(x.shape, axis)),
  );
  if (low.some((from, axis) => from >= at(high, axis))) return g.zerosLike(node);
  const rest = g.slice(
    x,
    low.map((from, axis) => from - at(before, axis)),
    low.map((from, axis) => at(high, axis) - from),
  );
  return g.pad(
    rest,
    low.map((from, axis) => from - at(start, axis)),
    high.map((to, axis) => at(start, axis) + at(size, axis) - to),
  );
};

/** slice(concat(parts)): the slices of the parts that it touches. */
const sliceOfConcat: Rule = (g, node) => {
  if (node.op !== "slice") return null;
  const joined = operandOf(node, 0);
  if (joined.op !== "concat") return null;
  const { axis } = joined.attributes;
  const { start, size } = node.attributes;
  const [from, to] = [at(start, axis), at(start, axis) + at(size, axis)];
  let position = 0;
  const touched = joined.inputs.flatMap((part) => {
    const extent = at(part.shape, axis);
    const [low, high] = [Math.max(from - position, 0), Math.min(to - position, extent)];
    position += extent;
    const replace = (box: readonly number[], value: number) =>
      box.map((own, index) => (index === axis ? value : own));
    return high > low ? [g.slice(part, replace(start, low), replace(size, high - low))] : [];
  });
  return g.concat(touched, axis);
};

const padOfPad: Rule = (g, node) => {
  if (node.op !== "pad") return null;
  const inner = operandOf(node, 0);
  if (inner.op !== "pad") return null;
  const { before, after } = inner.attributes;
  return g.pad(
    operandOf(inner, 0),
    node.attributes.before.map((count, axis) => count + at(before, axis)),
    node.attributes.after.map((count, axis) => count + at(after, axis)),
  );
};

/** Concatenations inside one another, and neighbouring slices of one tensor joined again. */
const mergeConcat: Rule = (g, node) => {
  if (node.op !== "concat") return null;
  const { axis } = node.attributes;
  const flat = node.inputs.flatMap((part) =>
    part.op === "concat" && part.attributes.axis === axis ? part.inputs : [part],
  );
  const parts: Node[] = [];
  for (const part of flat) {
    const last = parts.at(-1);
    const joined = last === undefined ? null : neighbours(last, part, axis);
    if (joined === null) parts.push(part);
    else parts[parts.length - 1] = g.slice(operandOf(part, 0), joined.start, joined.size);
  }
  const same =
    parts.length === node.inputs.length && parts.every((part, index) => part === node.inputs[index]);
  return same ? null : g.concat(parts, axis);
};

/** The box that two slices of one tensor cover together, when the second begins where the first ends. */
function neighbours(a: Node, b: Node, axis: number): { start: number[]; size: number[] } | null {
  if (a.op !== "slice" || b.op !== "slice" || a.inputs[0] !== b.inputs[0]) return null;
  const [first, second] = [a.attributes, b.attributes];
  const fits = first.start.every((from, index) =>
    index === axis
      ? from + at(first.size, index) === at(second.start, index)
      : from === at(second.start, index),
  );
  if (!fits) return null;
  const size = first.size.map((extent, index) => (index === axis ? extent + at(second.size, index) : extent));
  return { start: [...first.start], size };
}

/** pad(a) + pad(b) with zeros exactly where the other one is: what the derivatives of neighbouring slices leave. */
const sumOfPads: Rule = (g, node) => {
  if (node.op !== "add") return null;
  const [a, b] = [operandOf(node, 0), operandOf(node, 1)];
  if (a.op !== "pad" || b.op !== "pad") return null;
  const ends = (padded: typeof a) =>
    padded.attributes.before.map((count, axis) => count + at(operandOf(padded, 0).shape, axis));
  const differing = a.attributes.before.flatMap((count, axis) =>
    count === at(b.attributes.before, axis) && at(ends(a), axis) === at(ends(b), axis) ? [] : [axis],
  );
  const [axis] = differing;
  if (axis === undefined || differing.length > 1) return null;
  const [first, second] = at(a.attributes.before, axis) < at(b.attributes.before, axis) ? [a, b] : [b, a];
  if (at(ends(first), axis) !== at(second.attributes.before, axis)) return null;
  const joined = g.concat([operandOf(first, 0), operandOf(second, 0)], axis);
  return g.pad(joined, first.attributes.before, second.attributes.after);
};

export const viewRules: RuleTable = {
  reshape: [viewOfConstant, broadcastOutwards],
  transpose: [viewOfConstant, transposeAsReshape, broadcastOutwards],
  broadcast: [viewOfConstant],
  slice: [viewOfConstant, broadcastOutwards, sliceInwards, sliceOfPad, sliceOfConcat],
  pad: [padOfPad],
  concat: [mergeConcat],
  add: [sumOfPads],
};
