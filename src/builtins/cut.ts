/** Functions that cut pieces from an axis or move along it. */
import { at } from "../base/invariant.ts";
import { dimConstant } from "../types/dim.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { axisOf } from "../types/tensor-type.ts";
import type { BuildContext, RaggedLengths, TensorValue } from "./build-context.ts";
import { type Builtin, type BuiltinArguments, type BuiltinProblem, x } from "./builtin.ts";
import {
  axisPlace,
  chosenAxis,
  derived,
  dimArguments,
  filled,
  problem,
  replaced,
  requireElement,
  tensorArgument,
} from "./values.ts";

const axis = { name: "axis", kind: "axis", optional: false } as const;

function sliceRange(from: number, size: number, extent: number): BuiltinProblem {
  return problem(
    "slice-range",
    "Slice leaves the axis",
    "size",
    `${from} + ${size}`,
    `The axis has ${extent} elements; the slice would end at ${from + size}.`,
  );
}

const slice: Builtin = {
  name: "slice",
  usage: "slice(x, axis, from, size)",
  doc: "`size` neighbouring elements of an axis, from position `from` on.",
  parameters: [
    x,
    axis,
    { name: "from", kind: "size", optional: false },
    { name: "size", kind: "size", optional: false },
  ],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const place = chosenAxis(inputs, type);
    if (typeof place !== "number") return place;
    const size = at(dimArguments(inputs, "size") ?? [], 0);
    const from = dimConstant(at(dimArguments(inputs, "from") ?? [], 0));
    const whole = at(type.axes, place);
    const [known, wanted] = [whole.kind === "axis" ? dimConstant(whole.dim) : null, dimConstant(size)];
    if (known !== null && wanted !== null && from !== null && from + wanted > known)
      return sliceRange(from, wanted, known);
    return { ...type, axes: replaced(type.axes, place, 1, [axisOf(size)]) };
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const place = axisPlace(value.type, inputs.dim("axis").key);
    const [from, size] = [inputs.number("from"), context.size(inputs.dim("size"))];
    const extent = at(value.node.shape, place);
    if (from + size > extent) context.reject(sliceRange(from, size, extent));
    const node = context.g.sliceAxis(value.node, place, from, size);
    const { key } = inputs.dim("axis");
    const flags = value.presence.get(key);
    if (flags === undefined) return derived(result as TensorType, node, [value]);
    const present = new Set([...flags].map((each) => context.g.sliceAxis(each, 0, from, size)));
    const moved = new Map([[key, { key: inputs.dim("size").key, present }]]);
    return derived(result as TensorType, node, [value], moved);
  },
};

/** Positions along the ragged or full axis at `place` that hold each row's last element, as a bool tensor that broadcasts to the value. */
function lastMask(context: BuildContext, value: TensorValue, place: number, lengths: RaggedLengths) {
  const { g } = context;
  const shape = value.node.shape.map(() => 1);
  const rows = axisPlace(value.type, lengths.along.key);
  const positions = g.reshape(
    g.iota([at(value.node.shape, place)], 0),
    shape.map((_, index) => (index === place ? at(value.node.shape, place) : 1)),
  );
  const last = g.reshape(
    g.sub(lengths.lengths, 1),
    shape.map((_, index) => (index === rows ? at(value.node.shape, rows) : 1)),
  );
  return g.equal(positions, last);
}

function withoutAxis(inputs: BuiltinArguments): TensorType | BuiltinProblem {
  const type = tensorArgument(inputs, "x");
  const place = chosenAxis(inputs, type);
  return typeof place === "number" ? { ...type, axes: replaced(type.axes, place, 1, []) } : place;
}

const last: Builtin = {
  name: "last",
  usage: "last(x, axis)",
  doc: "The last element along an axis; on a ragged axis every row's own last one (0 for an empty row).",
  parameters: [x, axis],
  type: withoutAxis,
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const { g } = context;
    const key = inputs.dim("axis").key;
    const place = axisPlace(value.type, key);
    const lengths = value.ragged.get(key);
    const extent = at(value.node.shape, place);
    const shape = value.node.shape.filter((_, index) => index !== place);
    if (lengths === undefined)
      return derived(result as TensorType, g.reshape(g.sliceAxis(value.node, place, extent - 1, 1), shape), [
        value,
      ]);
    const mask = g.broadcastTo(lastMask(context, value, place, lengths), value.node.shape);
    return derived(result as TensorType, g.sum(g.where(mask, value.node, 0), [place]), [value]);
  },
};

const element: Builtin = {
  name: "at",
  usage: "at(x, axis, index)",
  doc: "One element along an axis, counted from 0.",
  parameters: [x, axis, { name: "index", kind: "size", optional: false }],
  type: withoutAxis,
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const place = axisPlace(value.type, inputs.dim("axis").key);
    const [index, extent] = [inputs.number("index"), at(value.node.shape, place)];
    if (index >= extent)
      context.reject(
        problem(
          "slice-range",
          "No such element",
          "index",
          `this is element ${index}`,
          `The axis has ${extent} elements, counted from 0.`,
        ),
      );
    const shape = value.node.shape.filter((_, other) => other !== place);
    const cut = context.g.sliceAxis(value.node, place, index, 1);
    return derived(result as TensorType, context.g.reshape(cut, shape), [value]);
  },
};

const flip: Builtin = {
  name: "flip",
  usage: "flip(x, axis)",
  doc: "The elements of an axis in the opposite order; on a ragged axis every row turns within its own length.",
  parameters: [x, axis],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const place = chosenAxis(inputs, type);
    return typeof place === "number" ? type : place;
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const { g } = context;
    const key = inputs.dim("axis").key;
    const place = axisPlace(value.type, key);
    const lengths = value.ragged.get(key);
    const extent = at(value.node.shape, place);
    // Rows first, then the turned axis, as the rows of one long table that is read at computed positions.
    const outer = value.node.shape.slice(0, place);
    const outerCount = outer.reduce((product, size) => product * size, 1);
    const rest = value.node.shape.slice(place + 1);
    const positions = g.iota([outerCount, extent], 1);
    const ends =
      lengths === undefined
        ? g.full([outerCount, extent], extent, "i32")
        : perRow(context, value, lengths, outer, extent);
    const turned = g.where(g.less(positions, ends), g.sub(g.sub(ends, 1), positions), positions);
    const index = g.add(g.mul(g.iota([outerCount, extent], 0), extent), turned);
    const table = g.reshape(value.node, [outerCount * extent, ...rest]);
    return derived(result as TensorType, g.reshape(g.take(table, index), value.node.shape), [value]);
  },
};

/** Lengths spread over all axes before the turned one and over its positions: i32[outer, extent]. */
function perRow(
  context: BuildContext,
  value: TensorValue,
  lengths: RaggedLengths,
  outer: readonly number[],
  extent: number,
) {
  const { g } = context;
  const rows = axisPlace(value.type, lengths.along.key);
  const spread = g.broadcastTo(
    g.reshape(
      lengths.lengths,
      outer.map((size, index) => (index === rows ? size : 1)),
    ),
    outer,
  );
  const count = outer.reduce((product, size) => product * size, 1);
  return g.broadcastTo(g.reshape(spread, [count, 1]), [count, extent]);
}

const shift: Builtin = {
  name: "shift",
  usage: "shift(x, axis, by)",
  doc: "Moves the elements of an axis `by` places on (back when negative); 0 comes in at the end that is left. Padding moves as 0.",
  parameters: [x, axis, { name: "by", kind: "number", optional: false }],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const place = chosenAxis(inputs, type);
    if (typeof place !== "number") return place;
    const by = inputs.get("by");
    if (by?.kind === "number" && by.value !== null && !Number.isInteger(by.value))
      return problem(
        "number-range",
        "Number out of range",
        "by",
        `this is ${by.value}`,
        "Elements move by whole places.",
      );
    return requireElement(type, ["f32"], "x") ?? type;
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const { g } = context;
    const { key } = inputs.dim("axis");
    const place = axisPlace(value.type, key);
    const extent = at(value.node.shape, place);
    const by = inputs.number("by");
    if (Math.abs(by) >= extent) return derived(result as TensorType, g.zerosLike(value.node), [value]);
    const kept = g.sliceAxis(
      filled(value, context, 0, new Set([key])),
      place,
      Math.max(0, -by),
      extent - Math.abs(by),
    );
    const around = (count: number) => value.node.shape.map((_, index) => (index === place ? count : 0));
    const node = g.pad(kept, around(Math.max(0, by)), around(Math.max(0, -by)));
    return derived(result as TensorType, node, [value]);
  },
};

export const cuts: readonly Builtin[] = [slice, last, element, flip, shift];
