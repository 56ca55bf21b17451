/**
 * How a value is read, in a form that can be compared: the linear index into the source as a function of the linear index of the reader's domain,
 * written as digits. Digit (d, e, t): floor(i / d) mod e contributes t times itself. Neighbouring digits that continue each other
 * are merged, so that equal functions have equal digits whatever shapes and reshapes led to them.
 */
import { at } from "../base/invariant.ts";
import type { Affine, IndexSpace } from "./index-map.ts";

export interface Digit {
  readonly from: number;
  readonly extent: number;
  readonly to: number;
}

/** A pattern of access; null stands for one that is not affine or is guarded. */
export interface AccessMap {
  readonly offset: number;
  /** Ascending by `from`. */
  readonly digits: readonly Digit[];
  readonly key: string;
}

/** Merges digits that continue each other. */
export function accessMap(offset: number, digits: readonly Digit[]): AccessMap {
  const sorted = digits.filter((digit) => digit.extent > 1);
  if (sorted.length > 1) sorted.sort((a, b) => a.from - b.from);
  const merged: Digit[] = [];
  for (const digit of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && digit.from === last.from * last.extent && digit.to === last.to * last.extent) {
      merged[merged.length - 1] = { ...last, extent: last.extent * digit.extent };
    } else merged.push(digit);
  }
  const key = `${offset}/${merged.map(({ from, extent, to }) => `${from}:${extent}:${to}`).join(",")}`;
  return { offset, digits: merged, key };
}

/** The digits of an index over the axes of a space whose row-major order is the domain; null when it is not affine. */
export function digitsOf(space: IndexSpace, index: Affine): AccessMap | null {
  const axes = space.axes();
  const strides = new Map<number, number>();
  let stride = 1;
  for (let position = axes.length - 1; position >= 0; position--) {
    const axis = at(axes, position);
    strides.set(axis, stride);
    stride *= space.extent(axis);
  }
  const digits: Digit[] = [];
  for (const { atom, stride: to } of space.expand(index).terms) {
    const from = strides.get(atom);
    if (from === undefined) return null;
    digits.push({ from, extent: space.extent(atom), to });
  }
  return accessMap(index.offset, digits);
}

/** Element i is read at point i. */
export function identityMap(elements: number): AccessMap {
  return accessMap(0, [{ from: 1, extent: elements, to: 1 }]);
}

/** Whether a map is {@link identityMap}. */
export function isIdentity({ offset, digits }: AccessMap, elements: number): boolean {
  const [digit] = digits;
  if (offset !== 0 || digits.length > 1) return false;
  if (digit === undefined) return elements <= 1;
  return digit.from === 1 && digit.extent === elements && digit.to === 1;
}

/** The inverse of a map that reaches each of `elements` places once; null for any other. */
export function inverseMap(map: AccessMap, elements: number): AccessMap | null {
  const byTarget = [...map.digits].sort((a, b) => a.to - b.to);
  let reached = 1;
  for (const { to, extent } of byTarget) {
    if (to !== reached) return null;
    reached *= extent;
  }
  if (map.offset !== 0 || reached !== elements) return null;
  return accessMap(
    0,
    byTarget.map(({ from, extent, to }) => ({ from: to, extent, to: from })),
  );
}
