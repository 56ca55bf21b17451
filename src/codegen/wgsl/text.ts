/** WGSL spellings of types, numbers and indices. */
import { at } from "../../base/invariant.ts";
import type { DType } from "../../ir/graph.ts";

const COMPONENTS = ["x", "y", "z", "w"] as const;

/** The component letter of a lane 0..3. */
export function component(lane: number): string {
  return at(COMPONENTS, lane);
}

/** Type of a value in a register. */
export function valueType(dtype: DType, vector = false): string {
  return vector ? `vec4<${dtype}>` : dtype;
}

/** Type of an element in a buffer: bool is stored as u32 0 or 1. */
export function storedType(dtype: DType): string {
  return dtype === "bool" ? "u32" : dtype;
}

/** A number as f32. Infinity and NaN have no literal in WGSL and may not be the value of a constant expression, so they come from a variable of the prelude. */
export function f32Literal(value: number): string {
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) return "not_a_number()";
  if (!Number.isFinite(rounded)) return rounded > 0 ? "infinity()" : "(-infinity())";
  const text = Object.is(rounded, -0) ? "-0" : String(rounded);
  const literal = /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
  return literal.startsWith("-") ? `(${literal})` : literal;
}

/** A constant of any type. */
export function literal(value: number, dtype: DType): string {
  if (dtype === "f32") return f32Literal(value);
  if (dtype === "bool") return value === 0 ? "false" : "true";
  return value < 0 ? `i32(${value})` : `${value}i`;
}

/** `a + b * 3 + 7` from terms (text, factor) and an offset; i32. */
export function affine(offset: number, terms: readonly (readonly [string, number])[]): string {
  const parts = terms
    .filter(([, factor]) => factor !== 0)
    .map(([text, factor]) => (factor === 1 ? text : `${text} * ${factor}`));
  if (offset !== 0 || parts.length === 0) parts.push(String(offset));
  return parts.join(" + ");
}

/**
 * The quotient of an i32 that is not negative, given as a name or in brackets. Powers of 2 become shifts: a driver does not know that the number is
 * not negative, and a software driver divides lane by lane.
 */
export function quotient(text: string, divisor: number): string {
  if (divisor === 1) return text;
  return isPowerOf2(divisor) ? `(${text} >> ${Math.log2(divisor)}u)` : `(${text} / ${divisor})`;
}

/** The remainder of an i32 that is not negative, given as a name or in brackets; see {@link quotient}. */
export function remainder(text: string, divisor: number): string {
  if (divisor === 1) return "0";
  return isPowerOf2(divisor) ? `(${text} & ${divisor - 1})` : `(${text} % ${divisor})`;
}

function isPowerOf2(value: number): boolean {
  return (value & (value - 1)) === 0;
}

/** One text for each of the four lanes: `vec4<f32>(f(0), f(1), f(2), f(3))`. */
export function eachLane(type: string, lane: (index: number) => string): string {
  return `${type}(${[0, 1, 2, 3].map(lane).join(", ")})`;
}

/** How every kernel begins: with so many invocations in a workgroup, each of which knows its workgroup and its place there. */
export function entryPoint(workgroupSize: number): string {
  return `@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {`;
}
