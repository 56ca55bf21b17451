/** Changes of element type, of four lanes and of single numbers. Elements of type bool are all bits of a lane in vectors, and 0 or 1 otherwise. */
import type { DType } from "../../ir/graph.ts";
import type { V128 } from "./instructions.ts";
import { f32, f32x4, i32, i32x4, v128 } from "./instructions.ts";
import type { Scalar } from "./scalar-functions.ts";

export function castVector(value: V128, from: DType, to: DType): V128 {
  if (from === to) return value;
  if (to === "bool") {
    const zero = i32x4.constant(0);
    return from === "f32" ? f32x4.ne(value, zero) : v128.not(i32x4.eq(value, zero));
  }
  if (from === "bool") return v128.and(value, to === "f32" ? f32x4.constant(1) : i32x4.constant(1));
  return to === "f32" ? f32x4.convert(value) : i32x4.truncate(value);
}

export function castScalar(value: Scalar, from: DType, to: DType): Scalar {
  if (from === to) return value;
  if (to === "bool")
    return value.type === "f32" ? f32.ne(value, f32.constant(0)) : i32.ne(value, i32.constant(0));
  if (to === "f32") return value.type === "i32" ? f32.convert(value) : value;
  return value.type === "f32" ? i32.truncate(value) : value;
}
