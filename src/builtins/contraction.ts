/** `dot`: the product that sums over a shared axis. By axis names it covers matrix products, batched products and attention. */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import { formatDim } from "../types/dim.ts";
import type { AxisType, TensorType } from "../types/tensor-type.ts";
import { formatType, sameAxis, tensorType } from "../types/tensor-type.ts";
import type { BuildContext, TensorValue } from "./build-context.ts";
import type { Builtin, BuiltinProblem } from "./builtin.ts";
import {
  axisKey,
  axisPlace,
  derived,
  dimArguments,
  filled,
  findAxis,
  participation,
  problem,
  requireElement,
  tensorArgument,
} from "./values.ts";

/** Axes that are left when one is summed. Raggedness is counted along the first axis, so it ends when that one goes. */
export function withoutAxis(type: TensorType, summed: number): readonly AxisType[] {
  const left = type.axes.filter((_, place) => place !== summed);
  return summed === 0 ? left.map((axis) => (axis.kind === "axis" ? { ...axis, ragged: false } : axis)) : left;
}

/** Axes of the result: those of `a`, then those that only `b` has, without the summed one. */
function resultAxes(a: TensorType, b: TensorType, summedA: number, summedB: number): readonly AxisType[] {
  const left = withoutAxis(a, summedA);
  const right = withoutAxis(b, summedB);
  const merged = left.map((axis): AxisType => {
    const other = right.find((candidate) => sameAxis(candidate, axis));
    return axis.kind === "axis" && other?.kind === "axis"
      ? { ...axis, ragged: axis.ragged || other.ragged }
      : axis;
  });
  return [...merged, ...right.filter((axis) => !left.some((other) => sameAxis(other, axis)))];
}

function repeatedAxis(type: TensorType, parameter: string): BuiltinProblem | null {
  const twice = type.axes.find((axis, place) =>
    type.axes.some((other, index) => index < place && sameAxis(axis, other)),
  );
  if (twice === undefined) return null;
  return problem(
    "ambiguous-axis",
    "Axis stands twice",
    parameter,
    formatType(type),
    `\`dot\` pairs axes by their names, but ${formatType(type)} has one name twice.`,
    "Give one of them another name with `rename`.",
  );
}

/** Permutes and merges axes into [batch..., first, second]. */
function arrange(
  g: GraphBuilder,
  node: Node,
  batch: readonly number[],
  first: readonly number[],
  second: readonly number[],
): Node {
  const moved = g.transpose(node, [...batch, ...first, ...second]);
  const size = (places: readonly number[]) => elementCount(places.map((place) => at(node.shape, place)));
  return g.reshape(moved, [...batch.map((place) => at(node.shape, place)), size(first), size(second)]);
}

function multiply(
  context: BuildContext,
  a: TensorValue,
  b: TensorValue,
  key: string,
  result: TensorType,
): Node {
  const { g } = context;
  const places = (value: TensorValue, keep: (key: string) => boolean) =>
    value.type.axes.flatMap((axis, place) => (axisKey(axis) !== key && keep(axisKey(axis)) ? [place] : []));
  const shared = new Set(
    a.type.axes.map(axisKey).filter((name) => name !== key && axisPlace(b.type, name) >= 0),
  );
  const batchA = places(a, (name) => shared.has(name));
  const batchB = batchA.map((place) => axisPlace(b.type, axisKey(at(a.type.axes, place))));
  const onlyA = places(a, (name) => !shared.has(name));
  const onlyB = places(b, (name) => !shared.has(name));
  const summed = new Set([key]);
  // One operand without padding is enough: a product with 0 is 0 and sends no gradient to the padding of the other.
  const maskedA = participation(a, context, summed) !== null;
  const left = filled(a, context, 0, summed);
  const right = maskedA && sameParticipation(a, b, key) ? b.node : filled(b, context, 0, summed);
  const product = g.matmul(
    arrange(g, left, batchA, onlyA, [axisPlace(a.type, key)]),
    arrange(g, right, batchB, [axisPlace(b.type, key)], onlyB),
  );
  const order = [
    ...batchA.map((place) => axisKey(at(a.type.axes, place))),
    ...onlyA.map((place) => axisKey(at(a.type.axes, place))),
    ...onlyB.map((place) => axisKey(at(b.type.axes, place))),
  ];
  const extents = [...batchA, ...onlyA]
    .map((place) => at(a.node.shape, place))
    .concat(onlyB.map((place) => at(b.node.shape, place)));
  const wanted = result.axes.map((axis) => order.indexOf(axisKey(axis)));
  return g.transpose(g.reshape(product, extents), wanted);
}

/** Whether the same elements of the summed axis take part on both sides. */
function sameParticipation(a: TensorValue, b: TensorValue, key: string): boolean {
  const presenceA = a.presence.get(key);
  const presenceB = b.presence.get(key);
  const covered = [...(presenceB ?? [])].every((node) => presenceA?.has(node) === true);
  const raggedB = b.ragged.get(key);
  return covered && (raggedB === undefined || a.ragged.get(key)?.lengths === raggedB.lengths);
}

export const dot: Builtin = {
  name: "dot",
  usage: "dot(a, b, axis)",
  doc: "Sum over `axis` of the products of a and b. Axes that both have are kept and paired by name; the others are all combined.",
  parameters: [
    { name: "a", kind: "tensor", optional: false },
    { name: "b", kind: "tensor", optional: false },
    { name: "axis", kind: "axis", optional: false },
  ],
  type: (inputs) => {
    const a = tensorArgument(inputs, "a");
    const b = tensorArgument(inputs, "b");
    const wrong =
      requireElement(a, ["f32"], "a") ??
      requireElement(b, ["f32"], "b") ??
      repeatedAxis(a, "a") ??
      repeatedAxis(b, "b");
    if (wrong !== null) return wrong;
    const dim = at(dimArguments(inputs, "axis") ?? [], 0);
    const summedA = findAxis(a, dim, "a", formatDim(dim));
    if (typeof summedA !== "number") return summedA;
    const summedB = findAxis(b, dim, "b", formatDim(dim));
    if (typeof summedB !== "number") return summedB;
    return tensorType("f32", resultAxes(a, b, summedA, summedB));
  },
  build: (context, inputs, result) => {
    const a = inputs.tensor("a");
    const b = inputs.tensor("b");
    const type = result as TensorType;
    return derived(type, multiply(context, a, b, inputs.dim("axis").key, type), [a, b]);
  },
};
