/** Functions that rename axes, add them, split one into several and merge several into one. */
import { at, CompilerBug } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import type { Dim } from "../types/dim.ts";
import { dimMultiply, dimNumber, dimSymbol, dimsEqual, formatDim } from "../types/dim.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { axisOf, formatType, sameAxis } from "../types/tensor-type.ts";
import type { BuildContext, RaggedLengths, TensorValue } from "./build-context.ts";
import { type Builtin, x } from "./builtin.ts";
import {
  chosenAxis,
  derived,
  dimArguments,
  findAxis,
  joinRagged,
  type MovedAxis,
  problem,
  replaced,
  tensorArgument,
} from "./values.ts";

const axis = { name: "axis", kind: "axis", optional: false } as const;

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
    return { ...value, type: result as TensorType, presence, ragged };
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
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    // Presence belongs to one axis each; rows in two axes could not be left out any more.
    if (value.presence.has(inputs.dim("axis").key))
      context.reject(
        problem(
          "split-rows",
          "Rows cannot be split",
          "axis",
          formatType(value.type),
          "Some rows of a batch may be absent, so the axis of the rows stays one axis.",
        ),
      );
    return reshaped(context, value, result as TensorType);
  },
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
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const dims = inputs.dims("axes");
    const present = mergedPresence(context, value, dims);
    if (present === null) return reshaped(context, value, result as TensorType);
    const { key } = dims.reduce((all, dim) => dimMultiply(all, dim), dimNumber(1));
    const merged = { key, present: new Set([present]) };
    return reshaped(context, value, result as TensorType, new Map(dims.map((dim) => [dim.key, merged])));
  },
};

/** bool[product]: which elements of merged axes take part, or null when all do. */
function mergedPresence({ g, size }: BuildContext, value: TensorValue, dims: readonly Dim[]): Node | null {
  const extents = dims.map(size);
  const parts = dims.flatMap((dim, place) =>
    [...(value.presence.get(dim.key) ?? [])].map((node) =>
      g.reshape(
        node,
        extents.map((extent, other) => (other === place ? extent : 1)),
      ),
    ),
  );
  if (parts.length === 0) return null;
  const all = parts.reduce((joined, part) => g.and(joined, part));
  return g.reshape(g.broadcastTo(all, extents), [extents.reduce((product, extent) => product * extent, 1)]);
}

function reshaped(
  context: BuildContext,
  value: TensorValue,
  type: TensorType,
  moved?: ReadonlyMap<string, MovedAxis>,
): TensorValue {
  const shape = type.axes.map((wanted) => {
    if (wanted.kind === "rest") throw new CompilerBug("a value has an unresolved `..` axis");
    return context.size(wanted.dim);
  });
  return derived(type, context.g.reshape(value.node, shape), [value], moved);
}

export const shapes: readonly Builtin[] = [rename, expand, along, split, merge];
