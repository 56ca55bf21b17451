/** Functions that rename, split, join and cut axes. */
import { at, CompilerBug } from "../base/invariant.ts";
import type { Dim } from "../types/dim.ts";
import {
  dimAdd,
  dimConstant,
  dimMultiply,
  dimNumber,
  dimSymbol,
  dimsEqual,
  formatDim,
} from "../types/dim.ts";
import type { AxisType, TensorType } from "../types/tensor-type.ts";
import { axisOf, formatType, sameAxis, tensorType } from "../types/tensor-type.ts";
import type { BuildContext, RaggedLengths, TensorValue } from "./build-context.ts";
import type { Builtin, BuiltinArguments, BuiltinProblem } from "./builtin.ts";
import {
  axisPlace,
  derived,
  dimArguments,
  filled,
  findAxis,
  joinRagged,
  problem,
  sameAxes,
  tensorArgument,
  tensorArguments,
} from "./values.ts";

const x = { name: "x", kind: "tensor", optional: false } as const;
const axis = { name: "axis", kind: "axis", optional: false } as const;

function replaced(
  axes: readonly AxisType[],
  place: number,
  count: number,
  by: readonly AxisType[],
): AxisType[] {
  return [...axes.slice(0, place), ...by, ...axes.slice(place + count)];
}

/** The place of the `axis` argument, or the last one when it was left out. */
function chosenAxis(inputs: BuiltinArguments, type: TensorType): number | BuiltinProblem {
  const dims = dimArguments(inputs, "axis");
  if (dims !== null) {
    const dim = at(dims, 0);
    return findAxis(type, dim, "axis", formatDim(dim));
  }
  if (type.axes.length > 0) return type.axes.length - 1;
  return problem(
    "no-axis",
    "A scalar has no axis",
    "x",
    "this is a scalar",
    "A scalar has no axis to work along.",
  );
}

const rename: Builtin = {
  name: "rename",
  usage: "rename(x, B = J, …)",
  doc: "The same tensor with another name for some axes: a second, independent use of the same rows or steps.",
  parameters: [x, { name: "renames", kind: "renames", optional: false }],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const argument = inputs.get("renames");
    let axes = [...type.axes];
    for (const { from, to } of argument?.kind === "renames" ? argument.renames : []) {
      const place = findAxis(type, from, "renames", formatDim(from));
      if (typeof place !== "number") return place;
      if (place === 0 && type.axes.some((other) => other.kind === "axis" && other.ragged))
        return problem(
          "ragged-rename",
          "Rows of a ragged tensor",
          "x",
          formatType(type),
          "The lengths of a ragged axis belong to the rows, so the rows cannot get another name here.",
        );
      const old = at(axes, place);
      axes = replaced(axes, place, 1, [axisOf(dimSymbol(to), old.kind === "axis" && old.ragged)]);
    }
    return { ...type, axes };
  },
  build: (_context, inputs, result) => {
    const value = inputs.tensor("x");
    const presence = new Map(value.presence);
    const ragged = new Map<string, RaggedLengths>(value.ragged);
    for (const { from, to } of inputs.renames()) {
      const key = dimSymbol(to).key;
      const nodes = presence.get(from.key);
      const lengths = ragged.get(from.key);
      presence.delete(from.key);
      ragged.delete(from.key);
      if (nodes !== undefined) presence.set(key, nodes);
      if (lengths !== undefined) ragged.set(key, lengths);
    }
    return { kind: "tensor", type: result as TensorType, node: value.node, presence, ragged };
  },
};

const expand: Builtin = {
  name: "expand",
  usage: "expand(x, [B, J])",
  doc: "Repeats the tensor along the axes of the list that it lacks; the listed axes come first, the others behind them.",
  parameters: [x, { name: "axes", kind: "sizes", optional: false }],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const dims = dimArguments(inputs, "axes") ?? [];
    const own = (dim: Dim) =>
      type.axes.find((candidate) => candidate.kind === "axis" && dimsEqual(candidate.dim, dim));
    const rest = type.axes.filter(
      (candidate) => candidate.kind === "rest" || !dims.some((dim) => dimsEqual(dim, candidate.dim)),
    );
    return { ...type, axes: [...dims.map((dim) => own(dim) ?? axisOf(dim)), ...rest] };
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const type = result as TensorType;
    const { g } = context;
    const places = type.axes.map((wanted) => value.type.axes.findIndex((own) => sameAxis(own, wanted)));
    const moved = g.transpose(
      value.node,
      places.filter((place) => place >= 0),
    );
    const shape = places.map((place) => (place < 0 ? 1 : at(value.node.shape, place)));
    const full = type.axes.map((wanted) => (wanted.kind === "axis" ? context.size(wanted.dim) : 1));
    return derived(type, g.broadcastTo(g.reshape(moved, shape), full), [value]);
  },
};

const along: Builtin = {
  name: "along",
  usage: "along(x, like, axis)",
  doc: "Repeats every row of x along an axis of `like`, with the lengths that its rows have there; the new axis stands behind the first.",
  parameters: [
    x,
    { name: "like", kind: "tensor", optional: false },
    { name: "axis", kind: "size", optional: false },
  ],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const like = tensorArgument(inputs, "like");
    const dim = at(dimArguments(inputs, "axis") ?? [], 0);
    const place = findAxis(like, dim, "axis", formatDim(dim));
    if (typeof place !== "number") return place;
    const [rows] = type.axes;
    const [likeRows] = like.axes;
    if (rows === undefined || likeRows === undefined || !sameAxis(rows, likeRows) || place === 0)
      return problem(
        "shape-mismatch",
        "Sizes do not agree",
        "like",
        formatType(like),
        `Both must have the same first axis, the rows:\n\n    ${formatType(type)}\n    ${formatType(like)}`,
      );
    return { ...type, axes: replaced(type.axes, 1, 0, [at(like.axes, place)]) };
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const like = inputs.tensor("like");
    const type = result as TensorType;
    const steps = context.size(inputs.dim("axis"));
    const [rows = 1, ...rest] = value.node.shape;
    const { g } = context;
    const node = g.broadcastTo(g.reshape(value.node, [rows, 1, ...rest]), [rows, steps, ...rest]);
    return { ...derived(type, node, [value]), ragged: joinRagged([like], type.axes) };
  },
};

const split: Builtin = {
  name: "split",
  usage: "split(x, axis, into = [heads, width / heads])",
  doc: "One axis as several, whose product it must be.",
  parameters: [x, axis, { name: "into", kind: "sizes", optional: false }],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const place = chosenAxis(inputs, type);
    if (typeof place !== "number") return place;
    const parts = dimArguments(inputs, "into") ?? [];
    const whole = at(dimArguments(inputs, "axis") ?? [], 0);
    const product = parts.reduce((all, part) => dimMultiply(all, part), dimNumber(1));
    if (!dimsEqual(product, whole))
      return problem(
        "shape-mismatch",
        "Sizes do not agree",
        "into",
        `this is ${formatDim(product)}`,
        `The parts must multiply to \`${formatDim(whole)}\`; they give \`${formatDim(product)}\`.`,
      );
    return {
      ...type,
      axes: replaced(
        type.axes,
        place,
        1,
        parts.map((part) => axisOf(part)),
      ),
    };
  },
  build: (context, inputs, result) => reshaped(context, inputs.tensor("x"), result as TensorType),
};

const merge: Builtin = {
  name: "merge",
  usage: "merge(x, [heads, K])",
  doc: "Neighbouring axes as one, whose size is their product.",
  parameters: [x, { name: "axes", kind: "axes", optional: false }],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const dims = dimArguments(inputs, "axes") ?? [];
    const places: number[] = [];
    for (const dim of dims) {
      const place = findAxis(type, dim, "axes", formatDim(dim));
      if (typeof place !== "number") return place;
      places.push(place);
    }
    const first = at(places, 0);
    const ragged = places.some(
      (place) => at(type.axes, place).kind === "axis" && (at(type.axes, place) as { ragged: boolean }).ragged,
    );
    if (ragged || places.some((place, index) => place !== first + index))
      return problem(
        "merge-axes",
        "Axes cannot be merged",
        "axes",
        formatType(type),
        ragged
          ? "A ragged axis cannot be merged: its rows have different lengths."
          : "Axes that are merged must stand next to each other, in this order.",
      );
    const product = dims.reduce((all, dim) => dimMultiply(all, dim), dimNumber(1));
    return { ...type, axes: replaced(type.axes, first, places.length, [axisOf(product)]) };
  },
  build: (context, inputs, result) => reshaped(context, inputs.tensor("x"), result as TensorType),
};

function reshaped(context: BuildContext, value: TensorValue, type: TensorType): TensorValue {
  const shape = type.axes.map((wanted) => {
    if (wanted.kind === "rest") throw new CompilerBug("a value has an unresolved `..` axis");
    return context.size(wanted.dim);
  });
  return derived(type, context.g.reshape(value.node, shape), [value]);
}

const concat: Builtin = {
  name: "concat",
  usage: "concat(a, b, …)",
  doc: "Tensors behind one another along their last axis; the other axes must agree.",
  parameters: [{ name: "items", kind: "tensors", optional: false }],
  type: (inputs) => {
    const types = tensorArguments(inputs, "items");
    const first = types[0];
    if (first === undefined || first.axes.length === 0)
      return problem(
        "no-axis",
        "Nothing to join",
        "items",
        "no axis",
        "`concat` needs tensors with at least one axis.",
      );
    let total = dimNumber(0);
    for (const type of types) {
      const last = type.axes[type.axes.length - 1];
      if (
        last?.kind !== "axis" ||
        !sameAxes(type.axes.slice(0, -1), first.axes.slice(0, -1)) ||
        type.element !== "f32"
      )
        return problem(
          "shape-mismatch",
          "Sizes do not agree",
          "items",
          formatType(type),
          `All but the last axis must agree:\n\n${types.map((each) => `    ${formatType(each)}`).join("\n")}`,
        );
      if (last.ragged)
        return problem(
          "ragged-concat",
          "Ragged axis joined",
          "items",
          formatType(type),
          "Tensors cannot be joined along a ragged axis: every row ends elsewhere.",
        );
      total = dimAdd(total, last.dim);
    }
    return tensorType("f32", [...first.axes.slice(0, -1), axisOf(total)]);
  },
  build: (context, inputs, result) => {
    const values = inputs.tensors("items");
    return derived(
      result as TensorType,
      context.g.concat(
        values.map((value) => value.node),
        -1,
      ),
      values,
    );
  },
};

const stack: Builtin = {
  name: "stack",
  usage: "stack(a, b, …)",
  doc: "Tensors of the same axes side by side: a new axis, as long as the list, before the last one.",
  parameters: [{ name: "items", kind: "tensors", optional: false }],
  type: (inputs) => {
    const types = tensorArguments(inputs, "items");
    const first = types[0];
    if (first === undefined || first.axes.length === 0)
      return problem(
        "no-axis",
        "Nothing to stack",
        "items",
        "no axis",
        "`stack` needs tensors with at least one axis.",
      );
    const odd = types.find((type) => !sameAxes(type.axes, first.axes) || type.element !== "f32");
    if (odd !== undefined)
      return problem(
        "shape-mismatch",
        "Sizes do not agree",
        "items",
        formatType(odd),
        `All tensors of a stack must have the same axes:\n\n${types.map((each) => `    ${formatType(each)}`).join("\n")}`,
      );
    return tensorType(
      "f32",
      replaced(first.axes, first.axes.length - 1, 0, [axisOf(dimNumber(types.length))]),
    );
  },
  build: (context, inputs, result) => {
    const values = inputs.tensors("items");
    const { g } = context;
    const parts = values.map(({ node }) =>
      g.reshape(node, [...node.shape.slice(0, -1), 1, at(node.shape, -1)]),
    );
    return derived(result as TensorType, g.concat(parts, -2), values);
  },
};

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
      return problem(
        "slice-range",
        "Slice leaves the axis",
        "size",
        `${from} + ${wanted}`,
        `The axis has ${known} elements; the slice would end at ${from + wanted}.`,
      );
    return { ...type, axes: replaced(type.axes, place, 1, [axisOf(size)]) };
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const place = axisPlace(value.type, inputs.dim("axis").key);
    const node = context.g.sliceAxis(
      value.node,
      place,
      inputs.number("from"),
      context.size(inputs.dim("size")),
    );
    return derived(result as TensorType, node, [value]);
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
    const shape = value.node.shape.filter((_, index) => index !== place);
    const cut = context.g.sliceAxis(value.node, place, inputs.number("index"), 1);
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

const fill: Builtin = {
  name: "fill",
  usage: "fill(x, value)",
  doc: "Puts a number in place of padding and of absent rows, for formulas that must not see what stands there.",
  parameters: [x, { name: "value", kind: "number", optional: false }],
  type: (inputs) => tensorArgument(inputs, "x"),
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    return derived(result as TensorType, filled(value, context, inputs.number("value"), null), [value]);
  },
};

const presentOrZero: Builtin = {
  name: "or_zero",
  usage: "or_zero(x)",
  doc: "Rows that are absent count as present with zeros: a missing modality then tells nothing instead of taking the row out.",
  parameters: [x],
  type: (inputs) => tensorArgument(inputs, "x"),
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const type = result as TensorType;
    return {
      kind: "tensor",
      type,
      node: filled(value, context, 0, null),
      presence: new Map(),
      ragged: joinRagged([value], type.axes),
    };
  },
};

export const shapes: readonly Builtin[] = [
  rename,
  expand,
  along,
  split,
  merge,
  concat,
  stack,
  slice,
  last,
  element,
  flip,
  fill,
  presentOrZero,
];
