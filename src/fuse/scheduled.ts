/** The result of fusion: kernels in order, over values that have no place in memory yet. */
import type { Span } from "../diagnostics/source.ts";
import type { DType } from "../ir/graph.ts";
import type { Kernel, Operand } from "../ir/kernel.ts";

/** A value between kernels, to be placed in the work arena. */
export interface WorkValue {
  readonly id: number;
  readonly dtype: DType;
  readonly elements: number;
  /** The primitive that makes it, for memory reports. */
  readonly op: string;
  readonly shape: readonly number[];
  readonly origin: Span | null;
}

/** What a kernel's operand is bound to. Offsets in elements, aligned. */
export type Location =
  | { readonly kind: "work"; readonly value: number }
  | { readonly kind: "arena"; readonly arena: string; readonly offset: number };

/** Where an arena of a step lies among the operands of its loop: element `offset` of an operand, `advance` elements further with every step. */
export interface StepBinding {
  readonly operand: number;
  readonly offset: number;
  readonly advance: number;
}

/** Kernels that run `steps` times in a row. */
export interface LoopOfKernels {
  readonly kind: "scan";
  readonly name: string;
  readonly operands: readonly Operand[];
  readonly steps: number;
  /** What runs before the steps, and what runs in each of them. Values between the kernels of a step live no longer than the step. */
  readonly first: Scheduled;
  readonly step: Scheduled;
  /** By the names of the arenas that their kernels read and write. */
  readonly bindings: ReadonlyMap<string, StepBinding>;
}

export interface Call {
  readonly kernel: Kernel | LoopOfKernels;
  /** One for each operand of the kernel. */
  readonly operands: readonly Location[];
  readonly flops: number;
  /** The spec places that this call computes, most important first. */
  readonly origins: readonly Span[];
}

export interface ScheduledSegment {
  readonly name: string;
  readonly phase: string;
  readonly repeat: number;
  readonly kind: "forward" | "gradient" | "update";
  readonly calls: readonly Call[];
}

export interface Scheduled {
  readonly segments: readonly ScheduledSegment[];
  readonly values: ReadonlyMap<number, WorkValue>;
}
