/** Functions of the order of elements: sorting, the largest ones, medians. Equal elements keep their order; padding and absent rows come last. */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import type { Dim } from "../types/dim.ts";
import { dimConstant, dimsEqual } from "../types/dim.ts";
import type { AxisType, RecordType, TensorType } from "../types/tensor-type.ts";
import { alignAxes, axisOf, formatType, tensorType } from "../types/tensor-type.ts";
import type { BuildContext, TensorValue } from "./build-context.ts";
import {
  type BuildArguments,
  type Builtin,
  type BuiltinArguments,
  type BuiltinProblem,
  x,
} from "./builtin.ts";
import { withoutAxis } from "./contraction.ts";
import { reducedAxes, remainingAxes } from "./reductions.ts";
import {
  axisKey,
  axisPlace,
  chosenAxis,
  derived,
  dimArguments,
  filled,
  LOWEST,
  type MovedAxis,
  participation,
  placeOn,
  problem,
  replaced,
  requireElement,
  sameAxes,
  tensorArgument,
} from "./values.ts";

const axis = { name: "axis", kind: "axis", optional: true } as const;
const descending = { name: "descending", kind: "flag", optional: true } as const;

/** A tensor type and one of its axes. */
interface OrderedType {
  readonly type: TensorType;
  readonly place: number;
  readonly dim: Dim;
  readonly ragged: boolean;
}

/** The tensor and the axis whose elements are compared. */
function orderedType(inputs: BuiltinArguments): OrderedType | BuiltinProblem {
  const type = tensorArgument(inputs, "x");
  const wrong = requireElement(type, ["f32"], "x");
  if (wrong !== null) return wrong;
  const place = chosenAxis(inputs, type);
  if (typeof place !== "number") return place;
  const own = at(type.axes, place);
  if (own.kind === "axis") return { type, place, dim: own.dim, ragged: own.ragged };
  return problem(
    "unknown-axis",
    "No such axis",
    "x",
    formatType(type),
    "The last axis is `..` here, which stands for any number of axes. Name an axis behind it in the signature.",
  );
}

/** As {@link orderedType}, for functions that move elements. */
function sortedType(inputs: BuiltinArguments): OrderedType | BuiltinProblem {
  const found = orderedType(inputs);
  if ("kind" in found) return found;
  const { type, place } = found;
  if (place > 0 || !type.axes.some((other) => other.kind === "axis" && other.ragged)) return found;
  return problem(
    "ragged-sort",
    "Rows of a ragged tensor",
    "x",
    formatType(type),
    "The lengths of a ragged axis belong to the rows, so the rows cannot change their order here.",
  );
}

/** The place of the `axis` argument in a value, or the last one. */
function orderedPlace(inputs: BuildArguments, { type }: TensorValue): number {
  return inputs.has("axis") ? axisPlace(type, inputs.dim("axis").key) : type.axes.length - 1;
}

/** A value with one axis moved to the end, and which of its elements take part along it. */
interface Arranged {
  readonly node: Node;
  readonly mask: Node | null;
  readonly place: number;
  readonly key: string;
}

function arranged(context: BuildContext, inputs: BuildArguments, value: TensorValue): Arranged {
  const place = orderedPlace(inputs, value);
  const key = axisKey(at(value.type.axes, place));
  const mask = participation(value, context, new Set([key]));
  const last = (node: Node) => moveAxis(context.g, node, place, node.shape.length - 1);
  return { node: last(value.node), mask: mask === null ? null : last(mask), place, key };
}

function moveAxis(g: GraphBuilder, node: Node, from: number, to: number): Node {
  const others = node.shape.map((_, place) => place).filter((place) => place !== from);
  return g.transpose(node, [...others.slice(0, to), from, ...others.slice(to)]);
}

function orderOf({ g }: BuildContext, { node, mask }: Arranged, isDescending: boolean): Node {
  return g.argsort(isDescending ? g.neg(node) : node, mask ?? undefined);
}

/** A tensor with the sorted elements along the axis at `place`: the valid ones stand first, so that their number is all that is left of which were valid. */
function sortedValue(
  { g }: BuildContext,
  type: TensorType,
  node: Node,
  value: TensorValue,
  { place, key, mask }: Arranged,
): TensorValue {
  const own = axisKey(at(type.axes, place));
  const size = at(node.shape, place);
  const moved = new Map<string, MovedAxis>();
  if (value.presence.has(key) && mask !== null) {
    const count = g.sum(g.cast(g.reshape(mask, [at(mask.shape, -1)]), "i32"));
    moved.set(key, { key: own, present: new Set([g.less(g.iota([size], 0), count)]) });
  }
  const made = derived(type, node, [value], moved);
  const lengths = value.ragged.get(key);
  if (lengths === undefined) return made;
  const shorter = { ...lengths, lengths: g.minimum(lengths.lengths, size) };
  return { ...made, ragged: new Map([...made.ragged, [own, shorter]]) };
}

const sort: Builtin = {
  name: "sort",
  usage: "sort(x, axis?, descending?)",
  doc: "The elements of an axis (the last one if none is given) in ascending order, each row by itself. Padding stays behind the valid elements. The gradient goes back to where an element came from.",
  parameters: [x, axis, descending],
  type: (inputs) => {
    const found = sortedType(inputs);
    return "kind" in found ? found : found.type;
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const along = arranged(context, inputs, value);
    const order = orderOf(context, along, inputs.flag("descending", false));
    const { g } = context;
    const node = moveAxis(g, g.gather(along.node, order), order.shape.length - 1, along.place);
    return sortedValue(context, result as TensorType, node, value, along);
  },
};

const argsort: Builtin = {
  name: "argsort",
  usage: "argsort(x, axis?, descending?)",
  doc: "The positions of the elements of an axis in ascending order of the elements; equal ones keep their order. Whole numbers, for `gather`; no gradient.",
  parameters: [x, axis, descending],
  type: (inputs) => {
    const found = sortedType(inputs);
    return "kind" in found ? found : tensorType("ids", found.type.axes, found.dim);
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const along = arranged(context, inputs, value);
    const order = orderOf(context, along, inputs.flag("descending", false));
    const node = moveAxis(context.g, order, order.shape.length - 1, along.place);
    return sortedValue(context, result as TensorType, node, value, along);
  },
};

const topK: Builtin = {
  name: "top_k",
  usage: "top_k(x, count, axis?)",
  doc: "The `count` largest elements of an axis, the largest first: `values`, and their `positions` as whole numbers. Of equal ones the first counts as larger. A ragged axis stays ragged: a shorter row has fewer.",
  parameters: [x, { name: "count", kind: "size", optional: false }, axis],
  type: (inputs) => {
    const found = sortedType(inputs);
    if ("kind" in found) return found;
    const count = at(dimArguments(inputs, "count") ?? [], 0);
    const [wanted, size] = [dimConstant(count), dimConstant(found.dim)];
    if (wanted !== null && (wanted < 1 || (size !== null && wanted > size)))
      return problem(
        "number-range",
        "Number out of range",
        "count",
        `this is ${wanted}`,
        size === null
          ? "`count` must be at least 1."
          : `\`count\` must lie between 1 and the ${size} elements of the axis.`,
      );
    const axes = replaced(found.type.axes, found.place, 1, [axisOf(count, found.ragged)]);
    const fields: [string, TensorType][] = [
      ["values", tensorType("f32", axes)],
      ["positions", tensorType("ids", axes, found.dim)],
    ];
    return { kind: "record", fields: new Map(fields) };
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const along = arranged(context, inputs, value);
    const { g } = context;
    const order = g.sliceAxis(orderOf(context, along, true), -1, 0, inputs.number("count"));
    const parts = { values: g.gather(along.node, order), positions: order };
    const { fields } = result as RecordType;
    return new Map(
      [...fields].map(([name, type]) => {
        const part = name === "values" ? parts.values : parts.positions;
        const node = moveAxis(g, part, part.shape.length - 1, along.place);
        return [name, sortedValue(context, type, node, value, along)];
      }),
    );
  },
};

function extreme(name: "argmax" | "argmin"): Builtin {
  const word = name === "argmax" ? "largest" : "smallest";
  return {
    name,
    usage: `${name}(x, axis?)`,
    doc: `The position of the ${word} element of an axis (the last one if none is given), the first of equal ones, as a whole number; 0 where nothing takes part. No gradient.`,
    parameters: [x, axis],
    type: (inputs) => {
      const found = orderedType(inputs);
      return "kind" in found ? found : tensorType("ids", withoutAxis(found.type, found.place), found.dim);
    },
    build: (context, inputs, result) => {
      const value = inputs.tensor("x");
      const { g } = context;
      const place = orderedPlace(inputs, value);
      const keys = new Set([axisKey(at(value.type.axes, place))]);
      const sign = name === "argmax" ? 1 : -1;
      const bounded = filled(value, context, sign * LOWEST, keys);
      const raised = sign === 1 ? bounded : g.neg(bounded);
      const winners = g.equal(raised, g.max(raised, [place], { keep: true }));
      // The first position is the one with most behind it.
      const last = at(raised.shape, place) - 1;
      const behind = g.sub(last, g.iota(raised.shape, place));
      const node = g.sub(last, g.max(g.where(winners, behind, 0), [place]));
      return derived(result as TensorType, node, [value]);
    },
  };
}

const gather: Builtin = {
  name: "gather",
  usage: "gather(x, ids)",
  doc: "From the last axis of x, row by row, the elements that whole numbers name: `gather(y, argsort(x))` is y in the order of x.",
  parameters: [x, { name: "ids", kind: "tensor", optional: false }],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const ids = tensorArgument(inputs, "ids");
    const wrong = requireElement(type, ["f32"], "x") ?? requireElement(ids, ["ids", "class"], "ids");
    if (wrong !== null) return wrong;
    const last = type.axes.at(-1);
    const fits =
      last?.kind === "axis" &&
      ids.axes.length > 0 &&
      ids.bound !== null &&
      dimsEqual(last.dim, ids.bound) &&
      sameAxes(type.axes.slice(0, -1), ids.axes.slice(0, -1));
    if (fits) return tensorType("f32", ids.axes);
    return problem(
      "shape-mismatch",
      "Sizes do not agree",
      "ids",
      formatType(ids),
      `The last axis of the first must be the bound of the second, and all axes before the last must agree:\n\n    ${formatType(type)}\n    ${formatType(ids)}`,
    );
  },
  build: (context, inputs, result) => {
    const [value, ids] = [inputs.tensor("x"), inputs.tensor("ids")];
    return derived(result as TensorType, context.g.gather(value.node, ids.node), [ids, value]);
  },
};

/** The mean of the two middle elements of every row, which may be one and the same; 0 for a row without any. */
export function middle(g: GraphBuilder, rows: Node, mask: Node | null): Node {
  const width = at(rows.shape, -1);
  const lead = rows.shape.slice(0, -1);
  const order = g.argsort(rows, mask ?? undefined);
  const single = [...lead, 1];
  const count =
    mask === null
      ? g.full(single, width, "i32")
      : g.sum(g.cast(g.broadcastTo(mask, rows.shape), "i32"), [-1], { keep: true });
  const element = (place: Node) => g.gather(rows, g.gather(order, place));
  const upper = element(g.integerDivide(count, 2));
  const lower = element(g.integerDivide(g.maximum(g.sub(count, 1), 0), 2));
  const mean = g.mul(g.add(lower, upper), 0.5);
  return g.reshape(mask === null ? mean : g.where(g.less(0, count), mean, 0), lead);
}

const median: Builtin = {
  name: "median",
  usage: "median(x, axis?, among?)",
  doc: "Middle element along an axis, several axes, or of everything; of an even number of elements the mean of the two in the middle. `among` (bool) leaves out where it is false. The gradient goes to the elements that were chosen.",
  parameters: [
    x,
    { name: "axis", kind: "axes", optional: true },
    { name: "among", kind: "tensor", optional: true },
  ],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const wrong = requireElement(type, ["f32"], "x");
    if (wrong !== null) return wrong;
    if (inputs.has("among")) {
      const among = tensorArgument(inputs, "among");
      const other = requireElement(among, ["bool"], "among");
      if (other !== null) return other;
      if (!fitsOn(among, type.axes))
        return problem(
          "shape-mismatch",
          "Sizes do not agree",
          "among",
          formatType(among),
          `\`among\` must fit the tensor that it selects from:\n\n    ${formatType(type)}\n    ${formatType(among)}`,
        );
    }
    const axes = remainingAxes(inputs);
    return "kind" in axes ? axes : tensorType("f32", axes);
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const { g } = context;
    const { places, keys } = reducedAxes(inputs, value);
    const masks = [
      participation(value, context, keys),
      inputs.has("among") ? placeOn(inputs.tensor("among"), value.type.axes, context) : null,
    ].filter((mask) => mask !== null);
    const kept = value.node.shape.map((_, place) => place).filter((place) => !places.includes(place));
    const shape = [
      ...kept.map((place) => at(value.node.shape, place)),
      elementCount(places.map((place) => at(value.node.shape, place))),
    ];
    const rows = (node: Node) => g.reshape(g.transpose(node, [...kept, ...places]), shape);
    const mask =
      masks.length === 0
        ? null
        : rows(
            g.broadcastTo(
              masks.reduce((all, part) => g.and(all, part)),
              value.node.shape,
            ),
          );
    return derived(result as TensorType, middle(g, rows(value.node), mask), [value]);
  },
};

function fitsOn(type: TensorType, axes: readonly AxisType[]): boolean {
  return alignAxes(axes, type.axes)?.axes.length === axes.length;
}

export const order: readonly Builtin[] = [
  sort,
  argsort,
  topK,
  extreme("argmax"),
  extreme("argmin"),
  gather,
  median,
];
