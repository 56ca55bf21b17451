/** Why a program needs the memory that it needs. */
import { at } from "../base/invariant.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Scheduled, WorkValue } from "../fuse/scheduled.ts";
import type { Block } from "./memory.ts";
import { planMemory } from "./memory.ts";

export interface LiveValue {
  readonly bytes: number;
  /** The primitive that makes it, and its shape. */
  readonly op: string;
  readonly shape: readonly number[];
  readonly dtype: WorkValue["dtype"];
  /** The place in the spec that asked for it. */
  readonly origin: Span | null;
  /** The kernel that makes it, and the last one that reads it. */
  readonly madeBy: CallName;
  readonly neededBy: CallName;
}

/** A call of a kernel. */
export interface CallName {
  readonly segment: string;
  readonly kernel: string;
}

export interface PeakReport extends CallName {
  /** Sum over `live`; the work arena is larger by what fragmentation costs. */
  readonly bytes: number;
  /** Largest first. */
  readonly live: readonly LiveValue[];
}

/** What is alive when most is; null for programs that keep nothing between kernels. */
export function explainPeak(scheduled: Scheduled): PeakReport | null {
  const plan = planMemory(scheduled);
  const { blocks } = plan;
  const calls = scheduled.segments.flatMap((segment) =>
    segment.calls.map((call): CallName => ({ segment: segment.name, kernel: call.kernel.name })),
  );
  const { position, bytes } = highest(blocks, calls.length);
  const call = calls[position];
  if (call === undefined) return null;
  const lives = new Map(plan.lives.map((life) => [life.value.id, life]));
  const live = blocks
    .filter((block) => block.start <= position && position <= block.end)
    .map((block): LiveValue => {
      // Of values that take over each other's place, the one that is there by now.
      const made = block.values.filter(({ id }) => (lives.get(id)?.start ?? 0) <= position);
      const value = at(made, -1);
      const { start = 0, end = 0 } = lives.get(value.id) ?? {};
      const { op, shape, dtype, origin } = value;
      return {
        bytes: block.bytes,
        op,
        shape,
        dtype,
        origin,
        madeBy: at(calls, start),
        neededBy: at(calls, end),
      };
    })
    .sort((a, b) => b.bytes - a.bytes);
  return { ...call, bytes, live };
}

/** The call at which most bytes are alive; -1 when none ever are. */
function highest(
  blocks: readonly Block[],
  calls: number,
): { readonly position: number; readonly bytes: number } {
  const changes = new Array<number>(calls + 1).fill(0);
  for (const { start, end, bytes } of blocks) {
    changes[start] = (changes[start] ?? 0) + bytes;
    changes[end + 1] = (changes[end + 1] ?? 0) - bytes;
  }
  let [alive, bytes, position] = [0, 0, -1];
  for (const [index, change] of changes.entries()) {
    alive += change;
    if (alive > bytes) [bytes, position] = [alive, index];
  }
  return { position, bytes };
}
