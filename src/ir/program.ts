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

export interface Segment {
  readonly name: string;
  readonly phase: string;
  /** Which repeat of the phase this is, from 0. */
  readonly repeat: number;
  readonly kind: "forward" | "gradient" | "update";
  readonly dispatches: readonly Dispatch[];
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
