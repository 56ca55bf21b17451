/** Kernels over values become a device program: ranges of arenas for every operand, and one kernel for all calls that are alike. */
import { at, invariant } from "../base/invariant.ts";
import type { Call, Location, Scheduled } from "../fuse/scheduled.ts";
import type { Kernel } from "../ir/kernel.ts";
import { kernelKey } from "../ir/kernel-hash.ts";
import type { Dispatch, Program, Region } from "../ir/program.ts";
import { ARENA_ALIGNMENT } from "../ir/program.ts";
import { planMemory } from "./memory.ts";

/** The arena of values that live within an iteration. */
const WORK_ARENA = "work";

/**
 * The program for scheduled kernels. `arenas`: least sizes in bytes of arenas, for those that hold more than the kernels touch; others are as large
 * as the kernels need them.
 */
export function planProgram(scheduled: Scheduled, arenas: ReadonlyMap<string, number> = new Map()): Program {
  const memory = planMemory(scheduled);
  const kernels: Kernel[] = [];
  const numbers = new Map<string, number>();
  const sizes = new Map<string, number>();
  const numberOf = (kernel: Kernel) => {
    const key = kernelKey(kernel);
    const number = numbers.get(key) ?? kernels.length;
    if (number === kernels.length) kernels.push(kernel);
    numbers.set(key, number);
    return number;
  };
  const regionOf = (location: Location, elements: number): Region => {
    const region =
      location.kind === "arena"
        ? { arena: location.arena, offset: location.offset * 4, bytes: elements * 4 }
        : { arena: WORK_ARENA, offset: workOffset(memory.offsets, location.value), bytes: elements * 4 };
    const end = Math.ceil((region.offset + region.bytes) / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
    sizes.set(region.arena, Math.max(sizes.get(region.arena) ?? 0, end));
    return region;
  };
  const dispatchOf = ({ kernel, operands, flops, origins }: Call): Dispatch => ({
    kernel: numberOf(kernel),
    operands: operands.map((location, index) => regionOf(location, at(kernel.operands, index).elements)),
    flops,
    origins,
  });
  const segments = scheduled.segments.map(({ name, phase, repeat, kind }, index) => ({
    name,
    phase,
    repeat,
    kind,
    dispatches: at(memory.segments, index).map(dispatchOf),
  }));
  for (const [name, bytes] of arenas) sizes.set(name, Math.max(sizes.get(name) ?? 0, bytes));
  sizes.set(WORK_ARENA, memory.peakBytes);
  return {
    kernels,
    segments,
    arenas: sizes,
    memory: { peakBytes: memory.peakBytes, sumBytes: memory.sumBytes },
  };
}

function workOffset(offsets: ReadonlyMap<number, number>, value: number): number {
  const offset = offsets.get(value);
  invariant(offset !== undefined, `value ${value} has no place in memory`);
  return offset;
}
