/**
 * Calls of functions and methods: arguments get the names of the callee's axes on the way in, results those of the caller on the way out.
 * Inside, axes are aligned by the callee's names only, exactly as the checker did.
 */
import { at, invariant } from "../base/invariant.ts";
import type { RaggedLengths, TensorValue } from "../builtins/build-context.ts";
import type { Expression, TensorTypeExpr } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import { beforeRenames, dimEvaluate, dimSymbol, formatDim, makeSymbol } from "../types/dim.ts";
import type { AxisType, Substitution, TensorType } from "../types/tensor-type.ts";
import { axisOf, substituteDim, substituteType } from "../types/tensor-type.ts";
import type { Scope } from "./scope.ts";
import { numberValue } from "./statics.ts";
import type { Value } from "./values.ts";

/** Numbers of all symbols of an elaboration, by symbol id. */
export type SizeTable = Map<number, number>;

export class Signature {
  readonly #scope: Scope;
  readonly #sizes: SizeTable;
  readonly #dimOf: (expression: Expression, scope: Scope) => Dim;
  /** From the callee's symbols to what they are for the caller. */
  readonly outward: Substitution;

  /** `outward` holds what the symbols of the enclosing instance stand for. */
  constructor(
    scope: Scope,
    sizes: SizeTable,
    dimOf: (expression: Expression, scope: Scope) => Dim,
    outward: ReadonlyMap<number, Dim>,
  ) {
    this.outward = { sizes: new Map(outward), rests: new Map() };
    this.#scope = scope;
    this.#sizes = sizes;
    this.#dimOf = dimOf;
  }

  /** Introduces a size of the callee that is `dim` for the caller and `size` as a number. */
  bindSize(name: string, dim: Dim, size: number): Dim {
    const symbol = makeSymbol(name, null);
    this.#sizes.set(symbol.id, size);
    this.outward.sizes.set(symbol.id, substituteDim(dim, this.outward));
    this.#scope.define(name, numberValue(size, dimSymbol(symbol)));
    return dimSymbol(symbol);
  }

  /** The argument as the callee sees it: with the axes of its declared type. */
  enter(declared: TensorTypeExpr, argument: TensorValue): TensorValue {
    const actual = argument.type.axes;
    const restCount = actual.length - declared.axes.filter((axis) => axis.kind === "axis").length;
    invariant(restCount >= 0, "an argument has fewer axes than its declared type");
    const axes: AxisType[] = [];
    for (const axis of declared.axes) {
      if (axis.kind === "rest") {
        axes.push(
          ...this.#enterRest(actual.slice(axes.length, axes.length + restCount), argument, axes.length),
        );
        continue;
      }
      const own = at(actual, axes.length);
      invariant(own.kind === "axis", "a value has an unresolved `..` axis");
      const size = at(argument.node.shape, axes.length);
      axes.push({ kind: "axis", dim: this.#axisDim(axis.size, own.dim, size), ragged: own.ragged });
    }
    const bound = argument.type.bound;
    const innerBound =
      bound === null || declared.bound === null
        ? bound
        : this.#axisDim(declared.bound, bound, this.#sizeOf(bound));
    return relabel(argument, { ...argument.type, axes, bound: innerBound });
  }

  /** A declared type of which every size is known. */
  declared({ element, axes, bound }: TensorTypeExpr): TensorType {
    const known = axes.flatMap((axis): readonly AxisType[] =>
      axis.kind === "rest"
        ? (this.#scope.restAxes() ?? [])
        : [axisOf(this.#dimOf(axis.size, this.#scope), axis.ragged)],
    );
    const limit = bound === null ? null : this.#dimOf(bound, this.#scope);
    return { kind: "tensor", element, axes: known, bound: limit };
  }

  /** A result as the caller sees it. */
  leave(value: Value): Value {
    if (value.kind === "tensor") return this.#leaveTensor(value);
    if (value.kind === "record") {
      return {
        kind: "record",
        fields: new Map([...value.fields].map(([name, field]) => [name, this.leave(field)])),
      };
    }
    if (value.kind === "list") return { ...value, items: value.items.map((item) => this.leave(item)) };
    if (value.kind === "number" && value.dim !== null)
      return { ...value, dim: substituteDim(value.dim, this.outward) };
    return value;
  }

  #leaveTensor(value: TensorValue): TensorValue {
    const left = relabel(value, substituteType(value.type, this.outward));
    if (value.over === undefined) return left;
    // The caller does not know names that the callee's renamings gave.
    const outside = (dim: Dim): Dim => substituteDim(beforeRenames(dim), this.outward);
    return { ...left, over: new Map([...value.over].map(([node, along]) => [node, outside(along)])) };
  }

  #sizeOf(dim: Dim): number {
    return sizeOf(dim, this.#sizes);
  }

  #axisDim(size: Expression, actual: Dim, extent: number): Dim {
    if (size.kind === "name" && this.#scope.lookup(size.name) === null)
      return this.bindSize(size.name, actual, extent);
    return this.#dimOf(size, this.#scope);
  }

  #enterRest(actual: readonly AxisType[], argument: TensorValue, from: number): readonly AxisType[] {
    const known = this.#scope.rest;
    if (known !== null) return known.map((axis, index) => withRaggedness(axis, at(actual, index)));
    const made = actual.map((axis, index) => {
      const symbol = makeSymbol(`..${index + 1}`, null);
      this.#sizes.set(symbol.id, at(argument.node.shape, from + index));
      if (axis.kind === "axis") this.outward.sizes.set(symbol.id, axis.dim);
      return withRaggedness(axisOf(dimSymbol(symbol)), axis);
    });
    this.#scope.rest = made;
    return made;
  }
}

function withRaggedness(axis: AxisType, like: AxisType): AxisType {
  return axis.kind === "axis" && like.kind === "axis" ? { ...axis, ragged: like.ragged } : axis;
}

/** The same tensor with other names for its axes, one to one. */
function relabel(value: TensorValue, type: TensorType): TensorValue {
  const names = new Map<string, Dim>();
  for (const [place, axis] of value.type.axes.entries()) {
    const renamed = at(type.axes, place);
    if (axis.kind === "axis" && renamed.kind === "axis") names.set(axis.dim.key, renamed.dim);
  }
  const nameOf = (key: string): string => names.get(key)?.key ?? key;
  const presence = new Map([...value.presence].map(([key, nodes]) => [nameOf(key), nodes]));
  const ragged = new Map<string, RaggedLengths>();
  for (const [key, { lengths, along }] of value.ragged)
    ragged.set(nameOf(key), { lengths, along: names.get(along.key) ?? along });
  return { ...value, type, presence, ragged };
}

/** The number of a size; every symbol has a value and every division is exact, or the caller has reported it. */
export function sizeOf(dim: Dim, sizes: SizeTable): number {
  const size = dimEvaluate(dim, (symbol) => sizes.get(symbol.id) ?? null);
  invariant(typeof size === "number", () => `size \`${formatDim(dim)}\` has no value`);
  return size;
}
