/** Which axes and operands a kernel with expressions touches where. */
import { at } from "../base/invariant.ts";
import type { Expression, Index } from "../ir/kernel.ts";
import type { ExpressionKernel } from "../ir/kernel-walk.ts";
import { kernelRoots, kernelStores, reachableExpressions } from "../ir/kernel-walk.ts";

/** Axes that `expression` reads itself, without those of its operands. */
export function directAxes(expression: Expression): readonly number[] {
  if (expression.op === "axis") return [expression.axis];
  return expression.op === "load" ? expression.index.terms.map((term) => term.axis) : [];
}

/** An index with the operand that it goes into and the way it is used. */
export interface Access {
  readonly operand: number;
  readonly index: Index;
  readonly write: boolean;
}

/** Every place where a kernel with expressions touches an operand; unused expressions are left out. */
export function accessesOf(kernel: ExpressionKernel): readonly Access[] {
  const accesses: Access[] = kernelStores(kernel).map(({ operand, index }) => ({
    operand,
    index,
    write: true,
  }));
  for (const id of reachableExpressions(kernel.expressions, kernelRoots(kernel))) {
    const expression = at(kernel.expressions, id);
    if (expression.op === "load")
      accesses.push({ operand: expression.operand, index: expression.index, write: false });
  }
  if (kernel.kind === "contraction") {
    accesses.push({ ...kernel.left, write: false }, { ...kernel.right, write: false });
  }
  return accesses;
}
