/** The functions of kernel expressions over vectors and over single numbers. Truth values: all bits of a lane, or i32 0 and 1. */
import { CompilerBug } from "../../base/invariant.ts";
import type { DType } from "../../ir/graph.ts";
import type { BinaryFunction, UnaryFunction } from "../../ir/kernel.ts";
import type { FunctionBuilder } from "./function.ts";
import type { F32, I32, V128 } from "./instructions.ts";
import { f32, f32x4, i32, i32x4, v128 } from "./instructions.ts";
import type { VectorMath } from "./math.ts";

export type Scalar = F32 | I32;

const TRANSCENDENTAL = new Set<UnaryFunction>([
  "exp",
  "log",
  "log1p",
  "tanh",
  "sigmoid",
  "softplus",
  "erf",
  "sin",
  "cos",
  "sign",
]);

/** A function of one operand on four lanes; `value` is kept. */
export function unaryVector(math: VectorMath, name: UnaryFunction, value: V128, dtype: DType): V128 {
  switch (name) {
    case "negate":
      return dtype === "f32" ? f32x4.neg(value) : i32x4.neg(value);
    case "absolute":
      return dtype === "f32" ? f32x4.abs(value) : i32x4.abs(value);
    case "sqrt":
      return f32x4.sqrt(value);
    case "floor":
      return f32x4.floor(value);
    case "round":
      return f32x4.nearest(value);
    case "not":
      return v128.not(value);
    case "reciprocal":
      return f32x4.div(f32x4.constant(1), value);
    case "sign":
      if (dtype === "i32") return i32x4.max(i32x4.min(value, i32x4.constant(1)), i32x4.constant(-1));
      return math.sign(value);
    default:
      return math[name](value);
  }
}

/** The same on one number; transcendental functions go through a vector. */
export function unaryScalar(
  f: FunctionBuilder,
  math: VectorMath,
  name: UnaryFunction,
  value: Scalar,
  dtype: DType,
): Scalar {
  if (value.type === "i32") {
    if (name === "not") return i32.eqz(value);
    return i32x4.lane(unaryVector(math, name, f.keep(i32x4.splat(value)), dtype), 0);
  }
  if (TRANSCENDENTAL.has(name))
    return f32x4.lane(unaryVector(math, name, f.keep(f32x4.splat(value)), dtype), 0);
  switch (name) {
    case "negate":
      return f32.neg(value);
    case "absolute":
      return f32.abs(value);
    case "sqrt":
      return f32.sqrt(value);
    case "floor":
      return f32.floor(value);
    case "round":
      return f32.nearest(value);
    case "reciprocal":
      return f32.div(f32.constant(1), value);
    default:
      throw new CompilerBug(`${name} of a number`);
  }
}

type VectorOperation = (a: V128, b: V128) => V128;

/** The larger ones, NaN where either is NaN, of two zeros either; both are kept. A third of what the instruction `f32x4.max` becomes on x86. */
export function larger(a: V128, b: V128): V128 {
  return v128.or(f32x4.pmax(a, b), f32x4.ne(b, b));
}

function smaller(a: V128, b: V128): V128 {
  return v128.or(f32x4.pmin(a, b), f32x4.ne(b, b));
}

const F32_VECTOR: Partial<Record<BinaryFunction, VectorOperation>> = {
  add: f32x4.add,
  subtract: f32x4.sub,
  multiply: f32x4.mul,
  divide: f32x4.div,
  maximum: larger,
  minimum: smaller,
  equal: f32x4.eq,
  less: f32x4.lt,
  less_equal: f32x4.le,
};
const I32_VECTOR: Partial<Record<BinaryFunction, VectorOperation>> = {
  add: i32x4.add,
  subtract: i32x4.sub,
  multiply: i32x4.mul,
  maximum: i32x4.max,
  minimum: i32x4.min,
  equal: i32x4.eq,
  less: i32x4.lt,
  less_equal: i32x4.le,
};
const BOOL_VECTOR: Partial<Record<BinaryFunction, VectorOperation>> = {
  equal: i32x4.eq,
  less: (a, b) => v128.andNot(b, a),
  less_equal: (a, b) => v128.or(b, v128.not(a)),
  multiply: v128.and,
  minimum: v128.and,
  maximum: v128.or,
  and: v128.and,
  or: v128.or,
};

/** A function of two operands of type `dtype` on four lanes; both are kept. */
export function binaryVector(
  f: FunctionBuilder,
  name: BinaryFunction,
  left: V128,
  right: V128,
  dtype: DType,
): V128 {
  const table = dtype === "f32" ? F32_VECTOR : dtype === "i32" ? I32_VECTOR : BOOL_VECTOR;
  const operation = table[name];
  if (operation !== undefined) return operation(left, right);
  if (name !== "integer_divide" && name !== "remainder") throw new CompilerBug(`${name} of ${dtype}`);
  // There is no division of lanes.
  let result = i32x4.constant(0);
  for (let index = 0; index < 4; index++) {
    const [a, b] = [f.keep(i32x4.lane(left, index)), f.keep(i32x4.lane(right, index))];
    result = f.keep(i32x4.replaceLane(result, index, divide(name, a, b)));
  }
  return result;
}

type F32Operation = (a: F32, b: F32) => Scalar;
type I32Operation = (a: I32, b: I32) => I32;

const F32_SCALAR: Partial<Record<BinaryFunction, F32Operation>> = {
  add: f32.add,
  subtract: f32.sub,
  multiply: f32.mul,
  divide: f32.div,
  maximum: f32.max,
  minimum: f32.min,
  equal: f32.eq,
  less: f32.lt,
  less_equal: f32.le,
};
const I32_SCALAR: Partial<Record<BinaryFunction, I32Operation>> = {
  add: i32.add,
  subtract: i32.sub,
  multiply: i32.mul,
  maximum: (a, b) => i32.select(i32.gt(a, b), a, b),
  minimum: (a, b) => i32.select(i32.lt(a, b), a, b),
  equal: i32.eq,
  less: i32.lt,
  less_equal: i32.le,
  and: i32.and,
  or: i32.or,
};

/** The same on single numbers; truth values are i32 like any others. */
export function binaryScalar(name: BinaryFunction, left: Scalar, right: Scalar): Scalar {
  if (left.type === "f32" && right.type === "f32") {
    const operation = F32_SCALAR[name];
    if (operation !== undefined) return operation(left, right);
  } else if (left.type === "i32" && right.type === "i32") {
    const operation = I32_SCALAR[name];
    if (operation !== undefined) return operation(left, right);
    if (name === "integer_divide" || name === "remainder") return divide(name, left, right);
  }
  throw new CompilerBug(`${name} of ${left.type} and ${right.type}`);
}

/** Division must not trap: by 0 it is as by 1, and by -1 it changes the sign. */
function divide(name: "integer_divide" | "remainder", a: I32, b: I32): I32 {
  const byMinusOne = i32.eq(b, i32.constant(-1));
  if (name === "remainder") {
    const safe = i32.select(i32.eqz(b), i32.constant(1), b);
    return i32.rem(a, safe);
  }
  const safe = i32.select(
    i32.eqz(i32.and(i32.add(b, i32.constant(1)), i32.constant(-2))),
    i32.constant(1),
    b,
  );
  return i32.select(byMinusOne, i32.sub(i32.constant(0), a), i32.div(a, safe));
}
