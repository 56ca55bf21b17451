/** Randomness. Every draw is a function of seed, iteration, place in the program and element, so backward passes draw it again instead of storing it. */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import type { TensorType } from "../types/tensor-type.ts";
import type { BuildContext, TensorValue } from "./build-context.ts";
import { type Builtin, x } from "./builtin.ts";
import { derived, participation, problem, requireElement, tensorArgument } from "./values.ts";

const dropout: Builtin = {
  name: "dropout",
  usage: "dropout(x, rate)",
  doc: "In training, sets a share of the elements to 0 and divides the others by 1 - rate; otherwise x itself (JMLR 15, 2014).",
  parameters: [x, { name: "rate", kind: "number", optional: false }],
  type: (inputs) => {
    const type = tensorArgument(inputs, "x");
    const rate = inputs.get("rate");
    if (rate?.kind === "number" && rate.value !== null && (rate.value < 0 || rate.value >= 1))
      return problem(
        "number-range",
        "Number out of range",
        "rate",
        `this is ${rate.value}`,
        "A dropout rate is the share of elements that are set to 0: from 0 up to, not including, 1.",
      );
    return requireElement(type, ["f32"], "x") ?? type;
  },
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const rate = inputs.number("rate");
    if (!context.training || rate === 0) return { ...value, type: result as TensorType };
    const { g } = context;
    const draw = g.random("uniform", value.node.shape, context.randomSite(), context.randomState());
    const kept = g.where(g.less(draw, 1 - rate), g.mul(value.node, 1 / (1 - rate)), 0);
    return derived(result as TensorType, kept, [value]);
  },
};

function noise(name: "uniform_like" | "normal_like", doc: string): Builtin {
  const distribution = name === "normal_like" ? "normal" : "uniform";
  return {
    name,
    usage: `${name}(x)`,
    doc,
    parameters: [x],
    type: (inputs) => {
      const type = tensorArgument(inputs, "x");
      return requireElement(type, ["f32"], "x") ?? type;
    },
    build: (context, inputs, result) => {
      const value = inputs.tensor("x");
      const { g } = context;
      const mean = distribution === "normal" ? 0 : 0.5;
      const node = context.training
        ? g.random(distribution, value.node.shape, context.randomSite(), context.randomState())
        : g.full(value.node.shape, mean);
      return derived(result as TensorType, node, [value]);
    },
  };
}

/** The type of a function that moves rows: they need an axis, and each of them is moved as a whole. */
function plainRows(name: "shuffle" | "derange" | "resample"): Builtin["type"] {
  return (inputs) => {
    const type = tensorArgument(inputs, "x");
    if (type.axes.length === 0 || type.axes.some((axis) => axis.kind === "axis" && axis.ragged))
      return problem(
        "no-axis",
        "Rows cannot be moved",
        "x",
        "no plain rows",
        `\`${name}\` needs a tensor with rows and without a ragged axis.`,
      );
    return requireElement(type, ["f32"], "x") ?? type;
  };
}

/** How many rows there are, bool[rows] which of them are present, and f32[rows] a number from [0, 1) for each. */
function drawnRows(context: BuildContext, value: TensorValue) {
  const { g } = context;
  const rows = at(value.node.shape, 0);
  const axis = at(value.type.axes, 0);
  const mask = participation(value, context, new Set(axis.kind === "axis" ? [axis.dim.key] : []));
  const present = mask === null ? g.full([rows], 1, "bool") : g.reshape(mask, [rows]);
  const draw = g.random("uniform", [rows], context.randomSite(), context.randomState());
  return { rows, present, draw };
}

const shuffle: Builtin = {
  name: "shuffle",
  usage: "shuffle(x)",
  doc: "The present rows in a random order (in evaluation too); absent rows stay absent.",
  parameters: [x],
  type: plainRows("shuffle"),
  build: (context, inputs, result) => {
    const value = inputs.tensor("x");
    const { g } = context;
    const { rows, present, draw } = drawnRows(context, value);
    const column = (node: typeof draw) => g.broadcastTo(g.reshape(node, [rows, 1]), [rows, rows]);
    const row = (node: typeof draw) => g.broadcastTo(g.reshape(node, [1, rows]), [rows, rows]);
    const before = g.less(g.iota([rows, rows], 1), g.iota([rows, rows], 0));
    const smaller = g.or(g.less(row(draw), column(draw)), g.and(g.equal(row(draw), column(draw)), before));
    const rank = (precedes: typeof draw) => g.sum(g.cast(g.and(precedes, row(present)), "f32"), [1]);
    // Present row i receives the present row whose random rank equals the rank of i in the old order.
    const chosen = g.and(
      g.equal(column(rank(before)), row(rank(smaller))),
      g.and(column(present), row(present)),
    );
    const rest = value.node.shape.slice(1);
    const flat = g.reshape(value.node, [rows, rest.reduce((product, size) => product * size, 1)]);
    const moved = g.matmul(g.cast(chosen, "f32"), flat);
    return derived(result as TensorType, g.reshape(moved, value.node.shape), [value]);
  },
};

/** Rows by number: [rows] i32 from which row each present one gets its values; absent ones stay as they are. */
function movedRows(
  name: "derange" | "resample",
  doc: string,
  from: (g: GraphBuilder, draw: Node, present: Node) => Node,
): Builtin {
  return {
    name,
    usage: `${name}(x)`,
    doc,
    parameters: [x],
    type: plainRows(name),
    build: (context, inputs, result) => {
      const value = inputs.tensor("x");
      const { g } = context;
      const { rows, present, draw } = drawnRows(context, value);
      const chosen = g.where(present, from(g, draw, present), g.iota([rows], 0));
      return derived(result as TensorType, g.take(value.node, chosen), [value]);
    },
  };
}

/** At least one, so that it can divide. */
function presentCount(g: GraphBuilder, present: Node): Node {
  return g.maximum(g.sum(g.cast(present, "i32")), 1);
}

export const stochastic: readonly Builtin[] = [
  dropout,
  noise(
    "normal_like",
    "Standard normal numbers in the shape of x; 0 in evaluation, so that a sample becomes its mean.",
  ),
  noise("uniform_like", "Numbers from [0, 1) in the shape of x; 0.5 in evaluation."),
  shuffle,
  movedRows(
    "derange",
    "The present rows in a random order in which each row gets another one's place, if there are two (in evaluation too); absent rows stay absent.",
    // In a random order every row takes over from the next one, so that all of them form one circle.
    (g, draw, present) => {
      const order = g.argsort(draw, present);
      const rank = g.argsort(g.cast(order, "f32"));
      return g.gather(order, g.remainder(g.add(rank, 1), presentCount(g, present)));
    },
  ),
  movedRows(
    "resample",
    "As many rows as are present, each drawn from all of them, with replacement (in evaluation too); absent rows stay absent.",
    (g, draw, present) => {
      const own = g.argsort(g.cast(g.iota(draw.shape, 0), "f32"), present);
      const count = presentCount(g, present);
      const place = g.cast(g.floor(g.mul(draw, g.cast(count, "f32"))), "i32");
      return g.gather(own, g.minimum(place, g.sub(count, 1)));
    },
  ),
];
