/** Every primitive of the graph as ONNX operators. The table is total, so that a primitive without an entry does not compile. */
import { at, invariant } from "../base/invariant.ts";
import type { DType, Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { OpName } from "../ir/op-table.ts";
import { gruLoop, lstmLoop } from "./onnx-recurrent.ts";
import type { OnnxWriter } from "./onnx-writer.ts";
import { int, ints } from "./onnx-writer.ts";

/** A node that is translated, with the names of its operands. */
export interface Translation<Op extends OpName> {
  readonly w: OnnxWriter;
  readonly node: NodeOf<Op>;
  readonly inputs: readonly string[];
}

/** Gives the name of the result. */
type Translate<Op extends OpName> = (translation: Translation<Op>) => string;

/** Stands for what has no operator in ONNX: derivatives, and what only losses need as a rule. */
const NONE = "none";

/** Far below every score, and small enough that sums of it stay finite. */
const MASKED = -1e9;

const plain =
  (op: string): Translate<OpName> =>
  ({ w, inputs }) =>
    w.add(op, inputs);

const operators: { readonly [Op in OpName]: Translate<Op> | typeof NONE | "leaf" | "loop" } = {
  input: "leaf",
  random: "leaf",
  constant: ({ w, node }) => w.scalar(node.attributes.value, node.dtype),
  iota: ({ w, node }) => {
    const { shape, axis } = node.attributes;
    const inner = elementCount(shape.slice(axis + 1));
    const extent = at(shape, axis);
    const values = Array.from({ length: elementCount(shape) }, (_, i) => Math.floor(i / inner) % extent);
    return w.values("i32", shape, values);
  },

  negate: plain("Neg"),
  absolute: plain("Abs"),
  sign: plain("Sign"),
  exp: plain("Exp"),
  log: plain("Log"),
  log1p: ({ w, inputs }) => w.add("Log", [w.add("Add", [at(inputs, 0), w.scalar(1, "f32")])]),
  sqrt: plain("Sqrt"),
  tanh: plain("Tanh"),
  sigmoid: plain("Sigmoid"),
  softplus: plain("Softplus"),
  erf: plain("Erf"),
  sin: plain("Sin"),
  cos: plain("Cos"),
  floor: plain("Floor"),
  round: plain("Round"),
  not: plain("Not"),
  power: ({ w, node, inputs }) => w.add("Pow", [at(inputs, 0), w.scalar(node.attributes.exponent, "f32")]),
  cast: ({ w, node, inputs }) => cast(w, at(inputs, 0), node.attributes.dtype),
  stop_gradient: plain("Identity"),
  scale_gradient: plain("Identity"),
  recompute: ({ w, inputs }) => w.add("Identity", inputs.slice(0, 1)),

  add: plain("Add"),
  subtract: plain("Sub"),
  multiply: plain("Mul"),
  divide: plain("Div"),
  maximum: plain("Max"),
  minimum: plain("Min"),
  equal: plain("Equal"),
  less: plain("Less"),
  less_equal: plain("LessOrEqual"),
  and: plain("And"),
  or: plain("Or"),
  integer_divide: plain("Div"),
  remainder: ({ w, inputs }) => w.add("Mod", inputs, { fmod: int(1) }),
  where: ({ w, node, inputs }) => {
    const [condition, a, b] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
    if (node.dtype !== "bool") return w.add("Where", inputs);
    const otherwise = w.add("And", [w.add("Not", [condition]), b]);
    return w.add("Or", [w.add("And", [condition, a]), otherwise]);
  },

  reshape: ({ w, node, inputs }) => w.add("Reshape", [at(inputs, 0), w.list(node.shape)]),
  transpose: ({ w, node, inputs }) => w.add("Transpose", inputs, { perm: ints(node.attributes.permutation) }),
  broadcast: ({ w, node, inputs }) => w.add("Expand", [at(inputs, 0), w.list(node.shape)]),
  slice: ({ w, node, inputs }) => {
    const { start, size } = node.attributes;
    const end = start.map((from, axis) => from + at(size, axis));
    return w.add("Slice", [at(inputs, 0), w.list(start), w.list(end), w.list([...start.keys()])]);
  },
  // Zeros of truth values are not padded everywhere; whole numbers are.
  pad: ({ w, node, inputs }) => {
    const { before, after } = node.attributes;
    const isBool = node.dtype === "bool";
    const x = isBool ? cast(w, at(inputs, 0), "i32") : at(inputs, 0);
    const padded = w.add("Pad", [x, w.list([...before, ...after])]);
    return isBool ? cast(w, padded, "bool") : padded;
  },
  concat: ({ w, node, inputs }) => w.add("Concat", inputs, { axis: int(node.attributes.axis) }),

  sum: ({ w, node, inputs }) => w.add("ReduceSum", [at(inputs, 0), w.list(node.attributes.axes)]),
  max: ({ w, node, inputs }) => w.add("ReduceMax", inputs, { axes: ints(node.attributes.axes) }),
  matmul: plain("MatMul"),
  cholesky: NONE,
  triangular_inverse: NONE,
  after: NONE,

  take: ({ w, inputs }) => w.add("Gather", inputs, { axis: int(0) }),
  gather: ({ w, inputs }) => w.add("GatherElements", inputs, { axis: int(-1) }),
  occurrences: NONE,
  scatter_add: NONE,

  sparsemax: ({ w, node, inputs }) => sparsemax(w, node, at(inputs, 0), at(inputs, 1)),
  argsort: ({ w, node, inputs }) => {
    const last = w.scalar(Number.POSITIVE_INFINITY, "f32");
    const shown = w.add("Where", [at(inputs, 1), at(inputs, 0), last]);
    const [, positions] = topK(w, shown, at(node.shape, node.shape.length - 1), false);
    return cast(w, at([positions], 0) ?? "", "i32");
  },
  lstm: lstmLoop,
  lstm_backward: NONE,
  gru: gruLoop,
  gru_backward: NONE,
  scan: "loop",
};

/** Whether ONNX can say it. */
export function hasOperator(op: OpName): boolean {
  return operators[op] !== NONE;
}

/** Adds a node to the graph; its operands are there already. Leaves and loops over graphs are given by whoever walks the graph. */
export function translate(w: OnnxWriter, node: Node, inputs: readonly string[]): string {
  // Each entry takes nodes of its own name; the compiler cannot follow that through a lookup.
  const entry = operators[node.op] as Translate<OpName> | typeof NONE | "leaf" | "loop";
  invariant(typeof entry === "function", `${node.op} has an operator`);
  return entry({ w, node, inputs });
}

function cast(w: OnnxWriter, x: string, dtype: DType): string {
  return w.add("Cast", [x], { to: int({ f32: 1, i32: 6, bool: 9 }[dtype]) });
}

/** Values and positions of the last axis in order; equal values in the order of their positions. */
function topK(w: OnnxWriter, x: string, count: number, isDescending: boolean): string[] {
  return w.addMany("TopK", [x, w.list([count])], 2, {
    axis: int(-1),
    largest: int(isDescending ? 1 : 0),
    sorted: int(1),
  });
}

/** The threshold form of arXiv 1602.02068: sort, find the largest support whose sum stays below, clip. */
function sparsemax(w: OnnxWriter, node: NodeOf<"sparsemax">, scores: string, mask: string): string {
  const count = at(node.shape, node.shape.length - 1);
  const [zero, one] = [w.scalar(0, "f32"), w.scalar(1, "f32")];
  const sumOf = (x: string) => w.add("ReduceSum", [x, w.list([-1])]);
  const shown = w.add("Where", [mask, scores, w.scalar(MASKED, "f32")]);
  const z = w.add("Sub", [shown, w.add("ReduceMax", [shown], { axes: ints([-1]) })]);
  const sorted = at(topK(w, z, count, true), 0);
  const sums = w.add("CumSum", [sorted, w.scalar(node.shape.length - 1, "i64")]);
  const rank = w.values(
    "f32",
    [count],
    Array.from({ length: count }, (_, index) => index + 1),
  );
  const isSupport = w.add("Less", [sums, w.add("Add", [one, w.add("Mul", [rank, sorted])])]);
  const size = sumOf(cast(w, isSupport, "f32"));
  const total = sumOf(w.add("Where", [isSupport, sorted, zero]));
  const threshold = w.add("Div", [w.add("Sub", [total, one]), size]);
  const projected = w.add("Max", [w.add("Sub", [z, threshold]), zero]);
  return w.add("Where", [mask, projected, zero]);
}
