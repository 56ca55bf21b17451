/**
 * The contract of a builtin function of the language: what it accepts, its result type on symbolic axes (used by the checker and, with all
 * sizes known, by elaboration), and the graph that it builds. Everything that can be composed from these is written
 * in the language itself, in specs/std.
 */
import type { Dim, SizeSymbol } from "../types/dim.ts";
import type { RecordType, TensorType } from "../types/tensor-type.ts";
import type { BuildContext, TensorValue } from "./build-context.ts";

export type ParameterKind =
  /** Numbers and sizes known at compile time count as scalars. */
  | "tensor"
  /** One or more tensors by position, or one list of them. */
  | "tensors"
  /** A number known at compile time. */
  | "number"
  /** A whole number known at compile time. */
  | "size"
  | "flag"
  /** An axis of the first tensor, named by its size. */
  | "axis"
  /** One axis or a list of axes of the first tensor. */
  | "axes"
  /** Sizes in a list: `[heads, K]`. */
  | "sizes"
  /** `B = J`: the name is an axis of the first tensor, the value a new axis name. */
  | "renames";

export interface BuiltinParameter {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly optional: boolean;
}

/** The tensor that most functions are about. */
export const x: BuiltinParameter = { name: "x", kind: "tensor", optional: false };

/** An argument as its type is known. `value` is null where it depends on sizes that have no number yet. */
export type BuiltinArgument =
  | { readonly kind: "tensor"; readonly type: TensorType }
  | { readonly kind: "tensors"; readonly types: readonly TensorType[] }
  | { readonly kind: "number"; readonly value: number | null }
  | { readonly kind: "size"; readonly dim: Dim }
  | { readonly kind: "flag"; readonly value: boolean | null }
  | { readonly kind: "axis"; readonly dim: Dim }
  | { readonly kind: "axes"; readonly dims: readonly Dim[] }
  | { readonly kind: "sizes"; readonly dims: readonly Dim[] }
  | {
      readonly kind: "renames";
      readonly renames: readonly { readonly from: Dim; readonly to: SizeSymbol }[];
    };

/** Arguments by parameter name; optional ones that were left out are missing. */
export type BuiltinArguments = ReadonlyMap<string, BuiltinArgument>;

/** Why arguments do not fit, as data for a diagnostic. */
export interface BuiltinProblem {
  readonly kind: "problem";
  /** Stable error code, for example `shape-mismatch`. */
  readonly code: string;
  readonly title: string;
  /** The parameter whose argument is to blame; null for the whole call. */
  readonly parameter: string | null;
  /** Label under the blamed piece. */
  readonly label: string;
  readonly text: string;
  readonly hint?: string;
}

/** Values of the arguments when the graph is built; tensors in the order of the parameters. */
export interface BuildArguments {
  tensor(name: string): TensorValue;
  tensors(name: string): readonly TensorValue[];
  /** The number of a `number` or `size` argument, or `otherwise` when it was left out. */
  number(name: string, otherwise?: number): number;
  flag(name: string, otherwise: boolean): boolean;
  dim(name: string): Dim;
  dims(name: string): readonly Dim[];
  has(name: string): boolean;
  renames(): readonly { readonly from: Dim; readonly to: SizeSymbol }[];
}

export interface Builtin {
  readonly name: string;
  /** The value for arguments that are all known at compile time (numbers and sizes); then nothing is built. */
  readonly constant?: (values: readonly number[]) => number;
  /** What the name means when its only argument is a list: `sum(e.bound for e in estimators)`. */
  readonly overList?: Builtin;
  /** As in the reference: `mean(x, axis?)`. */
  readonly usage: string;
  readonly doc: string;
  readonly parameters: readonly BuiltinParameter[];
  readonly type: (inputs: BuiltinArguments) => TensorType | RecordType | BuiltinProblem;
  /** `result` is what `type` gave: the builder fills in nodes for it. */
  readonly build: (
    context: BuildContext,
    inputs: BuildArguments,
    result: TensorType | RecordType,
  ) => TensorValue | ReadonlyMap<string, TensorValue>;
}
