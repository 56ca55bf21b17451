/** From when to when values are needed, counted in calls over the whole iteration. */
import { invariant } from "../base/invariant.ts";
import type { Call, Scheduled, WorkValue } from "../fuse/scheduled.ts";

export interface Lifetime {
  readonly value: WorkValue;
  /** Position of the call that makes it. */
  readonly start: number;
  /** Position of the last call that reads it. */
  readonly end: number;
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
  const result: Lifetime[] = [];
  for (const [id, { start, end }] of found) {
    const value = scheduled.values.get(id);
    invariant(value !== undefined, `value ${id} is not described`);
    result.push({ value, start, end });
  }
  return result;
}
