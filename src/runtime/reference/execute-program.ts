/** Device programs in plain TypeScript, without a device: float64 arenas, one kernel after another. */
import { at, invariant } from "../../base/invariant.ts";
import type { Program } from "../../ir/program.ts";
import { executeKernel } from "./execute-kernel.ts";

/** Arenas by name, one float64 for every 4 bytes. */
export type Arenas = ReadonlyMap<string, Float64Array>;

/** Zeroed arenas for a program. */
export function makeArenas(program: Program): Map<string, Float64Array> {
  return new Map([...program.arenas].map(([name, bytes]) => [name, new Float64Array(bytes / 4)]));
}

/**
 * Runs one iteration over `arenas`, which it changes: every segment in order.
 * `singlePrecision` rounds stored f32 values as a device does; without it all arithmetic is float64.
 */
export function executeProgram(
  program: Program,
  arenas: Arenas,
  options: { readonly singlePrecision?: boolean } = {},
): void {
  const round = options.singlePrecision ? Math.fround : (value: number) => value;
  for (const segment of program.segments) runSegment(program, segment, arenas, round);
}

function runSegment(
  program: Program,
  segment: Program["segments"][number],
  arenas: Arenas,
  round: (value: number) => number,
): void {
  for (const dispatch of segment.dispatches) {
    const operands = dispatch.operands.map(({ arena, offset, bytes }) => {
      const data = arenas.get(arena);
      invariant(
        data !== undefined && offset + bytes <= data.length * 4,
        `arena ${arena} is missing or too small`,
      );
      return data.subarray(offset / 4, (offset + bytes) / 4);
    });
    executeKernel(at(program.kernels, dispatch.kernel), operands, round);
  }
}
