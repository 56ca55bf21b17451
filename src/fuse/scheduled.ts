/** The result of fusion: kernels in order, over values that have no place in memory yet. */
import type { Span } from "../diagnostics/source.ts";
import type { DType } from "../ir/graph.ts";
import type { Kernel } from "../ir/kernel.ts";

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

export interface Call {
  readonly kernel: Kernel;
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
