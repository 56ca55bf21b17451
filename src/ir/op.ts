/** The contract of a primitive: everything that the compiler knows about it, in one record. */
import type { DType, Node, NodeOf } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";
import type { OpAttributes, OpName } from "./op-table.ts";

/** A tensor of the reference interpreter: row-major float64; i32 as whole numbers, bool as 0 and 1. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: Float64Array;
}

export interface TensorType {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** How fusion treats a primitive. */
export type Scheduling =
  /** One scalar expression per element. */
  | "elementwise"
  /** A change of index; no work of its own. */
  | "view"
  | "leaf"
  | "reduction"
  | "contraction"
  /** A load at an index that is itself loaded. */
  | "gather"
  /** A hand-written kernel of its own. */
  | "library";

export interface Derivative<Op extends OpName> {
  readonly g: GraphBuilder;
  readonly node: NodeOf<Op>;
  readonly inputs: readonly Node[];
  /** Cotangent of the result, of its shape. */
  readonly cotangent: Node;
}

export interface OpRecord<Op extends OpName> {
  readonly name: Op;
  /** One sentence for `docs` and `--emit graph`. */
  readonly doc: string;
  readonly scheduling: Scheduling;
  /** Shape and type of the result; throws CompilerBug when operands do not fit (the checker has made sure that they do). */
  readonly type: (inputs: readonly TensorType[], attributes: OpAttributes[Op]) => TensorType;
  /** Cotangents of the inputs (null: none flows), as graph nodes; null for primitives without a derivative. */
  readonly derivative: ((rule: Derivative<Op>) => readonly (Node | null)[]) | null;
  /** The meaning, in float64. */
  readonly evaluate: (inputs: readonly Tensor[], attributes: OpAttributes[Op], type: TensorType) => Tensor;
  /** Floating-point operations of one evaluation, for plans and rooflines; transcendental functions count as one. */
  readonly flops: (node: NodeOf<Op>) => number;
  /** Sample operands for the generated derivative and backend tests. */
  readonly samples: readonly OpSample<Op>[];
}

/** All records: total over the names, so that a primitive without a record does not compile. */
export type OpRecords = { readonly [Op in OpName]: OpRecord<Op> };

/**
 * An operand to test with: values are drawn from [low, high] (whole numbers, both ends included, for i32), away from kinks and poles.
 * `values` gives them exactly where random ones would make no sense.
 */
export interface OperandSample {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly low: number;
  readonly high: number;
  readonly values?: readonly number[];
}

/** One set of operands and attributes that a primitive is tested with. */
export interface OpSample<Op extends OpName> {
  readonly inputs: readonly OperandSample[];
  readonly attributes: OpAttributes[Op];
}
