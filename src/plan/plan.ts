/** Kernels over values become a device program: ranges of arenas for every operand, and one kernel for all calls that are alike. */
import { at, invariant } from "../base/invariant.ts";
import type { Call, Location, LoopOfKernels, Scheduled } from "../fuse/scheduled.ts";
import type { Kernel } from "../ir/kernel.ts";
import { kernelKey } from "../ir/kernel-hash.ts";
import type { Dispatch, Loop, Program, Region } from "../ir/program.ts";
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
  const kernels = new KernelTable();
  const sizes = new Map<string, number>();
  const regionOf = (location: Location, elements: number): Region => {
    const region =
      location.kind === "arena"
        ? { arena: location.arena, offset: location.offset * 4, bytes: elements * 4 }
        : { arena: WORK_ARENA, offset: workOffset(memory.offsets, location.value), bytes: elements * 4 };
    const end = Math.ceil((region.offset + region.bytes) / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
    sizes.set(region.arena, Math.max(sizes.get(region.arena) ?? 0, end));
    return region;
  };
  const segments = scheduled.segments.map(({ name, phase, repeat, kind }, index) => {
    const dispatches: Dispatch[] = [];
    const loops: Loop[] = [];
    for (const { kernel, operands, flops, origins } of at(memory.segments, index)) {
      const regions = operands.map((location, place) =>
        regionOf(location, at(kernel.operands, place).elements),
      );
      if (kernel.kind !== "scan") {
        dispatches.push({ kernel: kernels.number(kernel), operands: regions, flops, origins });
        continue;
      }
      dispatches.push(...stepDispatches(kernel, kernel.first, regions, kernels));
      const step = stepDispatches(kernel, kernel.step, regions, kernels);
      loops.push({ first: dispatches.length, count: step.length, steps: kernel.steps });
      dispatches.push(...step);
    }
    return { name, phase, repeat, kind, dispatches, ...(loops.length > 0 ? { loops } : {}) };
  });
  for (const [name, bytes] of arenas) sizes.set(name, Math.max(sizes.get(name) ?? 0, bytes));
  sizes.set(WORK_ARENA, memory.peakBytes);
  return {
    kernels: kernels.kernels,
    segments,
    arenas: sizes,
    memory: { peakBytes: memory.peakBytes, sumBytes: memory.sumBytes },
  };
}

/** Kernels of a program, each once. */
class KernelTable {
  readonly kernels: Kernel[] = [];
  readonly #numbers = new Map<string, number>();

  number(kernel: Kernel): number {
    const key = kernelKey(kernel);
    const number = this.#numbers.get(key) ?? this.kernels.push(kernel) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}

/** What a loop runs before its steps, or in each of them; `regions` are those of its operands, the scratch memory of a step behind the others. */
function stepDispatches(
  loop: LoopOfKernels,
  scheduled: Scheduled,
  regions: readonly Region[],
  kernels: KernelTable,
): Dispatch[] {
  const memory = planMemory(scheduled);
  const regionOf = (location: Location, elements: number): Region => {
    if (location.kind === "work") {
      const scratch = at(regions, -1);
      const offset = scratch.offset + workOffset(memory.offsets, location.value);
      return { arena: scratch.arena, offset, bytes: elements * 4 };
    }
    const binding = loop.bindings.get(location.arena);
    invariant(binding !== undefined, `a step of a scan reads the arena ${location.arena}`);
    const { arena, offset } = at(regions, binding.operand);
    const start = offset + (binding.offset + location.offset) * 4;
    const advance = binding.advance === 0 ? {} : { advance: binding.advance * 4 };
    return { arena, offset: start, bytes: elements * 4, ...advance };
  };
  return memory.segments.flat().map(({ kernel, operands, flops, origins }: Call): Dispatch => {
    invariant(kernel.kind !== "scan", "a scan within a scan");
    const own = operands.map((location, index) => regionOf(location, at(kernel.operands, index).elements));
    return { kernel: kernels.number(kernel), operands: own, flops, origins };
  });
}

function workOffset(offsets: ReadonlyMap<number, number>, value: number): number {
  const offset = offsets.get(value);
  invariant(offset !== undefined, () => `value ${value} has no place in memory`);
  return offset;
}
