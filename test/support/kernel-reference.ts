/** What a kernel means, computed point by point in float64: the truth that emitted code is compared with. */
import { at } from "../../src/base/invariant.ts";
import { RandomStream } from "../../src/base/random.ts";
import type {
  BinaryFunction,
  ContractionKernel,
  Expression,
  ExpressionId,
  Index,
  LoopKernel,
  Store,
  UnaryFunction,
} from "../../src/ir/kernel.ts";

/** One array per operand; kernels write into them. */
export type Buffers = readonly Float64Array[];

interface Point {
  readonly expressions: readonly Expression[];
  readonly buffers: Buffers;
  readonly axes: readonly number[];
  readonly reductions: readonly (readonly number[])[];
  readonly accumulator: number;
}

export function runReference(kernel: LoopKernel | ContractionKernel, buffers: Buffers): void {
  if (kernel.kind === "loop") runLoop(kernel, buffers);
  else runContraction(kernel, buffers);
}

function runLoop(kernel: LoopKernel, buffers: Buffers): void {
  const { expressions } = kernel;
  for (const row of points(kernel.parallel.map((axis) => axis.extent))) {
    const reductions: number[][] = [];
    for (const phase of kernel.phases) {
      const inner = phase.kind === "row" ? [[]] : [...points(kernel.reduce.map((axis) => axis.extent))];
      const values =
        phase.kind === "reduce"
          ? phase.reductions.map(({ reducer }) => (reducer === "sum" ? 0 : Number.NEGATIVE_INFINITY))
          : [];
      for (const point of inner) {
        const place: Point = { expressions, buffers, axes: [...row, ...point], reductions, accumulator: 0 };
        if (phase.kind !== "reduce") for (const store of phase.stores) runStore(place, store);
        else {
          for (const [position, { reducer, value }] of phase.reductions.entries()) {
            const next = evaluate(place, value);
            values[position] =
              reducer === "sum" ? at(values, position) + next : Math.max(at(values, position), next);
          }
        }
      }
      reductions.push(values);
    }
  }
}

function runContraction(kernel: ContractionKernel, buffers: Buffers): void {
  const extents = [...kernel.batch, kernel.row, kernel.column].map((axis) => axis.extent);
  for (const axes of points(extents)) {
    let accumulator = 0;
    for (let inner = 0; inner < kernel.inner.extent; inner++) {
      const place: Point = {
        expressions: [],
        buffers,
        axes: [...axes, inner],
        reductions: [],
        accumulator: 0,
      };
      const read = (side: ContractionKernel["left"]) =>
        at(at(buffers, side.operand), locate(place, side.index));
      accumulator += read(kernel.left) * read(kernel.right);
    }
    const place: Point = { expressions: kernel.expressions, buffers, axes, reductions: [], accumulator };
    for (const store of kernel.stores) runStore(place, store);
  }
}

function* points(extents: readonly number[]): Generator<readonly number[]> {
  const [first, ...rest] = extents;
  if (first === undefined) {
    yield [];
    return;
  }
  for (let position = 0; position < first; position++)
    for (const inner of points(rest)) yield [position, ...inner];
}

function locate(place: Point, index: Index): number {
  const steady = index.terms.reduce(
    (sum, term) => sum + at(place.axes, term.axis) * term.stride,
    index.offset,
  );
  return index.dynamic.reduce((sum, term) => sum + evaluate(place, term.value) * term.stride, steady);
}

function runStore(place: Point, store: Store): void {
  at(place.buffers, store.operand)[locate(place, store.index)] = evaluate(place, store.value);
}

function evaluate(place: Point, id: ExpressionId): number {
  const expression = at(place.expressions, id);
  const value = (operand: ExpressionId) => evaluate(place, operand);
  switch (expression.op) {
    case "constant":
      return expression.value;
    case "axis":
      return at(place.axes, expression.axis);
    case "load":
      if (expression.guard !== null && value(expression.guard) === 0) return 0;
      return at(at(place.buffers, expression.operand), locate(place, expression.index));
    case "unary":
      return unary(expression.function, value(expression.value));
    case "binary":
      return binary(expression.function, value(expression.left), value(expression.right));
    case "power":
      return value(expression.base) ** expression.exponent;
    case "select":
      return value(expression.condition) !== 0 ? value(expression.whenTrue) : value(expression.whenFalse);
    case "cast":
      if (expression.dtype === "bool") return value(expression.value) !== 0 ? 1 : 0;
      return expression.dtype === "i32" ? Math.trunc(value(expression.value)) : value(expression.value);
    case "random": {
      const stream = new RandomStream(value(expression.seed), expression.site);
      const draw = value(expression.index) + 4294967296 * value(expression.counter);
      return expression.distribution === "uniform" ? stream.uniform(draw) : stream.normal(draw);
    }
    case "reduction":
      return at(at(place.reductions, expression.phase), expression.position);
    case "accumulator":
      return place.accumulator;
  }
}

function unary(name: UnaryFunction, x: number): number {
  switch (name) {
    case "negate":
      return -x;
    case "absolute":
      return Math.abs(x);
    case "sign":
      return Math.sign(x);
    case "sigmoid":
      return 1 / (1 + Math.exp(-x));
    case "softplus":
      return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    case "erf":
      return erf(x);
    case "round":
      return Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
    case "not":
      return x === 0 ? 1 : 0;
    case "reciprocal":
      return 1 / x;
    default:
      return Math[name](x);
  }
}

function binary(name: BinaryFunction, a: number, b: number): number {
  switch (name) {
    case "add":
      return a + b;
    case "subtract":
      return a - b;
    case "multiply":
      return a * b;
    case "divide":
      return a / b;
    case "maximum":
      return Math.max(a, b);
    case "minimum":
      return Math.min(a, b);
    case "equal":
      return Number(a === b);
    case "less":
      return Number(a < b);
    case "less_equal":
      return Number(a <= b);
    case "and":
      return Number(a !== 0 && b !== 0);
    case "or":
      return Number(a !== 0 || b !== 0);
    case "integer_divide":
      return Math.trunc(a / b);
    case "remainder":
      return a % b;
  }
}

/** Error function: Taylor series for small arguments, continued fraction of the complement for large ones. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 3) {
    let term = size;
    let sum = size;
    for (let n = 1; n < 200; n++) {
      term *= (-size * size) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * sum * 2) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction));
}
