/** One kernel in float64, point by point as its definition says: the oracle for fusion and for code generation. */
import { at, CompilerBug, invariant } from "../../base/invariant.ts";
import { threefry2x32, uniformFromBits } from "../../base/random.ts";
import type {
  Axis,
  BinaryFunction,
  ContractionKernel,
  Expression,
  ExpressionId,
  Index,
  Kernel,
  LoopKernel,
  Store,
  UnaryFunction,
} from "../../ir/kernel.ts";
import type { ExpressionKernel } from "../../ir/kernel-walk.ts";
import { kernelAxes } from "../../ir/kernel-walk.ts";
import { erf, power, roundHalfEven, sigmoid, softplus } from "../../ops/scalar-functions.ts";
import { runRoutine } from "./routines.ts";

/** Runs a kernel over its operands, which it changes. `round` is applied to every stored f32. */
export function executeKernel(
  kernel: Kernel,
  operands: readonly Float64Array[],
  round: (value: number) => number,
): void {
  if (kernel.kind === "library") runRoutine(kernel, operands, round);
  else if (kernel.kind === "loop") new LoopRun(kernel, operands, round).run(kernel);
  else new ContractionRun(kernel, operands, round).run(kernel);
}

/** Positions along the axes, and the values of expressions at the current point. */
class Run {
  readonly positions: number[];
  /** Values of `reduction` expressions by phase. */
  readonly reduced: number[][] = [];
  accumulator = 0;
  readonly #kernel: ExpressionKernel;
  readonly #operands: readonly Float64Array[];
  readonly #round: (value: number) => number;
  #values = new Map<ExpressionId, number>();

  constructor(kernel: ExpressionKernel, operands: readonly Float64Array[], round: (value: number) => number) {
    this.#kernel = kernel;
    this.#operands = operands;
    this.#round = round;
    this.positions = kernelAxes(kernel).map(() => 0);
  }

  /** Visits every point of axes first, first + 1, …. */
  eachPoint(axes: readonly Axis[], first: number, visit: () => void): void {
    const descend = (depth: number): void => {
      const axis = axes[depth];
      if (axis === undefined) {
        this.#values = new Map();
        visit();
        return;
      }
      for (let position = 0; position < axis.extent; position++) {
        this.positions[first + depth] = position;
        descend(depth + 1);
      }
      this.positions[first + depth] = 0;
    };
    descend(0);
  }

  value(id: ExpressionId): number {
    const known = this.#values.get(id);
    if (known !== undefined) return known;
    const value = this.#evaluate(at(this.#kernel.expressions, id));
    this.#values.set(id, value);
    return value;
  }

  place(index: Index): number {
    let place = index.offset;
    for (const { axis, stride } of index.terms) place += at(this.positions, axis) * stride;
    for (const { value, stride } of index.dynamic) place += this.value(value) * stride;
    return place;
  }

  read(operand: number, place: number): number {
    const data = at(this.#operands, operand);
    if (place < 0 || place >= data.length)
      throw new CompilerBug(
        `kernel ${this.#kernel.name} reads element ${place} of operand ${operand}, which has ${data.length}`,
      );
    return at(data, place);
  }

  /** Values are all found before the first is stored, since operands may be updated in place. */
  store(stores: readonly Store[]): void {
    const found = stores.map((store) => ({
      store,
      place: this.place(store.index),
      value: this.value(store.value),
    }));
    for (const { store, place, value } of found) {
      const data = at(this.#operands, store.operand);
      if (place < 0 || place >= data.length)
        throw new CompilerBug(
          `kernel ${this.#kernel.name} writes element ${place} of operand ${store.operand}, which has ${data.length}`,
        );
      data[place] = at(this.#kernel.operands, store.operand).dtype === "f32" ? this.#round(value) : value;
    }
  }

  #evaluate(expression: Expression): number {
    switch (expression.op) {
      case "constant":
        return expression.value;
      case "axis":
        return at(this.positions, expression.axis);
      case "load":
        if (expression.guard !== null && this.value(expression.guard) === 0) return 0;
        return this.read(expression.operand, this.place(expression.index));
      case "unary":
        return UNARY[expression.function](this.value(expression.value));
      case "binary":
        return BINARY[expression.function](this.value(expression.left), this.value(expression.right));
      case "power":
        return power(this.value(expression.base), expression.exponent);
      case "select":
        // Both sides are evaluated, as on a device.
        return this.#select(
          this.value(expression.condition),
          this.value(expression.whenTrue),
          this.value(expression.whenFalse),
        );
      case "cast":
        return cast(this.value(expression.value), expression.dtype);
      case "random":
        return this.#random(expression);
      case "reduction":
        return at(at(this.reduced, expression.phase), expression.position);
      case "accumulator":
        return this.accumulator;
    }
  }

  #select(condition: number, whenTrue: number, whenFalse: number): number {
    return condition !== 0 ? whenTrue : whenFalse;
  }

  #random({ distribution, site, seed, counter, index }: Extract<Expression, { op: "random" }>): number {
    const [a, b] = threefry2x32(this.value(seed), site, this.value(index), this.value(counter));
    const uniform = uniformFromBits(a);
    if (distribution === "uniform") return uniform;
    return Math.sqrt(-2 * Math.log(1 - uniform)) * Math.cos(2 * Math.PI * uniformFromBits(b));
  }
}

class LoopRun extends Run {
  run(kernel: LoopKernel): void {
    const first = kernel.parallel.length;
    this.eachPoint(kernel.parallel, 0, () => {
      for (const [position, phase] of kernel.phases.entries()) {
        if (phase.kind === "reduce") this.#reduce(kernel, phase, position);
        else
          this.eachPoint(phase.kind === "points" ? kernel.reduce : [], first, () => this.store(phase.stores));
      }
    });
  }

  #reduce(
    kernel: LoopKernel,
    phase: Extract<LoopKernel["phases"][number], { kind: "reduce" }>,
    position: number,
  ): void {
    const totals = phase.reductions.map(({ reducer }) => (reducer === "sum" ? 0 : Number.NEGATIVE_INFINITY));
    this.eachPoint(kernel.reduce, kernel.parallel.length, () => {
      for (const [index, { reducer, value }] of phase.reductions.entries()) {
        const next = this.value(value);
        totals[index] = reducer === "sum" ? at(totals, index) + next : Math.max(at(totals, index), next);
      }
    });
    this.reduced[position] = totals;
  }
}

class ContractionRun extends Run {
  run(kernel: ContractionKernel): void {
    const inner = kernel.batch.length + 2;
    this.eachPoint([...kernel.batch, kernel.row, kernel.column], 0, () => {
      let sum = 0;
      for (let k = 0; k < kernel.inner.extent; k++) {
        this.positions[inner] = k;
        sum +=
          this.read(kernel.left.operand, this.place(kernel.left.index)) *
          this.read(kernel.right.operand, this.place(kernel.right.index));
      }
      this.positions[inner] = 0;
      this.accumulator = sum;
      this.store(kernel.stores);
    });
    invariant(
      kernel.left.index.dynamic.length === 0 && kernel.right.index.dynamic.length === 0,
      "a contraction reads gathered operands",
    );
  }
}

function cast(value: number, dtype: "f32" | "i32" | "bool"): number {
  if (dtype === "bool") return Number(value !== 0);
  return dtype === "i32" ? Math.trunc(value) + 0 : value;
}

const UNARY: Readonly<Record<UnaryFunction, (x: number) => number>> = {
  negate: (x) => -x,
  absolute: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  tanh: Math.tanh,
  sigmoid,
  softplus,
  erf,
  sin: Math.sin,
  cos: Math.cos,
  floor: Math.floor,
  round: roundHalfEven,
  not: (x) => Number(x === 0),
  reciprocal: (x) => 1 / x,
};

const BINARY: Readonly<Record<BinaryFunction, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => Number(a === b),
  less: (a, b) => Number(a < b),
  less_equal: (a, b) => Number(a <= b),
  and: (a, b) => a * b,
  or: Math.max,
  // Adding 0 turns -0, which i32 does not have, into 0.
  integer_divide: (a, b) => Math.trunc(a / b) + 0,
  remainder: (a, b) => (a % b) + 0,
};
