/** Why a program needs the memory that it needs. */
import type { Span } from "../diagnostics/source.ts";
import type { Scheduled } from "../fuse/scheduled.ts";
import { planMemory } from "./memory.ts";

export interface LiveValue {
  readonly bytes: number;
  /** The primitive that makes it, and its shape. */
  readonly op: string;
  readonly shape: readonly number[];
  /** The place in the spec that asked for it. */
  readonly origin: Span | null;
}

export interface PeakReport {
  /** The segment and its kernel at which most is alive. */
  readonly segment: string;
  readonly kernel: string;
  /** Sum over `live`; the work arena is larger by what fragmentation costs. */
  readonly bytes: number;
  /** Largest first. */
  readonly live: readonly LiveValue[];
}

/** What is alive when most is; null for programs that keep nothing between kernels. */
export function explainPeak(scheduled: Scheduled): PeakReport | null {
  const { blocks } = planMemory(scheduled);
  const calls = scheduled.segments.flatMap((segment) =>
    segment.calls.map((call) => ({ segment: segment.name, kernel: call.kernel.name })),
  );
  const changes = new Array<number>(calls.length + 1).fill(0);
  for (const { start, end, bytes } of blocks) {
    changes[start] = (changes[start] ?? 0) + bytes;
    changes[end + 1] = (changes[end + 1] ?? 0) - bytes;
  }
  let [alive, peak, position] = [0, 0, -1];
  for (const [index, change] of changes.entries()) {
    alive += change;
    if (alive > peak) [peak, position] = [alive, index];
  }
  const call = calls[position];
  if (call === undefined) return null;
  const live = blocks
    .filter((block) => block.start <= position && position <= block.end)
    .map(({ values, bytes }) => {
      const [first] = values;
      return { bytes, op: first?.op ?? "", shape: first?.shape ?? [], origin: first?.origin ?? null };
    })
    .sort((a, b) => b.bytes - a.bytes);
  return { ...call, bytes: peak, live };
}
