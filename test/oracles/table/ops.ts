/** Golden cases of operations. */
import { at } from "../../../src/base/invariant.ts";
import type { Node } from "../../../src/ir/graph.ts";
import type { GraphBuilder } from "../../../src/ir/graph-build.ts";
import type { Entry, ModelEntry } from "../entry.ts";
import { layerNorm, rewriting } from "./paths.ts";

function model(cases: RegExp, name: string, more: Partial<ModelEntry> = {}): ModelEntry {
  return { kind: "model", cases, spec: "ops", model: name, ...more };
}

const pointwise: readonly Entry[] = [
  "Abs",
  "Erf",
  "Exp",
  "Gelu",
  "Log",
  "Reciprocal",
  "Rsqrt",
  "Sigmoid",
  "Softplus",
  "Sqrt",
  "Square",
  "Tanh",
].map((name) => model(new RegExp(`^ops/${name.toLowerCase()}$`), `Pointwise${name}`));

const broadcasts: readonly Entry[] = ["Add", "Sub", "Mul", "Div", "Maximum", "Minimum"].map((name) =>
  model(new RegExp(`^ops/${name.toLowerCase()}_broadcast$`), `${name}Broadcast`),
);

/** Every reduction case has these outputs; `axis1_keep` is `axis1` with the axis kept. */
const reduced = { all: "everything", axis1_keep: "axis1", last: "last_axis" };

const reductions: readonly Entry[] = [
  model(/^ops\/sum$/, "Sums", { outputs: reduced }),
  model(/^ops\/mean$/, "Means", { outputs: reduced }),
  model(/^ops\/max(_ties)?$/, "Maxima", { outputs: reduced }),
  model(/^ops\/min$/, "Minima", { outputs: reduced }),
  model(/^ops\/var_biased$/, "Variances", { outputs: reduced }),
  model(/^ops\/norm$/, "Norms", { outputs: reduced }),
  model(/^ops\/norm_zero_row$/, "NormRows"),
  model(/^ops\/logsumexp$/, "LogSumExps", {
    inputs: { ragged_x: { from: "x", lengths: "mask" } },
    outputs: { ...reduced, axis1_mask: "axis1_valid" },
  }),
  model(/^ops\/masked_mean/, "MaskedMean", { inputs: { x: { from: "x", lengths: "lengths" } } }),
  model(/^ops\/masked_max$/, "MaskedMax", { inputs: { x: { from: "x", lengths: "mask" } } }),
  model(/^ops\/gather_last_step$/, "LastStep", { inputs: { x: { from: "x", lengths: "lengths" } } }),
  model(/^ops\/cumsum$/, "RunningSums", { outputs: { last: "last_axis" } }),
];

const masked = { inputs: { x: { from: "x", lengths: "mask" } } };

const normalisations: readonly Entry[] = [
  model(/^ops\/softmax(_large)?$/, "Softmax"),
  model(/^ops\/softmax_mask/, "SoftmaxRagged", masked),
  model(/^ops\/softmax_axis$/, "SoftmaxAxes"),
  model(/^ops\/log_softmax(_large)?$/, "LogSoftmax"),
  model(/^ops\/log_softmax_mask$/, "LogSoftmaxRagged", masked),
  model(/^ops\/sparsemax_mask$/, "SparsemaxRagged", masked),
  model(/^ops\/sparsemax_/, "Sparsemax"),
  model(/^ops\/layer_norm_noaffine$/, "Normalise", { settings: { eps: "eps", affine: false } }),
  model(/^ops\/layer_norm/, "Normalise", {
    settings: { eps: "eps" },
    parameter: rewriting([/^/, "layer."], ...layerNorm("layer")),
  }),
];

const losses: readonly Entry[] = [
  model(/^ops\/mse$/, "Losses", { outputs: { loss: "squared" } }),
  model(/^ops\/l1$/, "Losses", { outputs: { loss: "absolute" } }),
  model(/^ops\/smooth_l1/, "Losses", { settings: { beta: "beta" }, outputs: { loss: "smooth" } }),
  model(/^ops\/cosine_loss$/, "Losses", { outputs: { loss: "cosine" } }),
  model(/^ops\/cosine_similarity$/, "CosineSimilarity"),
  model(/^ops\/mse_mask$/, "RaggedLoss", {
    inputs: { pred: { from: "pred", lengths: "mask" }, target: { from: "target", lengths: "mask" } },
    outputs: { loss: "squared" },
  }),
  model(/^ops\/cross_entropy_mask$/, "CrossEntropyRagged", {
    inputs: { logits: { from: "logits", lengths: "mask" }, target: { from: "target", lengths: "mask" } },
    outputs: { loss: "value" },
  }),
  // Positions to ignore are rows without a label.
  model(/^ops\/cross_entropy_ignore_index$/, "CrossEntropy", {
    inputs: { target: { from: "target", absent: -100 } },
    outputs: { loss: "value" },
  }),
  model(/^ops\/cross_entropy/, "CrossEntropy", { outputs: { loss: "value", nll: "each" } }),
];

const rest: readonly Entry[] = [
  model(/^ops\/relu$/, "Pointwise"),
  model(/^ops\/leaky_relu/, "PointwiseLeakyRelu", { settings: { slope: "slope" } }),
  model(/^ops\/kinks_at_zero$/, "Kinks", { outputs: { abs: "abs_x", relu: "relu_x" } }),
  model(/^ops\/clamp$/, "Clamp", { settings: { lo: "lo", hi: "hi" } }),
  model(/^ops\/embedding$/, "EmbeddingRows", { sizes: { V: ["param.table", 0], D: ["param.table", 1] } }),
  model(/^ops\/gather_rows$/, "GatherRows", { sizes: { R: ["in.x", 0], D: ["in.x", 1] } }),
  model(/^ops\/gather_axis$/, "GatherAxis"),
  model(/^ops\/where$/, "Where"),
  model(/^ops\/where_guard$/, "WhereGuard"),
  model(/^ops\/dropout_given_mask$/, "GivenDropout", { settings: { p: "p" } }),
  model(/^ops\/permute_reshape$/, "PermuteReshape", { outputs: { stack: "stacked" } }),
  model(/^ops\/linear$/, "Affine", {
    sizes: { E: ["param.weight", 0] },
    parameter: rewriting([/^weight/, "layer.weight"], [/^bias/, "layer.offset"]),
  }),
  model(/^ops\/conv1d_.*nobias$/, "Convolution", {
    sizes: { E: ["param.weight", 0], kernel: ["param.weight", 2] },
    settings: { bias: false },
    parameter: rewriting([/^weight/, "layer.weight"]),
  }),
  model(/^ops\/conv1d_/, "Convolution", {
    sizes: { E: ["param.weight", 0], kernel: ["param.weight", 2] },
    parameter: rewriting([/^weight/, "layer.weight"], [/^bias/, "layer.offset"]),
  }),
];

const graphs: readonly Entry[] = [
  {
    kind: "graph",
    cases: /^ops\/matmul_/,
    why: "in the language products are named by the axis that they sum over; here matrices are transposed and broadcast by position",
    build: (g, input, { metadata }) => {
      const operand = (name: string, transposed: string | undefined) =>
        transposed === "true" ? g.swapAxes(input(name)) : input(name);
      return { y: g.matmul(operand("in.a", metadata.transpose_a), operand("in.b", metadata.transpose_b)) };
    },
  },
  {
    kind: "graph",
    cases: /^ops\/fanout_reuse$/,
    why: "a square matrix whose two axes are one and the same: in the language every axis of a tensor has its own name",
    build: (g, input) => {
      const [x, w] = [input("in.x"), input("in.w")];
      const product = g.matmul(x, w);
      const gated = g.mul(g.tanh(product), g.sum(x, [1], { keep: true }));
      return { y: g.add(g.add(g.mul(x, x), gated), g.matmul(product, g.swapAxes(w))) };
    },
  },
  {
    kind: "graph",
    cases: /^ops\/concat$/,
    why: "the language joins tensors along their last axis only",
    build: (g, input) => {
      const [a, b, c, e] = ["a", "b", "c", "e"].map((name) => input(`in.${name}`)) as [
        Node,
        Node,
        Node,
        Node,
      ];
      return { last: g.concat([a, b, a], 2), axis1: g.concat([c, a], 1), axis0: g.concat([a, e], 0) };
    },
  },
  {
    kind: "graph",
    cases: /^ops\/slice$/,
    why: "the language has no slices with steps",
    build: (g, input) => {
      const x = input("in.x");
      const [rows, steps] = [at(x.shape, 0), at(x.shape, 1)];
      const width = at(x.shape, 2);
      return {
        range: g.sliceAxis(x, 1, 1, steps - 2),
        step: everySecond(g, g.sliceAxis(x, 2, 1, width - 1)),
        pick: g.reshape(g.sliceAxis(x, 1, 2, 1), [rows, width]),
        last: g.reshape(g.sliceAxis(x, 1, steps - 1, 1), [rows, width]),
        head: g.sliceAxis(x, 0, 0, 2),
      };
    },
  },
];

/** Every second element of axis 1, from the first on. */
function everySecond(g: GraphBuilder, x: Node): Node {
  const [rows, steps, width] = [at(x.shape, 0), at(x.shape, 1), at(x.shape, 2)];
  const half = Math.ceil(steps / 2);
  const even = g.pad(x, [0, 0, 0], [0, 2 * half - steps, 0]);
  const pairs = g.reshape(even, [rows, half, 2, width]);
  return g.reshape(g.sliceAxis(pairs, 2, 0, 1), [rows, half, width]);
}

export const opEntries: readonly Entry[] = [
  ...pointwise,
  ...broadcasts,
  ...reductions,
  ...normalisations,
  ...losses,
  ...rest,
  ...graphs,
];
