/**
 * Fits the types of arguments to the types that a signature declares: finds what its axis names and `..` stand for in one call, and says, as
 * data, why something does not fit.
 */
import { at } from "../base/invariant.ts";
import type { Span } from "../diagnostics/source.ts";
import type { Dim } from "../types/dim.ts";
import { dimAsSymbol, dimSymbol, dimSymbols, dimsEqual, makeSymbol } from "../types/dim.ts";
import type { AxisType, Element, RecordType, Substitution, TensorType } from "../types/tensor-type.ts";
import { sameAxis, substituteDim, substituteType } from "../types/tensor-type.ts";
import type { ValueType } from "./values.ts";

export type Mismatch =
  | { readonly kind: "element" }
  /** Too few axes, or too many where the signature has no `..`. */
  | { readonly kind: "rank" }
  /** The axis at `place` of the argument. `expected` is what the signature's axis stands for already; null when the argument's axis is a `..` of the caller. */
  | { readonly kind: "axis"; readonly place: number; readonly pattern: Dim; readonly expected: Dim | null }
  | { readonly kind: "ragged"; readonly place: number; readonly pattern: Dim }
  /** The axes under `..` differ from those of an earlier argument. */
  | { readonly kind: "rest"; readonly expected: readonly AxisType[] }
  | { readonly kind: "bound"; readonly pattern: Dim; readonly expected: Dim };

/** What brought a size: an argument's name and place. */
export interface Bringer {
  readonly argument: string;
  readonly span: Span;
}

/** `ids` and `class` are both whole numbers below a bound; what they are used for makes no difference to a function. */
function kindOf(element: Element): "f32" | "bool" | "whole" {
  return element === "ids" || element === "class" ? "whole" : element;
}

export class Matcher {
  readonly substitution: Substitution;
  /** Symbols bound to a ragged axis where the signature does not ask for one. */
  readonly ragged = new Set<number>();
  private readonly bringers = new Map<number, Bringer>();
  private readonly bound: ReadonlySet<number>;
  private restBringer: Bringer | null = null;

  /** `settings` are the sizes of the instance; `bound` the symbols that this call may decide. */
  constructor(settings: Substitution, bound: ReadonlySet<number>) {
    this.substitution = { sizes: new Map(settings.sizes), rests: new Map(settings.rests) };
    this.bound = bound;
  }

  /** Which argument decided the size of a signature's axis, or what `..` stands for (null). */
  bringerOf(pattern: Dim | null): Bringer | null {
    if (pattern === null) return this.restBringer;
    const symbol = dimAsSymbol(pattern);
    return symbol === null ? null : (this.bringers.get(symbol.id) ?? null);
  }

  bind(symbol: number, dim: Dim, bringer: Bringer): void {
    this.substitution.sizes.set(symbol, dim);
    this.bringers.set(symbol, bringer);
  }

  /** Fits one argument; sizes that are expressions are compared by `compare`, once all arguments have been seen. */
  match(pattern: TensorType, actual: TensorType, bringer: Bringer): Mismatch | null {
    if (kindOf(pattern.element) !== kindOf(actual.element)) return { kind: "element" };
    const split = pattern.axes.findIndex((axis) => axis.kind === "rest");
    const fixed = split < 0 ? pattern.axes.length : pattern.axes.length - 1;
    const extra = actual.axes.length - fixed;
    if (extra < 0 || (split < 0 && extra > 0)) return { kind: "rank" };
    const shift = (index: number) => (split < 0 || index < split ? index : index + extra - 1);
    for (const [index, axis] of pattern.axes.entries()) {
      const wrong =
        axis.kind === "rest"
          ? this.matchRest(axis.rest.id, actual.axes.slice(split, split + extra), bringer)
          : this.matchAxis(axis, at(actual.axes, shift(index)), shift(index), bringer);
      if (wrong !== null) return wrong;
    }
    if (pattern.bound !== null && actual.bound !== null) {
      const symbol = dimAsSymbol(pattern.bound);
      if (symbol !== null && this.bound.has(symbol.id) && !this.substitution.sizes.has(symbol.id))
        this.bind(symbol.id, actual.bound, bringer);
      else if (symbol !== null) return this.compareBound(pattern.bound, actual.bound);
    }
    return null;
  }

  /** Compares what `match` left: sizes that are expressions, when every name in them is bound. */
  compare(pattern: TensorType, actual: TensorType): Mismatch | null {
    const split = pattern.axes.findIndex((axis) => axis.kind === "rest");
    const extra = actual.axes.length - pattern.axes.length;
    for (const [index, axis] of pattern.axes.entries()) {
      if (axis.kind === "rest" || dimAsSymbol(axis.dim) !== null) continue;
      const place = split < 0 || index < split ? index : index + extra;
      const own = at(actual.axes, place);
      const expected = substituteDim(axis.dim, this.substitution);
      if (own.kind === "rest" || !dimsEqual(own.dim, expected))
        return { kind: "axis", place, pattern: axis.dim, expected: own.kind === "rest" ? null : expected };
    }
    if (pattern.bound === null || actual.bound === null) return null;
    return this.compareBound(pattern.bound, actual.bound);
  }

  private compareBound(pattern: Dim, actual: Dim): Mismatch | null {
    const expected = substituteDim(pattern, this.substitution);
    return dimsEqual(expected, actual) ? null : { kind: "bound", pattern, expected };
  }

  private matchAxis(
    axis: Extract<AxisType, { kind: "axis" }>,
    own: AxisType,
    place: number,
    bringer: Bringer,
  ): Mismatch | null {
    if (own.kind === "rest") return { kind: "axis", place, pattern: axis.dim, expected: null };
    if (axis.ragged && !own.ragged) return { kind: "ragged", place, pattern: axis.dim };
    const symbol = dimAsSymbol(axis.dim);
    if (symbol === null) return null;
    const held = this.substitution.sizes.get(symbol.id);
    if (held === undefined && this.bound.has(symbol.id)) this.bind(symbol.id, own.dim, bringer);
    else {
      const expected = held ?? axis.dim;
      if (!dimsEqual(expected, own.dim)) return { kind: "axis", place, pattern: axis.dim, expected };
    }
    if (own.ragged && !axis.ragged) this.ragged.add(symbol.id);
    return null;
  }

  private matchRest(rest: number, own: readonly AxisType[], bringer: Bringer): Mismatch | null {
    const held = this.substitution.rests.get(rest);
    if (held === undefined) {
      this.substitution.rests.set(rest, own);
      this.restBringer = bringer;
      return null;
    }
    const same = held.length === own.length && held.every((axis, index) => sameAxis(axis, at(own, index)));
    return same ? null : { kind: "rest", expected: held };
  }
}

/**
 * The result of a call: symbols of the signature replaced, symbols that nothing binds made new, axes ragged where their size was brought by a
 * ragged axis.
 */
export function instantiate(type: ValueType, matcher: Matcher, call: Span): ValueType {
  const fresh = (dim: Dim): void => {
    for (const symbol of dimSymbols(dim))
      if (!matcher.substitution.sizes.has(symbol.id))
        matcher.substitution.sizes.set(symbol.id, dimSymbol(makeSymbol(symbol.name, call)));
  };
  const tensor = (written: TensorType): TensorType => {
    for (const axis of written.axes) if (axis.kind === "axis") fresh(axis.dim);
    if (written.bound !== null) fresh(written.bound);
    const axes = written.axes.map((axis): AxisType => {
      const symbol = axis.kind === "axis" ? dimAsSymbol(axis.dim) : null;
      return axis.kind === "axis" && symbol !== null && matcher.ragged.has(symbol.id)
        ? { ...axis, ragged: true }
        : axis;
    });
    return substituteType({ ...written, axes }, matcher.substitution);
  };
  if (type.kind === "tensor") return tensor(type);
  if (type.kind !== "record") return type;
  const fields = new Map([...type.fields].map(([name, field]) => [name, instantiate(field, matcher, call)]));
  const record: RecordType<ValueType> = { kind: "record", fields };
  return record;
}
