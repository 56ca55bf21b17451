/** Results that take the place of an operand: a kernel that reads an element only to write at the same position needs no second buffer. */
import { at } from "../base/invariant.ts";
import type { Index, Kernel, LoopKernel } from "../ir/kernel.ts";
import type { ExpressionKernel } from "../ir/kernel-walk.ts";
import { kernelStores, reachableExpressions, rewriteKernel } from "../ir/kernel-walk.ts";

/** Whether operand `written` may lie where operand `read` lies. */
export function canShare(kernel: Kernel, read: number, written: number): boolean {
  if (kernel.kind === "library") return false;
  const [from, to] = [at(kernel.operands, read), at(kernel.operands, written)];
  if (
    from.access !== "read" ||
    to.access !== "write" ||
    from.dtype !== to.dtype ||
    from.elements !== to.elements
  )
    return false;
  if (kernel.kind === "contraction" && (kernel.left.operand === read || kernel.right.operand === read))
    return false;
  const indices = kernel.expressions.flatMap((expression) =>
    expression.op === "load" && expression.operand === read
      ? [expression.guard === null ? expression.index : null]
      : [],
  );
  for (const store of kernelStores(kernel)) if (store.operand === written) indices.push(store.index);
  const [first] = indices;
  if (first === undefined || first === null || first.dynamic.length > 0 || !visitsOnce(kernel, first))
    return false;
  const key = JSON.stringify(first);
  if (!indices.every((index) => index !== null && JSON.stringify(index) === key)) return false;
  return kernel.kind === "contraction" || !readsAfterStore(kernel, read, written);
}

/** Whether different points of the kernel have different places. */
function visitsOnce(kernel: ExpressionKernel, { terms }: Index): boolean {
  const axes =
    kernel.kind === "loop"
      ? [...kernel.parallel, ...kernel.reduce]
      : [...kernel.batch, kernel.row, kernel.column];
  const strides = new Map(terms.map(({ axis, stride }) => [axis, stride]));
  const sorted = axes
    .map(({ extent }, axis) => ({ extent, stride: strides.get(axis) ?? 0 }))
    .filter(({ extent }) => extent > 1)
    .sort((a, b) => a.stride - b.stride);
  let reach = 1;
  for (const { extent, stride } of sorted) {
    if (stride < reach) return false;
    reach = stride * extent;
  }
  return true;
}

/** Whether a phase reads the operand after an earlier one stored over it. */
function readsAfterStore(kernel: LoopKernel, read: number, written: number): boolean {
  let stored = false;
  for (const phase of kernel.phases) {
    const roots =
      phase.kind === "reduce"
        ? phase.reductions.map(({ value }) => value)
        : phase.stores.map(({ value }) => value);
    const reads = reachableExpressions(kernel.expressions, roots).some((id) => {
      const expression = at(kernel.expressions, id);
      return expression.op === "load" && expression.operand === read;
    });
    if (stored && reads) return true;
    stored ||= phase.kind !== "reduce" && phase.stores.some((store) => store.operand === written);
  }
  return false;
}

/** The kernel with one operand for both; it keeps the lower of the two numbers and the order of the others. */
export function shareOperand<K extends ExpressionKernel>(kernel: K, read: number, written: number): K {
  const [kept, gone] = [Math.min(read, written), Math.max(read, written)];
  const operands = kernel.operands.flatMap((operand, index) => {
    if (index === gone) return [];
    return [index === kept ? { ...operand, access: "update" as const } : operand];
  });
  const moved = rewriteKernel(kernel, {
    operand: (operand) => ({
      operand: operand === gone ? kept : operand > gone ? operand - 1 : operand,
      shift: 0,
    }),
  });
  return { ...moved, operands: operands.map((operand, index) => ({ ...operand, name: `operand${index}` })) };
}
