/** Checks the promises of a device program. */
import { at, invariant } from "../base/invariant.ts";
import { verifyKernel } from "./kernel-verify.ts";
import type { Dispatch, Program, Region } from "./program.ts";
import { ARENA_ALIGNMENT, executions } from "./program.ts";

/**
 * Throws CompilerBug unless all kernels keep their promises, regions are aligned, lie inside their arenas and are as long as the operands, no two regions
 * of a dispatch overlap, and whatever is read from the work arena was written before.
 */
export function verifyProgram(program: Program): void {
  for (const kernel of program.kernels) verifyKernel(kernel);
  const written = new WrittenBytes(program.arenas.get("work") ?? 0);
  for (const segment of program.segments) {
    for (const { position: index, dispatch, operands } of executions(segment)) {
      const kernel = at(program.kernels, dispatch.kernel);
      const fail = (what: string) => `dispatch ${index} of ${segment.name} (${kernel.name}): ${what}`;
      verifyRegions(program, { ...dispatch, operands }, fail);
      for (const [position, region] of operands.entries()) {
        const { access } = at(kernel.operands, position);
        if (region.arena !== "work") continue;
        if (access !== "write")
          invariant(written.covers(region), fail(`operand ${position} was never written`));
      }
      for (const [position, region] of operands.entries()) {
        if (region.arena === "work" && at(kernel.operands, position).access !== "read") written.add(region);
      }
    }
  }
}

function verifyRegions(program: Program, dispatch: Dispatch, fail: (what: string) => string): void {
  const kernel = at(program.kernels, dispatch.kernel);
  invariant(
    dispatch.operands.length === kernel.operands.length,
    fail(`${dispatch.operands.length} regions for ${kernel.operands.length} operands`),
  );
  for (const [position, region] of dispatch.operands.entries()) {
    const size = program.arenas.get(region.arena);
    invariant(
      size !== undefined && region.offset >= 0 && region.offset + region.bytes <= size,
      fail(`operand ${position} lies outside arena ${region.arena}`),
    );
    invariant(region.offset % ARENA_ALIGNMENT === 0, fail(`operand ${position} starts at ${region.offset}`));
    invariant(
      region.bytes === at(kernel.operands, position).elements * 4,
      fail(`operand ${position} has ${region.bytes} bytes`),
    );
    for (const other of dispatch.operands.slice(position + 1)) {
      const apart =
        other.arena !== region.arena ||
        other.offset >= region.offset + region.bytes ||
        region.offset >= other.offset + other.bytes;
      invariant(apart, fail(`operand ${position} overlaps another one`));
    }
  }
}

/** Which aligned blocks of the work arena hold something. */
class WrittenBytes {
  readonly #blocks: Uint8Array;

  constructor(bytes: number) {
    this.#blocks = new Uint8Array(Math.ceil(bytes / ARENA_ALIGNMENT));
  }

  add({ offset, bytes }: Region): void {
    this.#blocks.fill(1, offset / ARENA_ALIGNMENT, Math.ceil((offset + bytes) / ARENA_ALIGNMENT));
  }

  covers({ offset, bytes }: Region): boolean {
    return this.#blocks
      .subarray(offset / ARENA_ALIGNMENT, Math.ceil((offset + bytes) / ARENA_ALIGNMENT))
      .every((block) => block === 1);
  }
}
