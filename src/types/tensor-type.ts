/**
 * Types of values, as the checker and the builtin functions see them: tensors with named axes, values known at compile time, records and
 * lists. How axes meet in arithmetic (`alignAxes`) is defined here, once, for checking and for elaboration.
 */

import type { Dim, SizeSymbol } from "./dim.ts";
import { dimConstant, dimSubstitute, dimsEqual, formatDim } from "./dim.ts";

/** Element types of the language; `i32` and `bool` only as intermediate values. `ids` and `class` are whole numbers below a bound. */
export type Element = "f32" | "ids" | "class" | "bool";

/** `..` of one signature: stands for any list of axes. */
export interface RestSymbol {
  readonly id: number;
}

export type AxisType =
  | { readonly kind: "axis"; readonly dim: Dim; readonly ragged: boolean }
  | { readonly kind: "rest"; readonly rest: RestSymbol };

export interface TensorType {
  readonly kind: "tensor";
  readonly element: Element;
  readonly axes: readonly AxisType[];
  /** Exclusive upper bound of `ids` and `class`; null for other elements. */
  readonly bound: Dim | null;
}

/** Result of a builtin function: one tensor or several named ones. */
export interface RecordType<Field = TensorType> {
  readonly kind: "record";
  readonly fields: ReadonlyMap<string, Field>;
}

export function tensorType(
  element: Element,
  axes: readonly AxisType[],
  bound: Dim | null = null,
): TensorType {
  return { kind: "tensor", element, axes, bound };
}

export const scalarType: TensorType = tensorType("f32", []);

export function axisOf(dim: Dim, ragged = false): AxisType {
  return { kind: "axis", dim, ragged };
}

/** Whether two axes are the same axis; raggedness does not matter here. */
export function sameAxis(a: AxisType, b: AxisType): boolean {
  if (a.kind === "rest" || b.kind === "rest")
    return a.kind === "rest" && b.kind === "rest" && a.rest.id === b.rest.id;
  return dimsEqual(a.dim, b.dim);
}

export function isUnitAxis(axis: AxisType): boolean {
  return axis.kind === "axis" && dimConstant(axis.dim) === 1;
}

/** For every axis of the result, where it stands in each operand (null: it is stretched there). */
export interface Alignment {
  readonly axes: readonly AxisType[];
  readonly left: readonly (number | null)[];
  readonly right: readonly (number | null)[];
}

/**
 * How the axes of two operands meet (docs/language.md, "How axes meet in arithmetic"): from the right when every pair agrees, otherwise by
 * name when the axes of one are among those of the other in the same order. Null when they do not fit.
 */
export function alignAxes(left: readonly AxisType[], right: readonly AxisType[]): Alignment | null {
  return alignFromRight(left, right) ?? alignByName(left, right);
}

function alignFromRight(left: readonly AxisType[], right: readonly AxisType[]): Alignment | null {
  const rank = Math.max(left.length, right.length);
  const axes: AxisType[] = [];
  const leftPlaces: (number | null)[] = [];
  const rightPlaces: (number | null)[] = [];
  for (let position = 0; position < rank; position++) {
    const leftIndex = position - (rank - left.length);
    const rightIndex = position - (rank - right.length);
    const a = leftIndex >= 0 ? left[leftIndex] : undefined;
    const b = rightIndex >= 0 ? right[rightIndex] : undefined;
    const met = meet(a, b);
    if (met === null) return null;
    axes.push(met);
    leftPlaces.push(a === undefined || (isUnitAxis(a) && !isUnitAxis(met)) ? null : leftIndex);
    rightPlaces.push(b === undefined || (isUnitAxis(b) && !isUnitAxis(met)) ? null : rightIndex);
  }
  // `f32[B, 1]` and `f32[B]` are meant row by row, not as every row with every other.
  const repeated = repeats(axes);
  if (repeated > 0 && repeated > Math.max(repeats(left), repeats(right))) return null;
  return { axes, left: leftPlaces, right: rightPlaces };
}

/** How many axes stand in a list for a second time. */
function repeats(axes: readonly AxisType[]): number {
  return axes.filter(
    (axis, place) => !isUnitAxis(axis) && axes.findIndex((other) => sameAxis(axis, other)) < place,
  ).length;
}

function meet(a: AxisType | undefined, b: AxisType | undefined): AxisType | null {
  if (a === undefined) return b ?? null;
  if (b === undefined) return a;
  if (sameAxis(a, b)) return a.kind === "axis" && b.kind === "axis" && b.ragged ? b : a;
  if (isUnitAxis(a)) return b;
  if (isUnitAxis(b)) return a;
  return null;
}

function alignByName(left: readonly AxisType[], right: readonly AxisType[]): Alignment | null {
  const longIsLeft = left.length >= right.length;
  const long = longIsLeft ? left : right;
  const short = longIsLeft ? right : left;
  const places = new Array<number | null>(long.length).fill(null);
  const axes = [...long];
  let from = 0;
  for (const [index, axis] of short.entries()) {
    const place = long.findIndex((candidate, position) => position >= from && sameAxis(candidate, axis));
    if (place < 0) return null;
    const met = meet(long[place], axis);
    if (met === null) return null;
    axes[place] = met;
    places[place] = index;
    from = place + 1;
  }
  const whole = long.map((_, index) => index);
  return longIsLeft ? { axes, left: whole, right: places } : { axes, left: places, right: whole };
}

/** What symbols of a signature stand for at one call. */
export interface Substitution {
  readonly sizes: Map<number, Dim>;
  readonly rests: Map<number, readonly AxisType[]>;
}

export function substituteDim(dim: Dim, substitution: Substitution): Dim {
  return dimSubstitute(dim, (symbol: SizeSymbol) => substitution.sizes.get(symbol.id) ?? null);
}

/** Replaces the symbols of a signature by what they stand for; symbols without an entry stay. */
export function substituteType(type: TensorType, substitution: Substitution): TensorType {
  const axes = type.axes.flatMap((axis): readonly AxisType[] => {
    if (axis.kind === "rest") return substitution.rests.get(axis.rest.id) ?? [axis];
    return [{ ...axis, dim: substituteDim(axis.dim, substitution) }];
  });
  return { ...type, axes, bound: type.bound === null ? null : substituteDim(type.bound, substitution) };
}

export function formatAxis(axis: AxisType): string {
  return axis.kind === "rest" ? ".." : formatDim(axis.dim) + (axis.ragged ? "~" : "");
}

/** As in a spec: `f32[B, T~, D]`, `ids[B, L~] < V`. */
export function formatType(type: TensorType): string {
  const axes = type.axes.length > 0 ? `[${type.axes.map(formatAxis).join(", ")}]` : "";
  return type.element + axes + (type.bound === null ? "" : ` < ${formatDim(type.bound)}`);
}
