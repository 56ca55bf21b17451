/**
 * The primitives: names and attributes, types only. What each one means (shape, derivative, reference evaluation, lowering, cost) stands
 * in its record in `src/ops/`; `src/ops/index.ts` is a total map over these names, so that a missing record does not compile.
 *
 * Conventions: no implicit broadcasting (operands of elementwise operations have equal shapes), reductions keep their
 * axes with extent 1, `matmul` needs equal batch axes. The builder offers convenient forms and inserts the views.
 */
import type { DType } from "./graph.ts";
import type { ScanBody } from "./scan-body.ts";

type None = Record<never, never>;

export interface OpAttributes {
  // Leaves
  /** Elements of an arena as they are when the node is first needed; `version` tells apart what the same range holds before and after an update. */
  input: {
    readonly name: string;
    readonly arena: string;
    readonly offset: number;
    readonly version: number;
    readonly shape: readonly number[];
    readonly dtype: DType;
  };
  /** A scalar. */
  constant: { readonly value: number; readonly dtype: DType };
  /** i32 index along one axis. */
  iota: { readonly shape: readonly number[]; readonly axis: number };
  /**
   * Random numbers of element i: threefry2x32(key = (seed, site), counter = (i, counter)). Input: i32[2] = (seed, counter).
   * uniform: `uniformFromBits(word 0)`; normal: Box-Muller as in `RandomStream.normal`.
   */
  random: {
    readonly distribution: "uniform" | "normal";
    readonly site: number;
    readonly shape: readonly number[];
  };

  // Elementwise, one operand
  negate: None;
  absolute: None;
  sign: None;
  exp: None;
  log: None;
  log1p: None;
  sqrt: None;
  tanh: None;
  sigmoid: None;
  softplus: None;
  erf: None;
  sin: None;
  cos: None;
  floor: None;
  /** To the nearest whole number, half to even. */
  round: None;
  not: None;
  /** x ^ exponent with a fixed exponent. */
  power: { readonly exponent: number };
  cast: { readonly dtype: DType };
  /** Identity whose derivative is 0. */
  stop_gradient: None;
  /** Identity whose derivative is `factor` (gradient reversal: negative). */
  scale_gradient: { readonly factor: number };
  /** The first operand; its derivative computes again what lies between the others and it (src/ir/recompute.ts). */
  recompute: None;

  /** The first operand. What reads it is computed behind the second, not together with it; made by passes that compute in pieces or again. */
  after: None;

  // Elementwise, two operands
  add: None;
  subtract: None;
  multiply: None;
  divide: None;
  /** Ties give half of the derivative to each operand. */
  maximum: None;
  minimum: None;
  equal: None;
  less: None;
  less_equal: None;
  and: None;
  or: None;
  /** Whole-number quotient (towards zero) and remainder of i32. */
  integer_divide: None;
  remainder: None;
  /** where(condition, a, b) */
  where: None;

  // Views
  reshape: { readonly shape: readonly number[] };
  /** Axis i of the result is axis `permutation[i]` of the operand. */
  transpose: { readonly permutation: readonly number[] };
  /** Axes of extent 1 stretch; same rank. */
  broadcast: { readonly shape: readonly number[] };
  slice: { readonly start: readonly number[]; readonly size: readonly number[] };
  /** Zeros (false) around. */
  pad: { readonly before: readonly number[]; readonly after: readonly number[] };
  concat: { readonly axis: number };

  // Reductions (axes ascending; kept with extent 1)
  sum: { readonly axes: readonly number[] };
  /** Ties share the derivative evenly. */
  max: { readonly axes: readonly number[] };

  /** [..., M, K] x [..., K, N] -> [..., M, N], batch axes equal. */
  matmul: None;

  // Indexing by data
  /** take(table [V, rest...], ids i32[shape...]) -> [shape..., rest...] */
  take: None;
  /** occurrences(ids i32[N]) -> i32[rows + N]: for each row the first position that names it, then for each position the next one with the same id; -1 ends. */
  occurrences: { readonly rows: number };
  /** scatter_add(occurrences i32[rows + N], updates [N, rest...]) -> [rows, rest...]; sums in the order of positions. */
  scatter_add: { readonly rows: number };
  /** gather(x [rest..., N], positions i32[rest..., K]) -> [rest..., K] */
  gather: None;

  // Library operations: hand-written kernels
  /** Euclidean projection of the last axis onto the simplex. Operands: scores [..., N], mask bool [..., N]; masked entries and empty rows give 0. */
  sparsemax: None;
  /** Lower triangular L with L Lᵀ = (x + xᵀ) / 2, for matrices [..., N, N]. */
  cholesky: None;
  /** Inverse of lower triangular matrices [..., N, N]; nothing above the diagonal is read. */
  triangular_inverse: None;
  /** Operands: x [..., N], mask bool [..., N]. Result i32: positions in ascending order of x, equal ones in their order, then the masked ones in theirs. */
  argsort: None;
  /**
   * LSTM over time. Operands: x [B, T, 4H] = input part of the gates i, f, g, o with biases; w [4H, H]; lengths i32[B].
   * Result [B, T, 6H]: activated i, f, g, o, then c, h. A step at or past the row's length leaves c and h as they were (gates 0), so the last
   * state stands at step T-1 (at step 0 when `reverse`, which runs from T-1 down to 0). Initial state zero.
   */
  lstm: { readonly reverse: boolean };
  /** Operands: result of lstm [B, T, 6H], w, lengths, cotangent of (c, h) [B, T, 2H]. Result: cotangent of x, [B, T, 4H]. */
  lstm_backward: { readonly reverse: boolean };
  /**
   * GRU over time (gates r, z, n; n = tanh(x_n + r * q), q = w_n h + bias). Operands: x [B, T, 3H] with the input biases and those of r, z; w [3H, H];
   * bias [H]; lengths i32[B]. Result [B, T, 5H]: r, z, n, q, h; steps past the length as in lstm.
   */
  gru: { readonly reverse: boolean };
  /** Operands: result of gru [B, T, 5H], w, lengths, cotangent of h [B, T, H]. Result [B, T, 4H]: cotangents of x_r, x_z, x_n and q. */
  gru_backward: { readonly reverse: boolean };

  /**
   * A step that is repeated: what it is, what its operands are and how its result lies in memory says `src/ir/scan-body.ts`. Result f32[steps + 1, width].
   */
  scan: { readonly steps: number; readonly reverse: boolean; readonly body: ScanBody };
}

export type OpName = keyof OpAttributes;
