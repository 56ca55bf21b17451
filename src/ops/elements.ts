/** Reference evaluation: loops over the elements of row-major float64 tensors. Written to be read, not to be fast. */
import { at } from "../base/invariant.ts";
import { elementCount } from "../ir/graph.ts";
import type { Tensor, TensorType } from "../ir/op.ts";
import { rowMajorStrides } from "../ir/shapes.ts";

/** A tensor of zeros. */
export function zeros(type: TensorType): Tensor {
  return { shape: type.shape, dtype: type.dtype, data: new Float64Array(elementCount(type.shape)) };
}

/** Applies a scalar function of up to three operands, element by element. */
export function eachElement(
  inputs: readonly Tensor[],
  type: TensorType,
  apply: (a: number, b: number, c: number) => number,
): Tensor {
  const result = zeros(type);
  const none = new Float64Array(0);
  const [a, b, c] = [inputs[0]?.data ?? none, inputs[1]?.data ?? none, inputs[2]?.data ?? none];
  // Reading past the end of an operand that is not there gives undefined, which `apply` does not look at.
  for (let index = 0; index < result.data.length; index++) {
    result.data[index] = apply(a[index] as number, b[index] as number, c[index] as number);
  }
  return result;
}

/**
 * Calls `visit(position, offset)` for every position of `shape` in row-major order: `position` counts them, `offset` is
 * start + sum(index * stride).
 */
export function eachPosition(
  shape: readonly number[],
  strides: readonly number[],
  start: number,
  visit: (position: number, offset: number) => void,
): void {
  const total = elementCount(shape);
  const index = Array<number>(shape.length).fill(0);
  let offset = start;
  for (let position = 0; position < total; position++) {
    visit(position, offset);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = at(strides, axis);
      const next = at(index, axis) + 1;
      offset += stride;
      index[axis] = next;
      if (next < at(shape, axis)) break;
      offset -= stride * next;
      index[axis] = 0;
    }
  }
}

/** A view: element i of the result is the operand's element at start + sum(index * stride). */
export function gatherView(
  input: Tensor,
  type: TensorType,
  strides: readonly number[],
  start: number,
): Tensor {
  const result = zeros(type);
  eachPosition(type.shape, strides, start, (position, offset) => {
    result.data[position] = at(input.data, offset);
  });
  return result;
}

/** Strides of `inner` seen inside `outer` of the same rank: 0 along the axes on which `inner` has extent 1. */
export function broadcastStrides(inner: readonly number[]): number[] {
  return rowMajorStrides(inner).map((stride, axis) => (at(inner, axis) === 1 ? 0 : stride));
}

/** Sum of the elements of offset `start + i * step`; helper of everything that multiplies matrices. */
export function dot(
  a: Float64Array,
  aStart: number,
  aStep: number,
  b: Float64Array,
  bStart: number,
  bStep: number,
  count: number,
): number {
  let total = 0;
  for (let k = 0; k < count; k++)
    total += (a[aStart + k * aStep] as number) * (b[bStart + k * bStep] as number);
  return total;
}
