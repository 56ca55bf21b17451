/** The scalar functions of the kernel IR in WGSL. Those that a driver may compute badly are functions of `kernels/prelude.wgsl`. */
import { invariant } from "../../base/invariant.ts";
import type { DType } from "../../ir/graph.ts";
import type { BinaryFunction, UnaryFunction } from "../../ir/kernel.ts";
import { f32Literal, literal, valueType } from "./text.ts";

/** Functions whose WGSL builtin is NaN, coarse or undefined somewhere: prelude functions, with the suffix `4` for vec4. */
const SAFE: Partial<Record<UnaryFunction, string>> = {
  exp: "safe_exp",
  log: "safe_log",
  log1p: "safe_log1p",
  tanh: "safe_tanh",
  sigmoid: "safe_sigmoid",
  softplus: "safe_softplus",
  erf: "safe_erf",
  sin: "safe_sin",
  cos: "safe_cos",
};

/** `value` under a function of one operand. */
export function unaryText(name: UnaryFunction, value: string, dtype: DType, vector: boolean): string {
  const safe = SAFE[name];
  if (safe !== undefined) return `${safe}${vector ? "4" : ""}(${value})`;
  switch (name) {
    case "negate":
      return `-${value}`;
    case "not":
      return `!${value}`;
    case "absolute":
      return `abs(${value})`;
    case "reciprocal":
      return `1.0f / ${value}`;
    case "sign":
    case "sqrt":
    case "floor":
    case "round":
      invariant(dtype === "f32" || name === "sign", `${name} of ${dtype}`);
      return `${name}(${value})`;
    default:
      invariant(false, `no WGSL for ${name}`);
  }
}

const INFIX: Partial<Record<BinaryFunction, string>> = {
  add: "+",
  subtract: "-",
  multiply: "*",
  divide: "/",
  equal: "==",
  less: "<",
  less_equal: "<=",
  and: "&",
  or: "|",
  integer_divide: "/",
  remainder: "%",
};

/** A function of two operands of the same type. */
export function binaryText(name: BinaryFunction, left: string, right: string): string {
  const infix = INFIX[name];
  if (infix !== undefined) return `${left} ${infix} ${right}`;
  return `${name === "maximum" ? "max" : "min"}(${left}, ${right})`;
}

/** A conversion between types: f32 to i32 drops the fraction, a number is true when it is not 0. */
export function castText(value: string, from: DType, to: DType, vector: boolean): string {
  if (from === to) return value;
  const type = valueType(to, vector);
  const splat = (text: string, dtype: DType) => (vector ? `${valueType(dtype, true)}(${text})` : text);
  if (to === "bool") return `${value} != ${splat(literal(0, from), from)}`;
  if (from === "bool") return `select(${splat(literal(0, to), to)}, ${splat(literal(1, to), to)}, ${value})`;
  return `${type}(${value})`;
}

/** Whole exponents up to this are products. */
const LARGEST_PRODUCT = 16;

/** base ^ exponent. `base` is the name of a value: it is repeated. */
export function powerText(base: string, exponent: number, vector: boolean): string {
  if (exponent < 0 && exponent >= -LARGEST_PRODUCT && Number.isInteger(exponent * 2))
    return `1.0f / (${powerText(base, -exponent, vector)})`;
  if (exponent === 0.5) return `sqrt(${base})`;
  if (exponent === 0) return vector ? "vec4<f32>(1.0f)" : "1.0f";
  if (Number.isInteger(exponent) && exponent > 0 && exponent <= LARGEST_PRODUCT)
    return product(base, exponent);
  const suffix = vector ? "4" : "";
  return `safe_power${suffix}(${base}, ${f32Literal(exponent)})`;
}

function product(base: string, exponent: number): string {
  if (exponent === 1) return base;
  if (exponent % 2 === 1) return `${base} * ${product(base, exponent - 1)}`;
  const half = product(base, exponent / 2);
  return exponent === 2 ? `${half} * ${half}` : `(${half}) * (${half})`;
}
