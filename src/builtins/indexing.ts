/** Functions that read by number: embedding rows, picking a class, positions and lengths. */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { dimsEqual, formatDim } from "../types/dim.ts";
import type { TensorType } from "../types/tensor-type.ts";
import { axisOf, formatType, tensorType } from "../types/tensor-type.ts";
import type { BuildContext, TensorValue } from "./build-context.ts";
import type { Builtin, BuiltinProblem } from "./builtin.ts";
import { isRowsAxis } from "./predefined.ts";
import {
  axisPlace,
  derived,
  dimArguments,
  findAxis,
  problem,
  requireElement,
  sameAxes,
  tensorArgument,
} from "./values.ts";

const whole = ["ids", "class"] as const;

const take: Builtin = {
  name: "take",
  usage: "take(table, ids)",
  doc: "The rows of a table that whole numbers name: an embedding.",
  parameters: [
    { name: "table", kind: "tensor", optional: false },
    { name: "ids", kind: "tensor", optional: false },
  ],
  type: (inputs) => {
    const table = tensorArgument(inputs, "table");
    const ids = tensorArgument(inputs, "ids");
    const wrong = requireElement(table, ["f32"], "table") ?? requireElement(ids, whole, "ids");
    if (wrong !== null) return wrong;
    const rows = table.axes[0];
    if (rows?.kind !== "axis" || ids.bound === null || !dimsEqual(rows.dim, ids.bound))
      return problem(
        "shape-mismatch",
        "Sizes do not agree",
        "table",
        formatType(table),
        `The first axis of the table must be the bound of the numbers:\n\n    ${formatType(table)}\n    ${formatType(ids)}`,
      );
    return tensorType("f32", [...ids.axes, ...table.axes.slice(1)]);
  },
  build: (context, inputs, result) => {
    const table = inputs.tensor("table");
    const ids = inputs.tensor("ids");
    return derived(result as TensorType, context.g.take(table.node, ids.node), [ids, table]);
  },
};

/** bool [.., C]: true at the class that `ids` names. */
function atClass(context: BuildContext, ids: TensorValue, classes: number): Node {
  const { g } = context;
  const shape = [...ids.node.shape, classes];
  return g.equal(
    g.broadcastTo(g.reshape(ids.node, [...ids.node.shape, 1]), shape),
    g.iota(shape, shape.length - 1),
  );
}

const pick: Builtin = {
  name: "pick",
  usage: "pick(x, ids)",
  doc: "From the last axis of x, the element that a whole number names.",
  parameters: [
    { name: "x", kind: "tensor", optional: false },
    { name: "ids", kind: "tensor", optional: false },
  ],
  type: (inputs) => {
    const x = tensorArgument(inputs, "x");
    const ids = tensorArgument(inputs, "ids");
    const wrong: BuiltinProblem | null = requireElement(x, ["f32"], "x") ?? requireElement(ids, whole, "ids");
    if (wrong !== null) return wrong;
    const last = x.axes[x.axes.length - 1];
    if (
      last?.kind !== "axis" ||
      ids.bound === null ||
      !dimsEqual(last.dim, ids.bound) ||
      !sameAxes(x.axes.slice(0, -1), ids.axes)
    )
      return problem(
        "shape-mismatch",
        "Sizes do not agree",
        "ids",
        formatType(ids),
        `The last axis of the first must be the bound of the second, and the others must agree:\n\n    ${formatType(x)}\n    ${formatType(ids)}`,
      );
    return tensorType("f32", ids.axes);
  },
  build: (context, inputs, result) => {
    const x = inputs.tensor("x");
    const ids = inputs.tensor("ids");
    const { g } = context;
    const chosen = g.where(atClass(context, ids, at(x.node.shape, -1)), x.node, 0);
    return derived(result as TensorType, g.sum(chosen, [-1]), [ids, x]);
  },
};

const oneHot: Builtin = {
  name: "one_hot",
  usage: "one_hot(ids)",
  doc: "1 at the place that a whole number names, 0 elsewhere, along a new last axis as long as its bound.",
  parameters: [{ name: "ids", kind: "tensor", optional: false }],
  type: (inputs) => {
    const ids = tensorArgument(inputs, "ids");
    const wrong = requireElement(ids, whole, "ids");
    if (wrong !== null) return wrong;
    return tensorType("f32", [...ids.axes, ...(ids.bound === null ? [] : [axisOf(ids.bound)])]);
  },
  build: (context, inputs, result) => {
    const ids = inputs.tensor("ids");
    const type = result as TensorType;
    const last = at(type.axes, -1);
    const classes = last.kind === "axis" ? context.size(last.dim) : 1;
    return derived(type, context.g.cast(atClass(context, ids, classes), "f32"), [ids]);
  },
};

const index: Builtin = {
  name: "index",
  usage: "index(T)",
  doc: "The positions 0, 1, 2, … of an axis.",
  parameters: [{ name: "size", kind: "size", optional: false }],
  type: (inputs) =>
    tensorType(
      "f32",
      (dimArguments(inputs, "size") ?? []).map((dim) => axisOf(dim)),
    ),
  build: (context, inputs, result) => {
    const { g } = context;
    return derived(result as TensorType, g.cast(g.iota([context.size(inputs.dim("size"))], 0), "f32"), []);
  },
};

const length: Builtin = {
  name: "length",
  usage: "length(x, axis)",
  doc: "How many valid elements every row has along an axis.",
  parameters: [
    { name: "x", kind: "tensor", optional: false },
    { name: "axis", kind: "axis", optional: false },
  ],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const dim = at(dimArguments(inputs, "axis") ?? [], 0);
    const place = findAxis(type, dim, "axis", formatDim(dim));
    if (typeof place !== "number") return place;
    return tensorType("f32", place === 0 ? [] : type.axes.slice(0, 1));
  },
  build: (context, inputs, result) => {
    const x = inputs.tensor("x");
    const { g } = context;
    const key = inputs.dim("axis").key;
    const lengths = x.ragged.get(key);
    const type = result as TensorType;
    const extent = at(x.node.shape, axisPlace(x.type, key));
    const shape = type.axes.length === 0 ? [] : [at(x.node.shape, 0)];
    return derived(type, lengths === undefined ? g.full(shape, extent) : g.cast(lengths.lengths, "f32"), [x]);
  },
};

const rows: Builtin = {
  name: "rows",
  usage: "rows(state, like)",
  doc: "From a state with the axis `Rows`, the rows of the dataset that are the rows of `like`: its first axis is that of the batch.",
  parameters: [
    { name: "state", kind: "tensor", optional: false },
    { name: "like", kind: "tensor", optional: false },
  ],
  type: (inputs) => {
    const state = tensorArgument(inputs, "state");
    const [batch] = tensorArgument(inputs, "like").axes;
    if (!isRowsAxis(state.axes[0]))
      return problem(
        "no-rows-axis",
        "Holds nothing for each row",
        "state",
        `this is ${formatType(state)}`,
        "`rows` reads a state whose first axis is `Rows`, which holds something for each row of the dataset.",
        "Declare it so: `state memory : f32[Rows, D]`.",
      );
    if (batch === undefined) return notOfBatch("this is a scalar");
    return tensorType("f32", [batch, ...state.axes.slice(1)]);
  },
  build: (context, inputs, result) => {
    const [state, like] = [inputs.tensor("state"), inputs.tensor("like")];
    const value = derived(
      result as TensorType,
      context.g.take(state.node, context.g.maximum(context.batch(), 0)),
      [like],
    );
    if (value.presence.size === 0)
      return context.reject(notOfBatch("its first axis is not that of the batch"));
    return value;
  },
};

function notOfBatch(label: string): BuiltinProblem {
  return problem(
    "not-batch-rows",
    "Not the rows of the batch",
    "like",
    label,
    "`rows(state, like)` gives the rows of the batch, so the first axis of `like` must be the batch axis of the inputs.",
  );
}

export const indexing: readonly Builtin[] = [take, pick, oneHot, index, length, rows];
