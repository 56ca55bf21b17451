/** The identity of a kernel: kernels with equal keys are the same code and share a pipeline. Names play no part. */
import type { Axis, Expression, Kernel } from "./kernel.ts";

/** Kernels never change, and several stages ask for the keys of the same ones. */
const keys = new WeakMap<Kernel, string>();

/** Text that is equal exactly for kernels that compute the same in the same way. */
export function kernelKey(kernel: Kernel): string {
  let key = keys.get(kernel);
  if (key === undefined) {
    key = JSON.stringify(parts(kernel));
    keys.set(kernel, key);
  }
  return key;
}

/** All of a kernel but the names, in lists of a fixed order. */
function parts(kernel: Kernel): readonly unknown[] {
  const { kind } = kernel;
  const operands = kernel.operands.map(({ dtype, elements, access }) => [dtype, elements, access]);
  if (kernel.kind === "library") return [kind, operands, kernel.routine, kernel.sizes, kernel.reverse];
  const expressions = kernel.expressions.map(inJson);
  if (kernel.kind === "loop") {
    const { parallel, reduce, phases } = kernel;
    return [kind, operands, extents(parallel), extents(reduce), expressions, phases];
  }
  const { batch, row, column, inner, left, right, stores } = kernel;
  return [kind, operands, extents(batch), extents([row, column, inner]), left, right, expressions, stores];
}

function extents(axes: readonly Axis[]): readonly number[] {
  return axes.map(({ extent }) => extent);
}

/** JSON has no words for infinity, NaN and the zero below zero. */
function inJson(expression: Expression): unknown {
  if (expression.op !== "constant") return expression;
  const { value } = expression;
  if (Object.is(value, -0)) return { ...expression, value: "-0" };
  return Number.isFinite(value) ? expression : { ...expression, value: String(value) };
}
