/** A device program: kernels, and the dispatches that run them over ranges of arenas. Everything is static; a step uploads only a batch's row numbers and scalars. */
import type { Span } from "../diagnostics/source.ts";
import type { Kernel } from "./kernel.ts";

/** Start of every operand in an arena, in bytes: the smallest alignment that WebGPU guarantees for storage bindings. */
export const ARENA_ALIGNMENT = 256;

/** Bytes of one arena; starts are multiples of {@link ARENA_ALIGNMENT}. */
export interface Region {
  readonly arena: string;
  readonly offset: number;
  readonly bytes: number;
  /** In a loop: bytes from where it starts in one turn to where it starts in the next. */
  readonly advance?: number;
}

export interface Dispatch {
  /** Index into `Program.kernels`. */
  readonly kernel: number;
  /** One region per operand of the kernel. */
  readonly operands: readonly Region[];
  readonly flops: number;
  /** The spec places that this dispatch computes, most important first. */
  readonly origins: readonly Span[];
}

/** Neighbouring dispatches that run `steps` times, one turn after the other. */
export interface Loop {
  /** Position of the first dispatch in its segment. */
  readonly first: number;
  readonly count: number;
  readonly steps: number;
}

export interface Segment {
  readonly name: string;
  readonly phase: string;
  /** Which repeat of the phase this is, from 0. */
  readonly repeat: number;
  readonly kind: "forward" | "gradient" | "update";
  readonly dispatches: readonly Dispatch[];
  /** In order; they neither overlap nor lie in each other. */
  readonly loops?: readonly Loop[];
}

export interface Program {
  readonly kernels: readonly Kernel[];
  readonly segments: readonly Segment[];
  /** Size of every arena in bytes, the work arena ("work") included. */
  readonly arenas: ReadonlyMap<string, number>;
  readonly memory: {
    /** Bytes of the work arena: the most that is alive at once, with fragmentation. */
    readonly peakBytes: number;
    /** What the work arena would need without reuse. */
    readonly sumBytes: number;
  };
}

/** One run of a dispatch: the operands are where this turn of a loop finds them. */
export interface Execution {
  /** Position in the segment. */
  readonly position: number;
  readonly dispatch: Dispatch;
  readonly operands: readonly Region[];
  readonly loop: Loop | null;
  /** The turn of the loop, from 0. */
  readonly turn: number;
}

/** Everything that a segment runs, in order. */
export function* executions({ dispatches, loops = [] }: Segment): Generator<Execution> {
  let position = 0;
  const run = (at: number, loop: Loop | null, turn: number): Execution[] => {
    const dispatch = dispatches[at];
    if (dispatch === undefined) return [];
    return [
      {
        position: at,
        dispatch,
        operands: dispatch.operands.map((region) => advanced(region, turn)),
        loop,
        turn,
      },
    ];
  };
  for (const loop of loops) {
    for (; position < loop.first; position++) yield* run(position, null, 0);
    for (let turn = 0; turn < loop.steps; turn++)
      for (let within = 0; within < loop.count; within++) yield* run(position + within, loop, turn);
    position += loop.count;
  }
  for (; position < dispatches.length; position++) yield* run(position, null, 0);
}

/** Where a region lies in a turn of its loop. */
function advanced(region: Region, turn: number): Region {
  const { arena, offset, bytes, advance = 0 } = region;
  return advance === 0 ? region : { arena, offset: offset + turn * advance, bytes };
}

/** How often each dispatch of a segment runs. */
export function runsOf({ dispatches, loops = [] }: Segment): readonly number[] {
  const runs = dispatches.map(() => 1);
  for (const { first, count, steps } of loops) runs.fill(steps, first, first + count);
  return runs;
}
