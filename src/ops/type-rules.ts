/** Type rules shared by several primitives. A misfit is a CompilerBug: the checker has refused wrong specs long before. */
import { at, invariant } from "../base/invariant.ts";
import type { DType } from "../ir/graph.ts";
import { sameShape } from "../ir/graph-walk.ts";
import type { TensorType } from "../ir/op.ts";

/** `f32[2, 3]` */
export function describeType(type: TensorType): string {
  return `${type.dtype}[${type.shape.join(", ")}]`;
}

/** The operands, after checking their number. */
export function operands(op: string, inputs: readonly TensorType[], count: number): readonly TensorType[] {
  invariant(inputs.length === count, () => `${op} takes ${count} operands, not ${inputs.length}`);
  return inputs;
}

/** Checks the element type of an operand. */
export function expectDType(op: string, input: TensorType, allowed: readonly DType[]): void {
  invariant(
    allowed.includes(input.dtype),
    () => `${op} takes ${allowed.join(" or ")}, not ${describeType(input)}`,
  );
}

/** Checks the rank of an operand. */
export function expectRank(op: string, input: TensorType, rank: number): void {
  invariant(input.shape.length === rank, () => `${op} takes rank ${rank}, not ${describeType(input)}`);
}

/** Checks an exact type. */
export function expectType(op: string, input: TensorType, dtype: DType, shape: readonly number[]): void {
  const fits = input.dtype === dtype && sameShape(input.shape, shape);
  invariant(fits, () => `${op} takes ${describeType({ dtype, shape })} here, not ${describeType(input)}`);
}

/** A result type, after checking that every extent is a positive whole number. */
export function tensorType(op: string, dtype: DType, shape: readonly number[]): TensorType {
  const valid = shape.every((extent) => Number.isInteger(extent) && extent > 0);
  invariant(valid, () => `${op} would have the shape [${shape.join(", ")}]`);
  return { shape, dtype };
}

/** The common type of equally typed operands. */
export function commonType(
  op: string,
  inputs: readonly TensorType[],
  count: number,
  allowed: readonly DType[],
): TensorType {
  operands(op, inputs, count);
  const first = at(inputs, 0);
  expectDType(op, first, allowed);
  for (const other of inputs) expectType(op, other, first.dtype, first.shape);
  return { shape: first.shape, dtype: first.dtype };
}
