/** From when to when values are needed, counted in calls over the whole iteration. */
import type { Call, Scheduled, WorkValue } from "../fuse/scheduled.ts";

export interface Lifetime {
  readonly value: WorkValue;
  /** Position of the call that makes it. */
  readonly start: number;
  /** Position of the last call that reads it; for what a repeated phase reads anew in every turn, its last call. */
  readonly end: number;
  /** Made before a repeated phase and read in every turn of it. */
  readonly carried: boolean;
}

/** Calls of all segments, one after another. */
export function allCalls(scheduled: Scheduled): readonly Call[] {
  return scheduled.segments.flatMap((segment) => segment.calls);
}

/** The lifetimes of all values between kernels, in the order of their making. */
export function lifetimes(scheduled: Scheduled): readonly Lifetime[] {
  const found = new Map<number, { start: number; end: number }>();
  for (const [position, call] of allCalls(scheduled).entries()) {
    for (const location of call.operands) {
      if (location.kind !== "work") continue;
      const known = found.get(location.value);
      if (known === undefined) found.set(location.value, { start: position, end: position });
      else known.end = position;
    }
  }
  const loops = callLoops(scheduled);
  const result: Lifetime[] = [];
  for (const [id, { start, end }] of found) {
    const value = scheduled.values.get(id);
    if (value === undefined) continue;
    const loop = loops.find(({ first, last }) => start < first && end >= first && end <= last);
    result.push({ value, start, end: loop === undefined ? end : loop.last, carried: loop !== undefined });
  }
  return result;
}

/** First and last calls of the phases that are repeated. */
function callLoops(scheduled: Scheduled): readonly { readonly first: number; readonly last: number }[] {
  const loops: { phase: string; segment: number; first: number; last: number }[] = [];
  let position = 0;
  for (const [index, { phase, repeat, calls }] of scheduled.segments.entries()) {
    const first = position;
    position += calls.length;
    if (repeat === 1) continue;
    const open = loops.at(-1);
    if (open !== undefined && open.phase === phase && open.segment === index - 1) {
      open.last = position - 1;
      open.segment = index;
    } else loops.push({ phase, segment: index, first, last: position - 1 });
  }
  return loops;
}
