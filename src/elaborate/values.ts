/** What names stand for while a model is unrolled: tensors of the graph, numbers, lists, records, and modules with and without instances. */
import type { TensorValue } from "../builtins/build-context.ts";
import type { Definition } from "../check/scope.ts";
import type { InterfaceDecl, ModuleDecl } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import type { Scope } from "./scope.ts";

export type Value =
  | TensorValue
  | NumberValue
  | FlagValue
  | ListValue
  | RecordValue
  | InstanceValue
  | ModuleValue;

/** A number known at compile time; `dim` says what size it is, when it is one. */
export interface NumberValue {
  readonly kind: "number";
  readonly value: number;
  readonly dim: Dim | null;
}

export interface FlagValue {
  readonly kind: "flag";
  readonly value: boolean;
}

/** Also the tuples of `pairs` and `zip`. Labels name the items in parameter paths and in recorded losses. */
export interface ListValue {
  readonly kind: "list";
  readonly items: readonly Value[];
  readonly labels: readonly string[];
}

export interface RecordValue {
  readonly kind: "record";
  readonly fields: ReadonlyMap<string, Value>;
}

/** A module that was made: its parameters are those under `path`. Making it again at the same place gives the same path, hence the same parameters. */
export interface InstanceValue {
  readonly kind: "instance";
  readonly declaration: ModuleDecl;
  readonly path: string;
  /** Settings, module-level statements, and what lies outside. */
  readonly scope: Scope;
  /** What its size settings are for the place that made it, by symbol id. */
  readonly outward: ReadonlyMap<number, Dim>;
}

/** A module with some of its settings, not made yet: what a slot holds. */
export interface ModuleValue {
  readonly kind: "module";
  readonly definition: Definition<ModuleDecl>;
  readonly settings: ReadonlyMap<string, Value>;
  /** The interface that it is called through, which decides the order of the remaining settings. */
  readonly through: InterfaceDecl | null;
  /** The slot that it came from; parameters made from it are selected by that name. */
  readonly slot: string | null;
}
