/** Ways through a kernel: operands of expressions, places that touch operands, and rewriting of both. */
import { at } from "../base/invariant.ts";
import type { Axis, Expression, ExpressionId, Index, Kernel, LoopKernel, Phase, Store } from "./kernel.ts";

/** Kernels that are made of expressions. */
export type ExpressionKernel = Exclude<Kernel, { kind: "library" }>;

const NONE: readonly ExpressionId[] = [];

/** Expressions that an expression reads. */
export function expressionOperands(expression: Expression): readonly ExpressionId[] {
  switch (expression.op) {
    case "constant":
    case "axis":
    case "reduction":
    case "accumulator":
      return NONE;
    case "load": {
      const { index, guard } = expression;
      if (index.dynamic.length === 0) return guard === null ? NONE : [guard];
      const values = indexValues(index);
      return guard === null ? values : [...values, guard];
    }
    case "unary":
    case "cast":
      return [expression.value];
    case "binary":
      return [expression.left, expression.right];
    case "power":
      return [expression.base];
    case "select":
      return [expression.condition, expression.whenTrue, expression.whenFalse];
    case "random":
      return [expression.seed, expression.counter, expression.index];
  }
}

/** Expressions that an index reads. */
export function indexValues(index: Index): readonly ExpressionId[] {
  return index.dynamic.map((term) => term.value);
}

/** All axes in the order of their numbers. */
export function kernelAxes(kernel: ExpressionKernel): readonly Axis[] {
  if (kernel.kind === "loop") return [...kernel.parallel, ...kernel.reduce];
  return [...kernel.batch, kernel.row, kernel.column, kernel.inner];
}

/** All stores, in order. */
export function kernelStores(kernel: ExpressionKernel): readonly Store[] {
  if (kernel.kind === "contraction") return kernel.stores;
  return kernel.phases.flatMap((phase) => (phase.kind === "reduce" ? [] : phase.stores));
}

/** Expressions whose values leave the kernel or enter a reduction. */
export function kernelRoots(kernel: ExpressionKernel): readonly ExpressionId[] {
  return kernel.kind === "contraction"
    ? kernel.stores.flatMap(storeRoots)
    : kernel.phases.flatMap(phaseRoots);
}

/** Expressions that a phase asks for. */
export function phaseRoots(phase: Phase): readonly ExpressionId[] {
  return phase.kind === "reduce"
    ? phase.reductions.map(({ value }) => value)
    : phase.stores.flatMap(storeRoots);
}

function storeRoots({ value, index }: Store): readonly ExpressionId[] {
  return [value, ...indexValues(index)];
}

/** What is reachable from `roots`, ascending: operands before their users. */
export function reachableExpressions(
  expressions: readonly Expression[],
  roots: readonly ExpressionId[],
): readonly ExpressionId[] {
  const isReached = new Uint8Array(expressions.length);
  for (const id of roots) isReached[id] = 1;
  // Operands have smaller numbers than their users.
  for (let id = expressions.length - 1; id >= 0; id--) {
    if (isReached[id] === 0) continue;
    for (const operand of expressionOperands(at(expressions, id))) isReached[operand] = 1;
  }
  const reached: ExpressionId[] = [];
  for (let id = 0; id < isReached.length; id++) if (isReached[id] === 1) reached.push(id);
  return reached;
}

/** Numbers of the operands that a kernel reads and writes. */
export interface UsedOperands {
  readonly read: ReadonlySet<number>;
  readonly written: ReadonlySet<number>;
}

/** The operands that a kernel really touches. */
export function usedOperands(kernel: ExpressionKernel): UsedOperands {
  const read = new Set<number>();
  for (const id of reachableExpressions(kernel.expressions, kernelRoots(kernel))) {
    const expression = at(kernel.expressions, id);
    if (expression.op === "load") read.add(expression.operand);
  }
  if (kernel.kind === "contraction") for (const side of [kernel.left, kernel.right]) read.add(side.operand);
  return { read, written: new Set(kernelStores(kernel).map((store) => store.operand)) };
}

/** How to rewrite the parts of a kernel. */
export interface KernelRewrite {
  readonly expression: (id: ExpressionId) => ExpressionId;
  readonly axis: (axis: number) => number | null;
  readonly operand: (operand: number) => { readonly operand: number; readonly shift: number };
}

const KEEP: KernelRewrite = {
  expression: (id) => id,
  axis: (axis) => axis,
  operand: (operand) => ({ operand, shift: 0 }),
};

/** The kernel with renumbered expressions, axes (null: always 0) and operands; lists of axes and operands stay the caller's. */
export function rewriteKernel<K extends ExpressionKernel>(kernel: K, given: Partial<KernelRewrite>): K {
  const rewrite = { ...KEEP, ...given };
  const reindex = ({ offset, terms, dynamic }: Index, shift: number): Index => {
    const kept: Index["terms"][number][] = [];
    for (const { axis, stride } of terms) {
      const moved = rewrite.axis(axis);
      if (moved !== null) kept.push({ axis: moved, stride });
    }
    return {
      offset: offset + shift,
      terms: kept,
      dynamic: dynamic.map(({ value, stride }) => ({ value: rewrite.expression(value), stride })),
    };
  };
  const access = <A extends { readonly operand: number; readonly index: Index }>(old: A): A => {
    const { operand, shift } = rewrite.operand(old.operand);
    return { ...old, operand, index: reindex(old.index, shift) };
  };
  const store = (old: Store): Store => ({ ...access(old), value: rewrite.expression(old.value) });
  const expressions = kernel.expressions.map((old): Expression => {
    if (old.op === "axis") {
      const axis = rewrite.axis(old.axis);
      return axis === null ? { op: "constant", dtype: "i32", value: 0 } : { ...old, axis };
    }
    if (old.op === "load")
      return { ...access(old), guard: old.guard === null ? null : rewrite.expression(old.guard) };
    return renumberOperands(old, rewrite.expression);
  });
  const parts =
    kernel.kind === "contraction"
      ? { left: access(kernel.left), right: access(kernel.right), stores: kernel.stores.map(store) }
      : {
          phases: kernel.phases.map((phase): LoopKernel["phases"][number] =>
            phase.kind === "reduce"
              ? {
                  ...phase,
                  reductions: phase.reductions.map((each) => ({
                    ...each,
                    value: rewrite.expression(each.value),
                  })),
                }
              : { ...phase, stores: phase.stores.map(store) },
          ),
        };
  return { ...kernel, expressions, ...parts };
}

/** An expression that is no load, with other operands. */
export function renumberOperands(
  old: Exclude<Expression, { op: "load" }>,
  renumber: (id: ExpressionId) => ExpressionId,
): Exclude<Expression, { op: "load" }> {
  switch (old.op) {
    case "unary":
    case "cast":
      return { ...old, value: renumber(old.value) };
    case "binary":
      return { ...old, left: renumber(old.left), right: renumber(old.right) };
    case "power":
      return { ...old, base: renumber(old.base) };
    case "select":
      return {
        ...old,
        condition: renumber(old.condition),
        whenTrue: renumber(old.whenTrue),
        whenFalse: renumber(old.whenFalse),
      };
    case "random":
      return { ...old, seed: renumber(old.seed), counter: renumber(old.counter), index: renumber(old.index) };
    default:
      return old;
  }
}
