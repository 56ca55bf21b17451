/** How a loop kernel runs: which axis goes through the lanes, what is computed in which loop, and how the rows are shared. */
import { at } from "../../base/invariant.ts";
import type { Expression, ExpressionId, LoopKernel } from "../../ir/kernel.ts";
import { kernelRoots, reachableExpressions } from "../../ir/kernel-walk.ts";
import { expressionLevels } from "../dependence.ts";
import { keepRows } from "./kept-rows.ts";
import type { LanePlan } from "./lanes.ts";
import { laneGain, planLanes, totalCost } from "./lanes.ts";
import type { Pass } from "./passes.ts";
import { passesOf } from "./passes.ts";

/** Loops from the outside: once per call, rows, the lane axis where it is parallel, then the reduce axes. */
export const LEVEL = { call: 0, row: 1, lane: 2, reduce: 3 } as const;

export interface LoopPlan {
  /** With an operand more for each of `keptRows`. */
  readonly kernel: LoopKernel;
  readonly passes: readonly Pass[];
  /** Elements of rows of values in scratch memory. */
  readonly keptRows: readonly number[];
  readonly lanes: LanePlan;
  /** The lane axis is one of the parallel axes: reductions run down columns, four or more at a time. */
  readonly columns: boolean;
  /** Parallel axes other than the lane axis, whose points are the rows. */
  readonly rowAxes: readonly number[];
  readonly rows: number;
  /** Threads share the lane axis, since there are few rows. */
  readonly sharesLanes: boolean;
  /** Columns are summed a whole stretch at a time (columns.ts). */
  readonly stretches: boolean;
  /** Vectors along the lane axis that go through the reduce axes together. */
  readonly together: number;
  /** The innermost loop that an expression depends on, by expression. */
  readonly levels: readonly number[];
  readonly nanoseconds: number;
}

/** Below this many rows, threads share the lane axis instead where they can. */
const FEW_ROWS = 8;

/** Columns that are worth a stretch, and bytes that no longer fit the second cache. */
const LEAST_COLUMNS = 32;
const LEAST_BYTES = 262_144;

/** Whether the sums of a kernel with a parallel lane axis are better done in stretches. */
function suitsStretches(kernel: LoopKernel, columns: number): boolean {
  const points = kernel.reduce.reduce((product, { extent }) => product * extent, 1);
  return points > 1 && columns >= LEAST_COLUMNS && points * columns * 4 >= LEAST_BYTES;
}

export function planLoop(kernel: LoopKernel): LoopPlan {
  const axis = chooseAxis(kernel);
  const columns = axis !== null && axis < kernel.parallel.length;
  const rowAxes = kernel.parallel.map((_, position) => position).filter((position) => position !== axis);
  const rows = rowAxes.reduce((product, position) => product * at(kernel.parallel, position).extent, 1);
  const ids = reachableExpressions(kernel.expressions, kernelRoots(kernel));
  const points = [...kernel.parallel, ...kernel.reduce].reduce((product, { extent }) => product * extent, 1);
  const cost = totalCost(kernel.expressions, ids) + 2 * ids.length;
  const passes = passesOf(kernel);
  const kept = columns ? { kernel, passes, keptRows: [] } : keepRows(kernel, passes);
  return {
    ...kept,
    lanes: planLanes(kept.kernel, axis),
    columns,
    rowAxes,
    rows,
    sharesLanes: columns && rows < FEW_ROWS,
    stretches: columns && suitsStretches(kernel, at(kernel.parallel, axis).extent),
    together: columns ? vectorsTogether(kernel, at(kernel.parallel, axis).extent, cost) : 1,
    levels: loopLevels(kept.kernel, axis, columns),
    nanoseconds: points * cost * (axis === null ? 0.4 : 0.12),
  };
}

function chooseAxis(kernel: LoopKernel): number | null {
  const extents = [...kernel.parallel, ...kernel.reduce].map(({ extent }) => extent);
  if (kernel.reduce.length === 0) return extents.length === 0 ? null : extents.length - 1;
  const candidates = new Set([extents.length - 1, kernel.parallel.length - 1]);
  let best: { readonly axis: number; readonly gain: number } | null = null;
  for (const axis of candidates) {
    const extent = extents[axis];
    if (axis < 0 || extent === undefined) continue;
    // Short axes leave lanes empty.
    const gain = laneGain(kernel, axis) - (extent < 4 ? 20 : extent < 12 && extent % 4 !== 0 ? 2 : 0);
    if (best === null || gain > best.gain) best = { axis, gain };
  }
  return best?.axis ?? null;
}

/** Columns are summed up to 16 at a time, as many as a cache line holds, when their sums and values fit into registers. */
function vectorsTogether(kernel: LoopKernel, extent: number, cost: number): number {
  const sums = kernel.phases.reduce(
    (most, phase) => Math.max(most, phase.kind === "reduce" ? phase.reductions.length : 0),
    0,
  );
  if (sums === 0 || cost > 60) return 1;
  const together = sums <= 2 ? 4 : 2;
  return Math.min(together, Math.max(1, Math.floor(extent / 4)));
}

function loopLevels(kernel: LoopKernel, laneAxis: number | null, columns: boolean): readonly number[] {
  const body = columns ? LEVEL.lane : LEVEL.row;
  const levelOf = (axis: number) => {
    if (axis >= kernel.parallel.length) return LEVEL.reduce + axis - kernel.parallel.length;
    return axis === laneAxis ? LEVEL.lane : LEVEL.row;
  };
  const own = ({ op }: Expression) => (op === "reduction" ? body : LEVEL.call);
  return expressionLevels(kernel.expressions, own, levelOf);
}

/** The expressions of a phase, or of all phases, up to a level. */
export function upTo(plan: LoopPlan, ids: readonly ExpressionId[], level: number): readonly ExpressionId[] {
  return ids.filter((id) => at(plan.levels, id) <= level);
}
