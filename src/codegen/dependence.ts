/** Which axes and operands a kernel with expressions touches where. */
import { at } from "../base/invariant.ts";
import type { Expression, Index } from "../ir/kernel.ts";
import type { ExpressionKernel } from "../ir/kernel-walk.ts";
import { expressionOperands, kernelRoots, kernelStores, reachableExpressions } from "../ir/kernel-walk.ts";

/** Axes that `expression` reads itself, without those of its operands. */
export function directAxes(expression: Expression): readonly number[] {
  if (expression.op === "axis") return [expression.axis];
  return expression.op === "load" ? expression.index.terms.map((term) => term.axis) : [];
}

/**
 * The innermost of some nested loops that each expression depends on: the greatest of what `own` says of it, of what `levelOf` says of the axes that it
 * reads, and of the levels of its operands.
 */
export function expressionLevels(
  expressions: readonly Expression[],
  own: (expression: Expression) => number,
  levelOf: (axis: number) => number,
): readonly number[] {
  const levels: number[] = [];
  for (const expression of expressions) {
    let level = own(expression);
    for (const axis of directAxes(expression)) level = Math.max(level, levelOf(axis));
    for (const id of expressionOperands(expression)) level = Math.max(level, at(levels, id));
    levels.push(level);
  }
  return levels;
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
