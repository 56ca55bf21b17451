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
 * Runs one iteration over `arenas`, which it changes: every segment in order, repeated phases as often as they say.
 * `singlePrecision` rounds stored f32 values as a device does; without it all arithmetic is float64.
 */
export function executeProgram(
  program: Program,
  arenas: Arenas,
  options: { readonly singlePrecision?: boolean } = {},
): void {
  const round = options.singlePrecision ? Math.fround : (value: number) => value;
  const { segments } = program;
  for (let index = 0; index < segments.length; ) {
    const { phase, repeat } = at(segments, index);
    let end = index + 1;
    while (repeat > 1 && segments[end]?.phase === phase && segments[end]?.repeat === repeat) end++;
    for (let turn = 0; turn < repeat; turn++)
      for (const segment of segments.slice(index, end)) runSegment(program, segment, arenas, round);
    index = end;
  }
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
