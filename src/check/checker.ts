/** What the parts of the checker share. Parts that need each other (a call infers its arguments, an argument may be a call) meet here. */
import type { Builtin } from "../builtins/builtin.ts";
import type { Problems } from "../diagnostics/problems.ts";
import type { Expression, FunctionDecl, InterfaceDecl, ModuleDecl } from "../syntax/ast.ts";
import type { Definition, Scope } from "./scope.ts";
import type { MethodType, ModuleType } from "./signature.ts";
import type { ModuleValue, UnknownType, ValueType } from "./values.ts";

export interface Checker {
  /** Where problems go; a method that is checked again for ragged arguments reports into a bag of its own. */
  readonly problems: Problems;
  /** Shown only when nothing is wrong, since an unused name is often the other half of a misspelt one. */
  readonly warnings: Problems;
  /** Defaults of sizes that are settings of a model, by symbol. */
  readonly defaults: Map<number, number>;
  readonly builtins: ReadonlyMap<string, Builtin>;
  /** What the operators mean for tensors. */
  readonly operators: ReadonlyMap<string, Builtin>;
  infer(expression: Expression, scope: Scope): ValueType;
  /** The value of an expression where a module with settings is wanted: `Club(hidden = 32)`. */
  inferModule(expression: Expression, scope: Scope): ModuleValue | UnknownType;
  /** Checks that a module can stand where `wanted` is asked for, and reports if not. */
  requireImplements(
    value: ModuleValue,
    wanted: Definition<InterfaceDecl>,
    expression: Expression,
    purpose: string,
  ): boolean;
  /** Modules that say that they implement an interface. */
  implementers(wanted: Definition<InterfaceDecl>): readonly Definition<ModuleDecl>[];
  /** Null when the declaration contains itself, which has been reported. */
  moduleType(definition: Definition<ModuleDecl>): ModuleType | null;
  interfaceType(definition: Definition<InterfaceDecl>): ModuleType;
  functionType(definition: Definition<FunctionDecl>): MethodType | null;
  /** Runs `check` with problems going into another bag and without recording types. */
  apart(problems: Problems, check: (checker: Checker) => ValueType): ValueType;
  /** Records the type of a declared thing for `--emit checked` and the driver. */
  record(node: object, type: ValueType): void;
}
