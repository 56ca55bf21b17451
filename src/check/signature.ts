/** Types of methods, functions, modules and interfaces, as callers see them: symbols for everything that a call decides. */
import type { Span } from "../diagnostics/source.ts";
import type { InterfaceDecl, MethodSignature, Parameter } from "../syntax/ast.ts";
import type { SizeSymbol } from "../types/dim.ts";
import type { TensorType } from "../types/tensor-type.ts";
import type { Definition } from "./scope.ts";
import type { NumberType, ValueType } from "./values.ts";

/** A setting of a module or interface. */
export interface ParameterType {
  readonly name: string;
  readonly declaration: Parameter;
  readonly kind: "size" | "number" | "flag" | "interface";
  /** The symbol that a size stands for in the module. */
  readonly symbol: SizeSymbol | null;
  /** Null when the parameter takes no module, or when its interface is not known. */
  readonly interface: Definition<InterfaceDecl> | null;
  readonly optional: boolean;
  /** The default of a size, in terms of earlier parameters. */
  readonly fallback: NumberType | null;
}

/** An argument of a method. Static arguments of kind `size` bind their symbol like axes do. */
export interface ArgumentType {
  readonly name: string;
  readonly span: Span;
  readonly type:
    | TensorType
    | { readonly kind: "size"; readonly symbol: SizeSymbol; readonly fallback: NumberType | null }
    | { readonly kind: "number" }
    | { readonly kind: "flag" }
    | { readonly kind: "unknown" };
  readonly optional: boolean;
}

export interface MethodType {
  /** For messages: "`Linear`", "`relu`", "`decode` of `Coder`". */
  readonly title: string;
  readonly declaration: MethodSignature;
  readonly arguments: readonly ArgumentType[];
  /** Symbols that the arguments bind. */
  readonly bound: ReadonlySet<number>;
  /**
   * The result in terms of the symbols; `ragged` holds those symbols whose axes are ragged in this call although the signature does not
   * ask for it. Symbols that nothing binds are new sizes of each call.
   */
  readonly result: (ragged: ReadonlySet<number>) => ValueType;
}

export interface ModuleType {
  readonly parameters: readonly ParameterType[];
  /** By name; the unnamed method under the empty name. */
  readonly methods: ReadonlyMap<string, MethodType>;
  /** Part of the declaration could not be read, so there may be other methods. */
  readonly partial: boolean;
}
