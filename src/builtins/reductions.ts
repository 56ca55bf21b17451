/** Reductions: along an axis, several axes, everything, or over a list. Padding and absent rows never take part. */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { formatDim } from "../types/dim.ts";
import type { AxisType, TensorType } from "../types/tensor-type.ts";
import { tensorType } from "../types/tensor-type.ts";
import type { BuildContext, TensorValue } from "./build-context.ts";
import type { BuildArguments, Builtin, BuiltinArguments, BuiltinProblem } from "./builtin.ts";
import { overList } from "./elementwise.ts";
import {
  axisKey,
  axisPlace,
  derived,
  dimArguments,
  filled,
  findAxis,
  LOWEST,
  participation,
  requireElement,
  tensorArgument,
} from "./values.ts";

const parameters = [
  { name: "x", kind: "tensor", optional: false },
  { name: "axis", kind: "axes", optional: true },
] as const;

/** Axes that stay. Raggedness is counted along the first axis, so it ends when that one is reduced. */
export function remainingAxes(inputs: BuiltinArguments): readonly AxisType[] | BuiltinProblem {
  const type = tensorArgument(inputs, "x");
  const dims = dimArguments(inputs, "axis");
  if (dims === null) return [];
  const gone = new Set<number>();
  for (const dim of dims) {
    const place = findAxis(type, dim, "axis", formatDim(dim));
    if (typeof place !== "number") return place;
    gone.add(place);
  }
  const kept = type.axes.filter((_, place) => !gone.has(place));
  return gone.has(0) ? kept.map((axis) => (axis.kind === "axis" ? { ...axis, ragged: false } : axis)) : kept;
}

interface Reduced {
  readonly places: readonly number[];
  readonly keys: ReadonlySet<string>;
}

export function reducedAxes(inputs: BuildArguments, x: TensorValue): Reduced {
  const places = inputs.has("axis")
    ? inputs.dims("axis").map((dim) => axisPlace(x.type, dim.key))
    : x.type.axes.map((_, place) => place);
  return { places, keys: new Set(places.map((place) => axisKey(at(x.type.axes, place)))) };
}

function reduction(
  name: string,
  doc: string,
  build: (context: BuildContext, x: TensorValue, reduced: Reduced) => Node,
  list: Builtin | null,
): Builtin {
  return {
    name,
    usage: `${name}(x, axis?)`,
    doc,
    parameters,
    ...(list === null ? {} : { overList: list }),
    type: (inputs) => {
      const wrong = requireElement(
        tensorArgument(inputs, "x"),
        name === "count" ? ["f32", "ids", "class", "bool"] : ["f32"],
        "x",
      );
      if (wrong !== null) return wrong;
      const axes = remainingAxes(inputs);
      return "kind" in axes ? axes : tensorType("f32", axes);
    },
    build: (context, inputs, result) => {
      const x = inputs.tensor("x");
      return derived(result as TensorType, build(context, x, reducedAxes(inputs, x)), [x]);
    },
  };
}

const total = (context: BuildContext, x: TensorValue, { places, keys }: Reduced): Node =>
  context.g.sum(filled(x, context, 0, keys), places);

/** How many elements take part, per remaining element. */
export function participants(context: BuildContext, x: TensorValue, { places, keys }: Reduced): Node {
  const { g } = context;
  const mask = participation(x, context, keys);
  const everything = elementCount(places.map((place) => at(x.node.shape, place)));
  if (mask === null) return g.constant(everything);
  const counted = g.sum(g.cast(mask, "f32"), places);
  const seen = elementCount(places.map((place) => at(mask.shape, place)));
  return g.mul(counted, everything / seen);
}

const greatest = (context: BuildContext, x: TensorValue, { places, keys }: Reduced): Node =>
  context.g.max(filled(x, context, LOWEST, keys), places);

const least = (context: BuildContext, x: TensorValue, { places, keys }: Reduced): Node =>
  context.g.neg(context.g.max(context.g.neg(filled(x, context, -LOWEST, keys)), places));

const average = (context: BuildContext, x: TensorValue, reduced: Reduced): Node => {
  const { g } = context;
  const count = participants(context, x, reduced);
  // Where nothing takes part the mean is 0, so that an empty row can be masked later without a NaN in its gradient.
  const safe = participation(x, context, reduced.keys) === null ? count : g.maximum(count, 1);
  return g.div(total(context, x, reduced), safe);
};

const spread = (context: BuildContext, x: TensorValue, reduced: Reduced): Node => {
  const { g } = context;
  const centre = average(context, x, reduced);
  const kept = x.node.shape.map((extent, place) => (reduced.places.includes(place) ? 1 : extent));
  const deviation = g.sub(x.node, g.reshape(centre, kept));
  return average(context, { ...x, node: g.square(deviation) }, reduced);
};

/** As many numbers as the result has axes for, also where all rows count alike. */
const counted = (context: BuildContext, x: TensorValue, reduced: Reduced): Node => {
  const kept = x.node.shape.filter((_, place) => !reduced.places.includes(place));
  return context.g.broadcastTo(participants(context, x, reduced), kept);
};

const combine =
  (merge: (context: BuildContext, a: Node, b: Node) => Node) =>
  (context: BuildContext, parts: readonly Node[]) =>
    parts.reduce((all, part) => merge(context, all, part));

export const reductions: readonly Builtin[] = [
  reduction(
    "sum",
    "Sum along an axis, several axes, or of everything.",
    total,
    overList(
      "sum",
      "Sum of the tensors of a list.",
      combine(({ g }, a, b) => g.add(a, b)),
    ),
  ),
  reduction(
    "mean",
    "Mean along an axis, several axes, or of everything.",
    average,
    overList("mean", "Mean of the tensors of a list.", (context, parts) =>
      context.g.div(combine(({ g }, a, b) => g.add(a, b))(context, parts), parts.length),
    ),
  ),
  reduction(
    "max",
    "Largest element.",
    greatest,
    overList(
      "max",
      "Elementwise largest of a list.",
      combine(({ g }, a, b) => g.maximum(a, b)),
    ),
  ),
  reduction(
    "min",
    "Smallest element.",
    least,
    overList(
      "min",
      "Elementwise smallest of a list.",
      combine(({ g }, a, b) => g.minimum(a, b)),
    ),
  ),
  reduction("variance", "Mean squared deviation from the mean (divided by the count).", spread, null),
  reduction("count", "How many elements take part.", counted, null),
];
