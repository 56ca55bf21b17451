/**
 * The tensor graph: SSA, static shapes, one result per node. It is what elaboration produces, what derivatives are written
 * in, and what fusion cuts into kernels.
 *
 * Nodes are made by {@link "./graph-build.ts".GraphBuilder} only, which infers shapes and shares equal nodes; a node never changes.
 */
import type { Span } from "../diagnostics/source.ts";
import type { OpAttributes, OpName } from "./op-table.ts";

export type DType = "f32" | "i32" | "bool";

export type Node = { readonly [Op in OpName]: NodeOf<Op> }[OpName];

export interface NodeOf<Op extends OpName> {
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Node[];
  readonly attributes: OpAttributes[Op];
  /** Equal exactly for equal attributes; empty for none. */
  readonly attributesName: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The place in the spec that asked for it, for plans, profiles and errors; null for what the compiler adds. */
  readonly origin: Span | null;
}

/** A run of contiguous elements in a named arena (a buffer that outlives the iteration). Offsets and lengths in elements. */
export interface ArenaRange {
  readonly arena: string;
  readonly offset: number;
}

/** A result that must be written to an arena when its segment ends. */
export interface Output {
  readonly name: string;
  readonly node: Node;
  readonly target: ArenaRange;
}

/**
 * One step of an iteration: the gradients of a phase, or its update. Segments run in order. A node is computed in the first
 * segment that needs it and kept for later ones, so latents shared by repeated phases are computed once. `input` nodes of arenas that
 * a segment overwrites carry a version, so that values before and after an update are different nodes.
 */
export interface GraphSegment {
  readonly name: string;
  readonly phase: string;
  /** Which repeat of the phase this is, from 0. */
  readonly repeat: number;
  readonly kind: "forward" | "gradient" | "update";
  readonly outputs: readonly Output[];
  /** Values that it computes though nothing stores them in an arena: several later segments need them. */
  readonly keeps?: readonly Node[];
}

export interface Graph {
  readonly segments: readonly GraphSegment[];
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let product = 1;
  for (let axis = 0; axis < shape.length; axis++) product *= shape[axis] as number;
  return product;
}
