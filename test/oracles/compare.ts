/** When a result agrees with a golden value: the rules of the oracles' README. */
import { at } from "../../src/base/invariant.ts";
import type { CaseFile } from "./case-file.ts";
import { numberOf, tensorOf } from "./case-file.ts";

export type Values = ArrayLike<number>;

export interface Miss {
  readonly tensor: string;
  readonly error: number;
  readonly limit: number;
}

interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
  /** Every entry by its own size instead of the largest of its tensor. */
  readonly elementwise: boolean;
  /** Largest norm of the error over the norm of the tensor; null where only the others count. */
  readonly relative: number | null;
}

/**
 * Relative error that tensors of whole models must stay below besides their own tolerance. A single number may cancel to nearly 0, as a bound does that is
 * a difference of means; for those from 0.1 on the plain limits are as strict.
 */
const MODEL_RELATIVE_ERROR = 1e-4;

/** What a tensor of the case may miss by. Tensors that are 0 in exact arithmetic are compared by their noise alone. */
export function toleranceOf(file: CaseFile, tensor: string): Tolerance {
  const listed = (file.metadata.zero_gradient ?? "").split(",");
  const isModel = file.name.startsWith("mird/") && tensorOf(file, tensor).data.length > 1;
  const zero = listed.some((name) => name !== "" && tensor === `grad.${name}`);
  return {
    rtol: numberOf(file, "rtol"),
    atol: numberOf(file, zero ? "atol_grad" : "atol"),
    elementwise: file.metadata.compare === "elementwise",
    relative: isModel && !zero ? MODEL_RELATIVE_ERROR : null,
  };
}

/** The miss of a result against the stored tensor or any of its accepted alternatives; null when it agrees. */
export function compareTensor(file: CaseFile, tensor: string, got: Values): Miss | null {
  const accepted = [...file.tensors.keys()].filter(
    (name) => name === tensor || (name.startsWith("alt.") && name.endsWith(`.${tensor}`)),
  );
  const misses: Miss[] = [];
  for (const name of accepted) {
    const miss = compareValues(tensor, tensorOf(file, name).data, got, toleranceOf(file, tensor));
    if (miss === null) return null;
    misses.push(miss);
  }
  return at(misses, 0);
}

export function compareValues(
  tensor: string,
  stored: ArrayLike<number | bigint>,
  got: Values,
  tolerance: Tolerance,
): Miss | null {
  const want = Float64Array.from(stored, Number);
  if (want.length !== got.length)
    throw new Error(`${tensor} has ${got.length} elements, the golden value ${want.length}`);
  const largest = want.reduce(
    (most, value) => (Number.isNaN(value) ? most : Math.max(most, Math.abs(value))),
    0,
  );
  let worst: Miss | null = null;
  for (const [index, value] of want.entries()) {
    const size = tolerance.elementwise ? Math.abs(value) : largest;
    const limit = tolerance.atol + tolerance.rtol * size;
    const error = errorOf(value, at(got, index));
    if (error > limit && (worst === null || error / limit > worst.error / worst.limit))
      worst = { tensor, error, limit };
  }
  return worst ?? relativeMiss(tensor, want, got, tolerance);
}

/** NaN is right exactly where it is expected. */
function errorOf(want: number, got: number): number {
  if (Number.isNaN(want)) return Number.isNaN(got) ? 0 : Number.POSITIVE_INFINITY;
  return Number.isNaN(got) ? Number.POSITIVE_INFINITY : Math.abs(got - want);
}

function relativeMiss(tensor: string, want: Float64Array, got: Values, { relative }: Tolerance): Miss | null {
  if (relative === null) return null;
  const norm = Math.hypot(...want);
  const error = Math.hypot(...want.map((value, index) => at(got, index) - value)) / norm;
  return norm > 0 && error > relative ? { tensor: `${tensor} (relative)`, error, limit: relative } : null;
}
