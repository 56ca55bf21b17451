/** Device programs in plain TypeScript, without a device: float64 arenas, one kernel after another. */
import { at, invariant } from "../../base/invariant.ts";
import { executions, type Program, type Region } from "../../ir/program.ts";
import { executeKernel } from "./execute-kernel.ts";

/** Arenas by name, one float64 for every 4 bytes. */
export type Arenas = ReadonlyMap<string, Float64Array>;

/** Zeroed arenas for a program. */
export function makeArenas(program: Program): Map<string, Float64Array> {
  return new Map([...program.arenas].map(([name, bytes]) => [name, new Float64Array(bytes / 4)]));
}

interface ExecuteOptions {
  /** Rounds stored f32 values as a device does; without it all arithmetic is float64. */
  readonly singlePrecision?: boolean;
  /** Called after every dispatch. */
  readonly after?: (segment: string, dispatch: number, kernel: string) => void;
}

/** Runs one iteration over `arenas`, which it changes: every segment in order. */
export function executeProgram(program: Program, arenas: Arenas, options: ExecuteOptions = {}): void {
  const round = options.singlePrecision ? Math.fround : (value: number) => value;
  for (const segment of program.segments)
    for (const { position, dispatch, operands } of executions(segment)) {
      const kernel = at(program.kernels, dispatch.kernel);
      executeKernel(kernel, contentsOf(operands, arenas), round);
      options.after?.(segment.name, position, kernel.name);
    }
}

function contentsOf(regions: readonly Region[], arenas: Arenas): Float64Array[] {
  return regions.map(({ arena, offset, bytes }) => {
    const data = arenas.get(arena);
    invariant(
      data !== undefined && offset + bytes <= data.length * 4,
      `arena ${arena} is missing or too small`,
    );
    return data.subarray(offset / 4, (offset + bytes) / 4);
  });
}
