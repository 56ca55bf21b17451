/**
 * Merges neighbouring axes of a loop kernel that every index walks as one (the stride of the outer is the stride of the inner times its
 * extent), and drops axes of extent 1. Fewer axes mean fewer divisions when an invocation finds its place, and longer runs for vector access.
 */
import { at } from "../base/invariant.ts";
import type { Axis, Expression, Index, LoopKernel, Phase } from "../ir/kernel.ts";
import { accessesOf } from "./dependence.ts";

/** An equivalent kernel with as few axes as possible. */
export function collapseAxes(kernel: LoopKernel): LoopKernel {
  const axes = [...kernel.parallel, ...kernel.reduce];
  const named = new Set<number>();
  for (const expression of kernel.expressions) if (expression.op === "axis") named.add(expression.axis);
  const isReduce = (position: number) => position >= kernel.parallel.length;
  const positions = axes.flatMap((axis, position) => (axis.extent === 1 ? [] : [position]));
  const accesses = positions.length > 1 ? accessesOf(kernel) : [];
  const strides = accesses.map((access) => stridesOf(access.index, axes.length));

  /** New number of each old axis; an axis that was dropped, or merged into its inner neighbour, has none. */
  const renumbered = new Array<number | null>(axes.length).fill(null);
  const kept: KeptAxis[] = [];
  let merged = 1;
  for (const [order, position] of positions.entries()) {
    const { name, extent } = at(axes, position);
    const next = positions[order + 1];
    const joins =
      next !== undefined &&
      isReduce(next) === isReduce(position) &&
      !named.has(position) &&
      !named.has(next) &&
      strides.every((stride) => at(stride, position) === at(stride, next) * at(axes, next).extent);
    merged *= extent;
    if (joins) continue;
    renumbered[position] = kept.length;
    kept.push({ axis: { name, extent: merged }, reduce: isReduce(position) });
    merged = 1;
  }
  return kept.length === axes.length ? kernel : renumberAxes(kernel, kept, renumbered);
}

interface KeptAxis {
  readonly axis: Axis;
  readonly reduce: boolean;
}

function stridesOf(index: Index, axes: number): readonly number[] {
  const strides = new Array<number>(axes).fill(0);
  for (const term of index.terms) strides[term.axis] = at(strides, term.axis) + term.stride;
  return strides;
}

function renumberAxes(
  kernel: LoopKernel,
  kept: readonly KeptAxis[],
  renumbered: readonly (number | null)[],
): LoopKernel {
  const reindex = (index: Index): Index => ({
    ...index,
    terms: index.terms.flatMap((term) => {
      const axis = at(renumbered, term.axis);
      return axis === null ? [] : [{ axis, stride: term.stride }];
    }),
  });
  const expression = (old: Expression): Expression => {
    if (old.op === "load") return { ...old, index: reindex(old.index) };
    if (old.op !== "axis") return old;
    const axis = at(renumbered, old.axis);
    return axis === null ? { op: "constant", dtype: "i32", value: 0 } : { ...old, axis };
  };
  const phase = (old: Phase): Phase =>
    old.kind === "reduce"
      ? old
      : { ...old, stores: old.stores.map((store) => ({ ...store, index: reindex(store.index) })) };
  return {
    ...kernel,
    parallel: kept.filter((entry) => !entry.reduce).map((entry) => entry.axis),
    reduce: kept.filter((entry) => entry.reduce).map((entry) => entry.axis),
    expressions: kernel.expressions.map(expression),
    phases: kernel.phases.map(phase),
  };
}
