/** The phases of a loop kernel as passes over its points: what a phase stores is stored while the phase before it runs, where that may be. */
import { at } from "../../base/invariant.ts";
import type { ExpressionId, LoopKernel, Phase, Store } from "../../ir/kernel.ts";
import { phaseRoots, reachableExpressions } from "../../ir/kernel-walk.ts";
import type { Access } from "../dependence.ts";

export type Reduction = Extract<Phase, { kind: "reduce" }>["reductions"][number];

export interface Pass {
  /** Visits all points of parallel and reduce axes, or each row once. */
  readonly over: "points" | "row";
  /** Number of the phase that the reductions belong to. */
  readonly phase: number;
  readonly reductions: readonly Reduction[];
  /** Done last at every point. */
  readonly stores: readonly Store[];
}

/** Expressions that a pass asks for. */
export function passRoots({ reductions, stores }: Pass): readonly ExpressionId[] {
  return [...phaseRoots({ kind: "reduce", reductions }), ...phaseRoots({ kind: "points", stores })];
}

/** Every place where passes touch an operand. */
export function passAccesses(kernel: LoopKernel, passes: readonly Pass[]): readonly Access[] {
  const accesses: Access[] = [];
  for (const { operand, index } of passes.flatMap(({ stores }) => stores))
    accesses.push({ operand, index, write: true });
  for (const id of reachableExpressions(kernel.expressions, passes.flatMap(passRoots))) {
    const expression = at(kernel.expressions, id);
    if (expression.op === "load")
      accesses.push({ operand: expression.operand, index: expression.index, write: false });
  }
  return accesses;
}

export function passesOf(kernel: LoopKernel): readonly Pass[] {
  const passes: Pass[] = [];
  for (const [number, phase] of kernel.phases.entries()) {
    const pass: Pass = {
      over: phase.kind === "row" ? "row" : "points",
      phase: number,
      reductions: phase.kind === "reduce" ? phase.reductions : [],
      stores: phase.kind === "reduce" ? [] : phase.stores,
    };
    const before = passes.at(-1);
    if (before !== undefined && joins(kernel, before, pass))
      passes[passes.length - 1] = { ...before, stores: [...before.stores, ...pass.stores] };
    else passes.push(pass);
  }
  return passes;
}

/** Whether the stores of a pass may be done in the pass before: they need none of its totals, and at no other point what they overwrite is read. */
function joins(kernel: LoopKernel, before: Pass, pass: Pass): boolean {
  if (before.over === "row" || pass.over === "row" || pass.reductions.length > 0) return false;
  const { expressions } = kernel;
  const needsTotals = reachableExpressions(expressions, passRoots(pass)).some((id) => {
    const expression = at(expressions, id);
    return expression.op === "reduction" && expression.phase === before.phase;
  });
  if (needsTotals) return false;
  const accesses = passAccesses(kernel, [before, pass]);
  return accesses.every((store) => {
    const place = JSON.stringify(store.index);
    return (
      !store.write ||
      accesses.every(({ operand, index }) => operand !== store.operand || JSON.stringify(index) === place)
    );
  });
}
