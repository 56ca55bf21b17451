/** What fusion has to know about a target. Descriptors of code generation have these fields among others. */
export interface FusionTarget {
  /** Storage buffers that one kernel may bind. */
  readonly maxOperands: number;
  /** Scalar operations that cost as much as one more dispatch: up to here a value is computed again rather than stored. */
  readonly dispatchCost: number;
  /** A reduction of at least `extent` elements into fewer than `rows` results is done in two steps. */
  readonly split: { readonly rows: number; readonly extent: number };
  /** Scalar operations of one generated kernel, as a bound on the size of its code. */
  readonly maxKernelCost: number;
}

/** A target of average properties; fields that are given replace its own. */
export function fusionTarget(given: Partial<FusionTarget>): FusionTarget {
  return {
    maxOperands: 8,
    dispatchCost: 100_000,
    split: { rows: 64, extent: 4096 },
    maxKernelCost: 400,
    ...given,
  };
}
