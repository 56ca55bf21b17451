/**
 * The kernel IR: what one dispatch computes, as data above any thread model. WGSL and WebAssembly are emitted from the same value,
 * each target with one template per class. Extents are static; an operand is a contiguous run of elements; all
 * strides and offsets are in elements.
 */
import type { DType } from "./graph.ts";

export interface Axis {
  readonly name: string;
  readonly extent: number;
}

export interface Operand {
  readonly name: string;
  readonly dtype: DType;
  /** Length of the run of elements that the kernel may touch. */
  readonly elements: number;
  readonly access: "read" | "write" | "update";
}

/** Index into `Kernel.expressions`; an expression refers only to earlier ones. */
export type ExpressionId = number;

/** offset + sum(axis * stride) + sum(i32 expression * stride), into one operand. Axes are numbered across the kernel's axis lists in order. */
export interface Index {
  readonly offset: number;
  readonly terms: readonly { readonly axis: number; readonly stride: number }[];
  readonly dynamic: readonly { readonly value: ExpressionId; readonly stride: number }[];
}

export type UnaryFunction =
  | "negate"
  | "absolute"
  | "sign"
  | "exp"
  | "log"
  | "log1p"
  | "sqrt"
  | "tanh"
  | "sigmoid"
  | "softplus"
  | "erf"
  | "sin"
  | "cos"
  | "floor"
  | "round"
  | "not"
  | "reciprocal";
export type BinaryFunction =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "maximum"
  | "minimum"
  | "equal"
  | "less"
  | "less_equal"
  | "and"
  | "or"
  | "integer_divide"
  | "remainder";

export type Expression = { readonly dtype: DType } & (
  | { readonly op: "constant"; readonly value: number }
  /** i32: the current position along an axis. */
  | { readonly op: "axis"; readonly axis: number }
  /** An element of an operand; where `guard` (bool) is false the value is 0 and nothing is read. */
  | {
      readonly op: "load";
      readonly operand: number;
      readonly index: Index;
      readonly guard: ExpressionId | null;
    }
  | { readonly op: "unary"; readonly function: UnaryFunction; readonly value: ExpressionId }
  | {
      readonly op: "binary";
      readonly function: BinaryFunction;
      readonly left: ExpressionId;
      readonly right: ExpressionId;
    }
  | { readonly op: "power"; readonly base: ExpressionId; readonly exponent: number }
  | {
      readonly op: "select";
      readonly condition: ExpressionId;
      readonly whenTrue: ExpressionId;
      readonly whenFalse: ExpressionId;
    }
  | { readonly op: "cast"; readonly value: ExpressionId }
  /** Element `index` (i32) of the stream (seed, site) at `counter`: see the `random` primitive. seed, counter: i32. */
  | {
      readonly op: "random";
      readonly distribution: "uniform" | "normal";
      readonly site: number;
      readonly seed: ExpressionId;
      readonly counter: ExpressionId;
      readonly index: ExpressionId;
    }
  /** Result of a reduction of an earlier phase (loop kernels). */
  | { readonly op: "reduction"; readonly phase: number; readonly position: number }
  /** The finished sum over the inner axis (contraction kernels). */
  | { readonly op: "accumulator" }
);

export interface Store {
  readonly operand: number;
  readonly index: Index;
  readonly value: ExpressionId;
}

/**
 * For every point of the parallel axes ("row"), phases run in order. A `reduce` phase runs over all reduce axes and leaves one number per
 * reduction; a `points` phase stores at every point of parallel and reduce axes; a `row` phase stores once per row.
 * Without reduce axes there is one `row` phase: a plain map. Expressions that depend on a reduce axis are evaluated anew in
 * every phase that uses them, the others once per row.
 */
export interface LoopKernel {
  readonly kind: "loop";
  readonly name: string;
  readonly operands: readonly Operand[];
  readonly parallel: readonly Axis[];
  /** Numbered after the parallel axes; the last one runs fastest. */
  readonly reduce: readonly Axis[];
  readonly expressions: readonly Expression[];
  readonly phases: readonly Phase[];
}

export type Phase =
  | {
      readonly kind: "reduce";
      readonly reductions: readonly { readonly reducer: "sum" | "max"; readonly value: ExpressionId }[];
    }
  | { readonly kind: "points" | "row"; readonly stores: readonly Store[] };

/**
 * For every point of the batch axes: C[row, column] = sum over inner of A[row, inner] * B[inner, column], then the epilogue expressions
 * (which see `accumulator` and the axes batch, row, column) are stored. Axes are numbered batch..., row, column, inner.
 */
export interface ContractionKernel {
  readonly kind: "contraction";
  readonly name: string;
  readonly operands: readonly Operand[];
  readonly batch: readonly Axis[];
  readonly row: Axis;
  readonly column: Axis;
  readonly inner: Axis;
  readonly left: { readonly operand: number; readonly index: Index };
  readonly right: { readonly operand: number; readonly index: Index };
  readonly expressions: readonly Expression[];
  readonly stores: readonly Store[];
}

/** Routines written by hand for each target; `sizes` are the static sizes that the routine's contract names. */
export type LibraryRoutine =
  | "lstm"
  | "lstm_backward"
  | "gru"
  | "gru_backward"
  | "sparsemax"
  | "argsort"
  | "cholesky"
  | "triangular_inverse"
  | "occurrences"
  | "scatter_add";

/** The operands in the order of the primitive of the same name, results last; every operand is contiguous. */
export interface LibraryKernel {
  readonly kind: "library";
  readonly name: string;
  readonly routine: LibraryRoutine;
  readonly operands: readonly Operand[];
  readonly sizes: Readonly<Record<string, number>>;
  readonly reverse: boolean;
}

export type Kernel = LoopKernel | ContractionKernel | LibraryKernel;
