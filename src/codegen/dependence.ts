/** Which axes and expressions an expression depends on. */
import { at } from "../base/invariant.ts";
import type { Expression, ExpressionId, Index, Kernel } from "../ir/kernel.ts";

/** Expressions that `expression` reads directly. */
export function operandsOf(expression: Expression): readonly ExpressionId[] {
  switch (expression.op) {
    case "constant":
    case "axis":
    case "reduction":
    case "accumulator":
      return [];
    case "load": {
      const values = expression.index.dynamic.map((term) => term.value);
      return expression.guard === null ? values : [...values, expression.guard];
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

/** Axes that `expression` reads itself, without those of its operands. */
export function directAxes(expression: Expression): readonly number[] {
  if (expression.op === "axis") return [expression.axis];
  return expression.op === "load" ? expression.index.terms.map((term) => term.axis) : [];
}

/** The ids reachable from `roots`, ascending, so that operands come before their users. */
export function reachable(
  expressions: readonly Expression[],
  roots: readonly ExpressionId[],
): readonly ExpressionId[] {
  const seen = new Set<ExpressionId>();
  const pending = [...roots];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    pending.push(...operandsOf(at(expressions, id)));
  }
  return [...seen].sort((a, b) => a - b);
}

/** Expressions that an index reads. */
export function indexValues(index: Index): readonly ExpressionId[] {
  return index.dynamic.map((term) => term.value);
}

/** An index with the operand that it goes into and the way it is used. */
export interface Access {
  readonly operand: number;
  readonly index: Index;
  readonly write: boolean;
}

/** Every place where a kernel with expressions touches an operand; unused expressions are left out. */
export function accessesOf(kernel: Exclude<Kernel, { kind: "library" }>): readonly Access[] {
  const stores =
    kernel.kind === "loop"
      ? kernel.phases.flatMap((phase) => (phase.kind === "reduce" ? [] : phase.stores))
      : kernel.stores;
  const accesses: Access[] = stores.map(({ operand, index }) => ({ operand, index, write: true }));
  for (const id of reachable(kernel.expressions, rootsOf(kernel))) {
    const expression = at(kernel.expressions, id);
    if (expression.op === "load")
      accesses.push({ operand: expression.operand, index: expression.index, write: false });
  }
  if (kernel.kind === "contraction") {
    accesses.push({ ...kernel.left, write: false }, { ...kernel.right, write: false });
  }
  return accesses;
}

/** Expressions whose values leave the kernel or enter a reduction. */
export function rootsOf(kernel: Exclude<Kernel, { kind: "library" }>): readonly ExpressionId[] {
  if (kernel.kind === "contraction")
    return kernel.stores.flatMap((store) => [store.value, ...indexValues(store.index)]);
  return kernel.phases.flatMap(phaseRoots);
}

/** Expressions that a phase asks for. */
export function phaseRoots(
  phase: Extract<Kernel, { kind: "loop" }>["phases"][number],
): readonly ExpressionId[] {
  if (phase.kind === "reduce") return phase.reductions.map((reduction) => reduction.value);
  return phase.stores.flatMap((store) => [store.value, ...indexValues(store.index)]);
}
