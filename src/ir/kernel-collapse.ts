/**
 * The canonical form of a kernel: only expressions that are used, no axes of extent 1, and neighbouring axes that every index walks as one merged
 * into one. Equal work then gives equal kernels, whatever reshapes it was written with, and kernels need fewer divisions to find their place.
 */
import { at } from "../base/invariant.ts";
import type { Axis, ContractionKernel, ExpressionId, Index, LoopKernel } from "./kernel.ts";
import type { ExpressionKernel, KernelRewrite } from "./kernel-walk.ts";
import { kernelAxes, kernelRoots, kernelStores, reachableExpressions, rewriteKernel } from "./kernel-walk.ts";

/** An equivalent kernel in canonical form; `operand` says where its operands go at the same time. */
export function canonicalKernel<K extends ExpressionKernel>(
  kernel: K,
  operand?: KernelRewrite["operand"],
): K {
  const kept = reachableExpressions(kernel.expressions, kernelRoots(kernel));
  const pruned = { ...kernel, expressions: kept.map((id) => at(kernel.expressions, id)) };
  const { axes, numbers } = collapsedAxes(pruned);
  const positions = new Array<ExpressionId>(kernel.expressions.length).fill(0);
  for (const [position, id] of kept.entries()) positions[id] = position;
  const rewritten = rewriteKernel(pruned, {
    expression: (id) => at(positions, id),
    axis: (axis) => numbers[axis] ?? null,
    ...(operand === undefined ? {} : { operand }),
  });
  return withAxes(rewritten, axes);
}

/** Kinds of axes: neighbours of one kind are merged, and a batch axis with the row axis behind it. */
type AxisKind = "parallel" | "reduce" | "batch" | "row" | "column" | "inner";

function axisKinds(kernel: ExpressionKernel): readonly AxisKind[] {
  if (kernel.kind === "loop") {
    return [...kernel.parallel.map(() => "parallel" as const), ...kernel.reduce.map(() => "reduce" as const)];
  }
  return [...kernel.batch.map(() => "batch" as const), "row", "column", "inner"];
}

interface KeptAxis {
  readonly extent: number;
  readonly kind: AxisKind;
}

/** The axes that are left, and the new numbers of those that have one: an axis that is merged into its inner neighbour has none. */
function collapsedAxes(kernel: ExpressionKernel): {
  readonly axes: readonly KeptAxis[];
  readonly numbers: readonly (number | undefined)[];
} {
  const axes = kernelAxes(kernel);
  const kinds = axisKinds(kernel);
  const isFixed = (position: number) =>
    at(kinds, position) === "row" || at(kinds, position) === "column" || at(kinds, position) === "inner";
  const solid = axes.flatMap((axis, position) => (axis.extent === 1 && !isFixed(position) ? [] : [position]));
  const named = new Set<number>();
  for (const expression of kernel.expressions) if (expression.op === "axis") named.add(expression.axis);
  const strides = solid.length > 1 ? allIndices(kernel).map((index) => axisStrides(index, axes.length)) : [];
  const joins = (outer: number, inner: number) =>
    (at(kinds, outer) === at(kinds, inner) || (at(kinds, outer) === "batch" && at(kinds, inner) === "row")) &&
    !named.has(outer) &&
    !named.has(inner) &&
    strides.every((stride) => at(stride, outer) === at(stride, inner) * at(axes, inner).extent);
  const numbers: number[] = [];
  const kept: KeptAxis[] = [];
  let extent = 1;
  for (const [order, position] of solid.entries()) {
    extent *= at(axes, position).extent;
    const next = solid[order + 1];
    if (next !== undefined && joins(position, next)) continue;
    numbers[position] = kept.length;
    kept.push({ extent, kind: at(kinds, position) });
    extent = 1;
  }
  return { axes: kept, numbers };
}

function allIndices(kernel: ExpressionKernel): readonly Index[] {
  const indices: Index[] = [];
  for (const expression of kernel.expressions) if (expression.op === "load") indices.push(expression.index);
  if (kernel.kind === "contraction") indices.push(kernel.left.index, kernel.right.index);
  for (const store of kernelStores(kernel)) indices.push(store.index);
  return indices;
}

function axisStrides(index: Index, count: number): readonly number[] {
  const strides = new Array<number>(count).fill(0);
  for (const { axis, stride } of index.terms) strides[axis] = at(strides, axis) + stride;
  return strides;
}

function withAxes<K extends ExpressionKernel>(kernel: K, kept: readonly KeptAxis[]): K {
  const named = kept.map(({ extent, kind }, position) => ({
    axis: { name: `${LETTER[kind]}${position}`, extent },
    kind,
  }));
  const of = (kind: AxisKind): readonly Axis[] =>
    named.flatMap((each) => (each.kind === kind ? [each.axis] : []));
  if (kernel.kind === "loop") {
    const axes: Pick<LoopKernel, "parallel" | "reduce"> = { parallel: of("parallel"), reduce: of("reduce") };
    return { ...kernel, ...axes };
  }
  const axes: Pick<ContractionKernel, "batch" | "row" | "column" | "inner"> = {
    batch: of("batch"),
    row: at(of("row"), 0),
    column: at(of("column"), 0),
    inner: at(of("inner"), 0),
  };
  return { ...kernel, ...axes };
}

const LETTER: Readonly<Record<AxisKind, string>> = {
  parallel: "p",
  reduce: "r",
  batch: "b",
  row: "m",
  column: "n",
  inner: "k",
};
