/**
 * The convenient forms of the strict primitives: NumPy broadcasting, numbers as operands, matrix products with any leading axes.
 *
 * `node` makes exactly the node that is asked for. The named methods first apply the simplifications that are right everywhere and need
 * no look at the users of a node; everything else is left to the passes in `src/optimize/`.
 */
import { at, invariant } from "../base/invariant.ts";
import type { DType, Node } from "./graph.ts";
import { elementCount } from "./graph.ts";
import { foldUniform, neutralOperand } from "./graph-local.ts";
import { sameShape } from "./graph-walk.ts";
import type { BinaryFunction, UnaryFunction } from "./kernel.ts";
import { NodeTable } from "./node-table.ts";
import type { OpAttributes } from "./op-table.ts";
import { broadcastShapes, canonicalAxes, canonicalAxis } from "./shapes.ts";

/** A number stands for a constant of the other operand's type. */
export type Operand = Node | number;

/** Elementwise primitives that take one operand and no attributes. */
export type UnaryOp = Exclude<UnaryFunction, "reciprocal">;

/** Elementwise primitives that take two operands and no attributes. */
export type BinaryOp = BinaryFunction;

interface ReduceOptions {
  /** Keep the reduced axes with extent 1 (default: drop them). */
  readonly keep?: boolean;
}

export class GraphBuilder extends NodeTable {
  // Leaves

  input(attributes: OpAttributes["input"]): Node {
    return this.node("input", [], attributes);
  }

  /** A scalar. */
  constant(value: number, dtype: DType = "f32"): Node {
    return this.node("constant", [], { value, dtype });
  }

  /** Every element is `value`. */
  full(shape: readonly number[], value: number, dtype: DType = "f32"): Node {
    return this.broadcastTo(this.constant(value, dtype), shape);
  }

  zerosLike(x: Node): Node {
    return this.full(x.shape, 0, x.dtype);
  }

  /** i32 positions along `axis`. */
  iota(shape: readonly number[], axis: number): Node {
    return this.node("iota", [], { shape, axis: canonicalAxis(axis, shape.length) });
  }

  /** Random numbers that depend only on the seed and counter in `state` (i32[2]), on `site` and on the position. */
  random(distribution: "uniform" | "normal", shape: readonly number[], site: number, state: Node): Node {
    return this.node("random", [state], { distribution, site, shape });
  }

  // Elementwise, one operand

  unary(op: UnaryOp, x: Node): Node {
    if ((op === "negate" || op === "not") && x.op === op) return at(x.inputs, 0);
    return foldUniform(this, op, [x], {}) ?? this.node(op, [x], {});
  }

  neg(x: Node): Node {
    return this.unary("negate", x);
  }
  abs(x: Node): Node {
    return this.unary("absolute", x);
  }
  sign(x: Node): Node {
    return this.unary("sign", x);
  }
  exp(x: Node): Node {
    return this.unary("exp", x);
  }
  log(x: Node): Node {
    return this.unary("log", x);
  }
  log1p(x: Node): Node {
    return this.unary("log1p", x);
  }
  sqrt(x: Node): Node {
    return this.unary("sqrt", x);
  }
  tanh(x: Node): Node {
    return this.unary("tanh", x);
  }
  sigmoid(x: Node): Node {
    return this.unary("sigmoid", x);
  }
  softplus(x: Node): Node {
    return this.unary("softplus", x);
  }
  erf(x: Node): Node {
    return this.unary("erf", x);
  }
  sin(x: Node): Node {
    return this.unary("sin", x);
  }
  cos(x: Node): Node {
    return this.unary("cos", x);
  }
  floor(x: Node): Node {
    return this.unary("floor", x);
  }
  round(x: Node): Node {
    return this.unary("round", x);
  }
  not(x: Node): Node {
    return this.unary("not", x);
  }
  square(x: Node): Node {
    return this.power(x, 2);
  }

  power(x: Node, exponent: number): Node {
    if (exponent === 1) return x;
    if (exponent === 0) return this.full(x.shape, 1);
    return foldUniform(this, "power", [x], { exponent }) ?? this.node("power", [x], { exponent });
  }

  cast(x: Node, dtype: DType): Node {
    if (x.dtype === dtype) return x;
    return foldUniform(this, "cast", [x], { dtype }) ?? this.node("cast", [x], { dtype });
  }

  stopGradient(x: Node): Node {
    return x.op === "stop_gradient" ? x : this.node("stop_gradient", [x], {});
  }

  scaleGradient(x: Node, factor: number): Node {
    return factor === 1 ? x : this.node("scale_gradient", [x], { factor });
  }

  /** `y`, whose derivative computes again what lies between `from` and it instead of keeping it. */
  recompute(y: Node, from: readonly Node[]): Node {
    return this.node("recompute", [y, ...from], {});
  }

  // Elementwise, two and three operands: shapes are aligned at the right, axes of extent 1 stretch

  binary(op: BinaryOp, a: Operand, b: Operand): Node {
    const inputs = this.#aligned(this.#operands(a, b));
    const neutral = neutralOperand(op, at(inputs, 0), at(inputs, 1));
    return neutral ?? foldUniform(this, op, inputs, {}) ?? this.node(op, inputs, {});
  }

  add(a: Operand, b: Operand): Node {
    return this.binary("add", a, b);
  }
  sub(a: Operand, b: Operand): Node {
    return this.binary("subtract", a, b);
  }
  mul(a: Operand, b: Operand): Node {
    return this.binary("multiply", a, b);
  }
  div(a: Operand, b: Operand): Node {
    return this.binary("divide", a, b);
  }
  maximum(a: Operand, b: Operand): Node {
    return this.binary("maximum", a, b);
  }
  minimum(a: Operand, b: Operand): Node {
    return this.binary("minimum", a, b);
  }
  equal(a: Operand, b: Operand): Node {
    return this.binary("equal", a, b);
  }
  notEqual(a: Operand, b: Operand): Node {
    return this.not(this.equal(a, b));
  }
  less(a: Operand, b: Operand): Node {
    return this.binary("less", a, b);
  }
  lessEqual(a: Operand, b: Operand): Node {
    return this.binary("less_equal", a, b);
  }
  greater(a: Operand, b: Operand): Node {
    return this.binary("less", b, a);
  }
  greaterEqual(a: Operand, b: Operand): Node {
    return this.binary("less_equal", b, a);
  }
  and(a: Operand, b: Operand): Node {
    return this.binary("and", a, b);
  }
  or(a: Operand, b: Operand): Node {
    return this.binary("or", a, b);
  }
  integerDivide(a: Operand, b: Operand): Node {
    return this.binary("integer_divide", a, b);
  }
  remainder(a: Operand, b: Operand): Node {
    return this.binary("remainder", a, b);
  }

  /** `a` where `condition` holds, elsewhere `b`. Only the branch taken receives a gradient. */
  where(condition: Node, a: Operand, b: Operand): Node {
    const inputs = this.#aligned([condition, ...this.#operands(a, b)]);
    if (at(inputs, 1) === at(inputs, 2)) return at(inputs, 1);
    return foldUniform(this, "where", inputs, {}) ?? this.node("where", inputs, {});
  }

  // Views

  reshape(x: Node, shape: readonly number[]): Node {
    let source = x;
    while (source.op === "reshape") source = at(source.inputs, 0);
    return sameShape(source.shape, shape) ? source : this.node("reshape", [source], { shape });
  }

  /** Axis i of the result is axis `permutation[i]` of `x`. */
  transpose(x: Node, permutation: readonly number[]): Node {
    const axes = permutation.map((axis) => canonicalAxis(axis, x.shape.length));
    if (axes.every((axis, index) => axis === index)) return x;
    if (x.op === "transpose") {
      const inner = x.attributes.permutation;
      return this.transpose(
        at(x.inputs, 0),
        axes.map((axis) => at(inner, axis)),
      );
    }
    return this.node("transpose", [x], { permutation: axes });
  }

  /** Exchanges two axes; the last two by default. */
  swapAxes(x: Node, first = -2, second = -1): Node {
    const rank = x.shape.length;
    const [i, j] = [canonicalAxis(first, rank), canonicalAxis(second, rank)];
    return this.transpose(
      x,
      x.shape.map((_, axis) => (axis === i ? j : axis === j ? i : axis)),
    );
  }

  /** Stretches axes of extent 1 to `shape`, after adding axes at the left. */
  broadcastTo(x: Node, shape: readonly number[]): Node {
    if (sameShape(x.shape, shape)) return x;
    const missing = shape.length - x.shape.length;
    invariant(missing >= 0, () => `[${x.shape.join(", ")}] cannot be broadcast to [${shape.join(", ")}]`);
    const padded = this.reshape(x, [...Array<number>(missing).fill(1), ...x.shape]);
    if (sameShape(padded.shape, shape)) return padded;
    const source = padded.op === "broadcast" ? at(padded.inputs, 0) : padded;
    return this.node("broadcast", [source], { shape });
  }

  slice(x: Node, start: readonly number[], size: readonly number[]): Node {
    if (sameShape(x.shape, size)) return x;
    if (x.op === "slice") {
      const outer = x.attributes.start;
      return this.slice(
        at(x.inputs, 0),
        start.map((from, axis) => from + at(outer, axis)),
        size,
      );
    }
    return this.node("slice", [x], { start, size });
  }

  /** `size` elements of one axis from `start` on. */
  sliceAxis(x: Node, axis: number, start: number, size: number): Node {
    const chosen = canonicalAxis(axis, x.shape.length);
    return this.slice(
      x,
      x.shape.map((_, index) => (index === chosen ? start : 0)),
      x.shape.map((extent, index) => (index === chosen ? size : extent)),
    );
  }

  pad(x: Node, before: readonly number[], after: readonly number[]): Node {
    if ([...before, ...after].every((count) => count === 0)) return x;
    return this.node("pad", [x], { before, after });
  }

  concat(parts: readonly Node[], axis: number): Node {
    if (parts.length === 1) return at(parts, 0);
    return this.node("concat", parts, { axis: canonicalAxis(axis, at(parts, 0).shape.length) });
  }

  // Reductions

  sum(x: Node, axes?: readonly number[], options: ReduceOptions = {}): Node {
    return this.#reduce("sum", x, axes, options);
  }

  max(x: Node, axes?: readonly number[], options: ReduceOptions = {}): Node {
    return this.#reduce("max", x, axes, options);
  }

  min(x: Node, axes?: readonly number[], options: ReduceOptions = {}): Node {
    return this.neg(this.max(this.neg(x), axes, options));
  }

  mean(x: Node, axes?: readonly number[], options: ReduceOptions = {}): Node {
    const total = this.sum(x, axes, options);
    return this.div(total, elementCount(x.shape) / elementCount(total.shape));
  }

  // Contractions and indexing

  /** [..., M, K] x [..., K, N]: batch axes are broadcast; against a matrix, the leading axes of `a` are rows like any other. */
  matmul(a: Node, b: Node): Node {
    const [rankA, rankB] = [a.shape.length, b.shape.length];
    invariant(rankA >= 2 && rankB >= 2, "matmul needs matrices");
    const [rows, inner, columns] = [at(a.shape, -2), at(a.shape, -1), at(b.shape, -1)];
    if (rankB === 2 && rankA > 2) {
      const batch = a.shape.slice(0, -1);
      const flat = this.reshape(a, [elementCount(batch), inner]);
      return this.reshape(this.node("matmul", [flat, b], {}), [...batch, columns]);
    }
    const batch = broadcastShapes([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
    const left = this.broadcastTo(a, [...batch, rows, inner]);
    const right = this.broadcastTo(b, [...batch, at(b.shape, -2), columns]);
    return this.node("matmul", [left, right], {});
  }

  /** Rows of `table` named by `ids`. */
  take(table: Node, ids: Node): Node {
    return this.node("take", [table, ids], {});
  }

  /** Sums `updates` [N, rest...] into the rows named by `ids` i32[N]. */
  scatterAdd(ids: Node, updates: Node, rows: number): Node {
    return this.node("scatter_add", [this.node("occurrences", [ids], { rows }), updates], { rows });
  }

  /** Euclidean projection of the last axis onto the simplex, over the entries where `mask` holds. */
  sparsemax(scores: Node, mask: Node): Node {
    return this.node("sparsemax", [scores, this.broadcastTo(mask, scores.shape)], {});
  }

  /** Positions along the last axis in ascending order of the elements where `mask` holds (everywhere by default), then the others. */
  argsort(x: Node, mask?: Node): Node {
    return this.node("argsort", [x, this.broadcastTo(mask ?? this.constant(1, "bool"), x.shape)], {});
  }

  /** The elements of the last axis of `x` at positions i32 [..., K]. */
  gather(x: Node, positions: Node): Node {
    return this.node("gather", [x, positions], {});
  }

  #reduce(op: "sum" | "max", x: Node, axes: readonly number[] | undefined, options: ReduceOptions): Node {
    const chosen = canonicalAxes(axes ?? x.shape.map((_, axis) => axis), x.shape.length);
    const kept = chosen.length === 0 ? x : this.node(op, [x], { axes: chosen });
    return options.keep
      ? kept
      : this.reshape(
          kept,
          x.shape.filter((_, axis) => !chosen.includes(axis)),
        );
  }

  #operands(a: Operand, b: Operand): readonly [Node, Node] {
    if (typeof a !== "number" && typeof b !== "number") return [a, b];
    const dtype = typeof a !== "number" ? a.dtype : typeof b !== "number" ? b.dtype : "f32";
    const node = (operand: Operand) =>
      typeof operand === "number" ? this.constant(operand, dtype) : operand;
    return [node(a), node(b)];
  }

  #aligned(inputs: readonly Node[]): readonly Node[] {
    const { shape: first } = at(inputs, 0);
    if (inputs.every((input) => sameShape(input.shape, first))) return inputs;
    const shape = broadcastShapes(inputs.map((input) => input.shape));
    return inputs.map((input) => this.broadcastTo(input, shape));
  }
}
