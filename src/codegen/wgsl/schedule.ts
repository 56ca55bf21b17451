/** How a loop kernel is laid over invocations: which axis is vectorised, and how many invocations share a row. */
import { at } from "../../base/invariant.ts";
import type { LoopKernel } from "../../ir/kernel.ts";
import { accessesOf } from "../dependence.ts";
import type { TargetDescriptor } from "../descriptor.ts";
import type { LanePlan } from "./lanes.ts";
import { planLanes } from "./lanes.ts";

export interface LoopSchedule {
  readonly lanes: LanePlan;
  /** Points of the parallel axes, four of them counted as one when the lane axis is parallel. */
  readonly rows: number;
  /** Points of the reduce axes, counted likewise. */
  readonly points: number;
  /** Invocations of a workgroup. */
  readonly workgroupSize: number;
  readonly rowsPerGroup: number;
  /** Rows that an invocation does one after another, a workgroup's size apart. */
  readonly rowsPerInvocation: number;
  /** Invocations that share a row: a power of 2; 1 needs no workgroup memory. */
  readonly sharers: number;
  /** Neighbouring invocations have neighbouring rows (true) or neighbouring points of one row. */
  readonly rowsAdjacent: boolean;
}

/** The schedule for a kernel whose axes are collapsed. */
export function scheduleLoop(kernel: LoopKernel, descriptor: TargetDescriptor): LoopSchedule {
  const lanes = chooseLanes(kernel, descriptor);
  const parallel = lanes.axis !== null && lanes.axis < kernel.parallel.length;
  const reduce = lanes.axis !== null && !parallel;
  const rows = kernel.parallel.reduce((product, axis) => product * axis.extent, 1) / (parallel ? 4 : 1);
  const points = kernel.reduce.reduce((product, axis) => product * axis.extent, 1) / (reduce ? 4 : 1);
  const adjacent = rowsAreAdjacent(kernel);
  const sharers = shareRows(rows, points, adjacent, descriptor);
  const rowsPerInvocation = repeatRows(kernel, rows, descriptor);
  const workgroupSize =
    sharers === 1
      ? groupSize(rows / rowsPerInvocation, descriptor)
      : Math.max(sharers, descriptor.workgroupSize);
  return {
    lanes,
    rows,
    points,
    sharers,
    rowsPerInvocation,
    workgroupSize,
    rowsPerGroup: (workgroupSize / sharers) * rowsPerInvocation,
    rowsAdjacent: adjacent,
  };
}

/** The last axis of either kind, when most of what steps along it can be done in whole vectors. */
function chooseLanes(kernel: LoopKernel, descriptor: TargetDescriptor): LanePlan {
  const last = kernel.parallel.length + kernel.reduce.length - 1;
  const candidates = kernel.reduce.length > 0 ? [last, kernel.parallel.length - 1] : [last];
  let best = planLanes(kernel, null);
  if (!descriptor.vectorLoops) return best;
  for (const axis of candidates) {
    const extent = [...kernel.parallel, ...kernel.reduce][axis]?.extent ?? 1;
    if (extent % 4 !== 0 || !leavesEnoughWork(kernel, axis, descriptor)) continue;
    const plan = planLanes(kernel, axis);
    const gain = plan.vectorAccesses - 2 * plan.elementAccesses;
    if (gain > best.vectorAccesses - 2 * best.elementAccesses) best = plan;
  }
  return best;
}

/** A GPU with idle processors gains more from more invocations than from wide ones. */
function leavesEnoughWork(kernel: LoopKernel, axis: number, descriptor: TargetDescriptor): boolean {
  if (axis >= kernel.parallel.length) return true;
  const rows = kernel.parallel.reduce((product, { extent }) => product * extent, 1);
  return (
    rows / 4 >=
    descriptor.saturation / (descriptor.rowStrategy === "workgroup" && kernel.reduce.length > 0 ? 16 : 4)
  );
}

/** Whether the operands run faster along the last parallel axis than along the last reduce axis (column sums). */
function rowsAreAdjacent(kernel: LoopKernel): boolean {
  const lastParallel = kernel.parallel.length - 1;
  const lastReduce = kernel.parallel.length + kernel.reduce.length - 1;
  let votes = 0;
  for (const { index } of accessesOf(kernel)) {
    if (
      index.terms.some((term) => term.axis === lastReduce && term.stride === 1 && lastReduce !== lastParallel)
    )
      votes--;
    if (index.terms.some((term) => term.axis === lastParallel && term.stride === 1)) votes++;
  }
  return votes > 0;
}

function shareRows(rows: number, points: number, adjacent: boolean, descriptor: TargetDescriptor): number {
  if (descriptor.rowStrategy === "invocation") return 1;
  // Neighbouring points of a row are read together only when neighbouring invocations have them: a subgroup at least.
  let sharers = !adjacent && points >= 16 ? 16 : 1;
  while (
    sharers * 2 <= Math.min(points / 2, descriptor.maxInvocations) &&
    rows * sharers < descriptor.saturation
  )
    sharers *= 2;
  return sharers;
}

function repeatRows(kernel: LoopKernel, rows: number, { rowsPerInvocation }: TargetDescriptor): number {
  return kernel.reduce.length === 0 && rows >= rowsPerInvocation.from ? rowsPerInvocation.rows : 1;
}

/** Small grids are cut finer, so that every processor gets some. */
function groupSize(rows: number, { workgroupSize, workgroups }: TargetDescriptor): number {
  let size = workgroupSize;
  while (size > 8 && rows < size * workgroups) size /= 2;
  return size;
}

/** Workgroups of a one-dimensional grid, folded into y when there are more than x can hold. */
export function foldGrid(groups: number, descriptor: TargetDescriptor): readonly [number, number, number] {
  const x = Math.min(groups, descriptor.maxWorkgroups);
  return [x, Math.ceil(groups / x), 1];
}

/** Extent of an axis as the schedule steps through it. */
export function stepsOf(kernel: LoopKernel, axis: number, lanes: LanePlan): number {
  const { extent } = at([...kernel.parallel, ...kernel.reduce], axis);
  return axis === lanes.axis ? extent / 4 : extent;
}
