/** Types of everything an expression can stand for: tensors, values known at compile time, and modules. */
import type { InterfaceDecl, ModuleDecl } from "../syntax/ast.ts";
import type { Dim } from "../types/dim.ts";
import { dimConstant, dimNumber, formatDim } from "../types/dim.ts";
import type { RecordType, Substitution, TensorType } from "../types/tensor-type.ts";
import { formatType, scalarType } from "../types/tensor-type.ts";
import type { Definition } from "./scope.ts";
import type { MethodType } from "./signature.ts";

/** A number known at compile time. With a `dim` it is a whole number that can be an axis; `value` is null where settings decide. */
export interface NumberType {
  readonly kind: "number";
  readonly dim: Dim | null;
  readonly value: number | null;
}

export interface FlagType {
  readonly kind: "flag";
  readonly value: boolean | null;
}

/** A list whose length is known while checking. */
export interface ListType {
  readonly kind: "list";
  readonly items: readonly ValueType[];
}

/** A list whose length depends on a setting: `1..layers`. Every element has the type `item`. */
export interface SequenceType {
  readonly kind: "sequence";
  readonly item: ValueType;
}

/** An element of `pairs` or `zip`. */
export interface TupleType {
  readonly kind: "tuple";
  readonly items: readonly ValueType[];
}

/** A module with some of its settings: what fills a slot or a module parameter. */
export type ModuleValue =
  | {
      readonly kind: "module";
      readonly definition: Definition<ModuleDecl>;
      /** Settings that are already given, by name. */
      readonly given: ReadonlyMap<string, ValueType>;
    }
  /** Known by its interface only. */
  | { readonly kind: "slot"; readonly definition: Definition<InterfaceDecl> };

export interface InstanceType {
  readonly kind: "instance";
  /** Name of the module or interface. */
  readonly name: string;
  /** By name; the unnamed method under the empty name. */
  readonly methods: ReadonlyMap<string, MethodType>;
  /** Part of its declaration could not be read: a method that it seems to lack is no mistake. */
  readonly partial: boolean;
  /** What the sizes among the module's settings stand for. */
  readonly settings: Substitution;
}

/** The type of a value whose problem has already been reported: it causes no second message. */
export interface UnknownType {
  readonly kind: "unknown";
}

export type ValueType =
  | TensorType
  | RecordType<ValueType>
  | NumberType
  | FlagType
  | ListType
  | SequenceType
  | TupleType
  | ModuleValue
  | InstanceType
  | UnknownType;

export const unknownType: UnknownType = { kind: "unknown" };

export function sizeType(dim: Dim): NumberType {
  return { kind: "number", dim, value: dimConstant(dim) };
}

export function numberType(value: number | null): NumberType {
  const whole = value !== null && Number.isSafeInteger(value);
  return { kind: "number", dim: whole ? dimNumber(value) : null, value };
}

/** The tensor that a value is used as: numbers count as scalars. Null for what cannot be a tensor. */
export function asTensor(value: ValueType): TensorType | null {
  if (value.kind === "tensor") return value;
  return value.kind === "number" ? scalarType : null;
}

/** As printed by `--emit checked` and in lists of types. */
export function formatValue(value: ValueType): string {
  switch (value.kind) {
    case "tensor":
      return formatType(value);
    case "record":
      return `(${[...value.fields].map(([name, field]) => `${name}: ${formatValue(field)}`).join(", ")})`;
    case "number":
      if (value.value !== null) return `number ${value.value}`;
      return value.dim === null ? "number" : `size ${formatDim(value.dim)}`;
    case "flag":
      return value.value === null ? "flag" : `flag ${value.value}`;
    case "list":
      return `list [${value.items.map(formatValue).join(", ")}]`;
    case "sequence":
      return `list of ${formatValue(value.item)}`;
    case "tuple":
      return `(${value.items.map(formatValue).join(", ")})`;
    case "module":
    case "slot":
      return `module ${value.definition.declaration.name.name}`;
    case "instance":
      return `instance of ${value.name}`;
    case "unknown":
      return "unknown";
  }
}

/** In a sentence: "a tensor `f32[B, D]`", "an instance of `Linear`". */
export function describe(value: ValueType): string {
  switch (value.kind) {
    case "tensor":
      return `a tensor \`${formatType(value)}\``;
    case "record":
      return `a record with the fields ${quoteAll([...value.fields.keys()])}`;
    case "number":
      if (value.value !== null) return `the number \`${value.value}\``;
      return value.dim === null ? "a number" : `the size \`${formatDim(value.dim)}\``;
    case "flag":
      return "a flag";
    case "list":
      return `a list of ${value.items.length} ${value.items.length === 1 ? "element" : "elements"}`;
    case "sequence":
      return "a list";
    case "tuple":
      return `a group of ${value.items.length} values`;
    case "module":
    case "slot":
      return `the module \`${value.definition.declaration.name.name}\``;
    case "instance":
      return `an instance of \`${value.name}\``;
    case "unknown":
      return "a value that is not known";
  }
}

/** `a`, `b` and `c`, each in backticks. */
export function quoteAll(names: readonly string[], joiner = "and"): string {
  const quoted = names.map((name) => `\`${name}\``);
  return quoted.length === 0 ? "none" : listed(quoted, joiner);
}

/** no `a`, no `b` and no `c` */
export function noneOf(names: readonly string[]): string {
  const parts = names.map((name) => `no \`${name}\``);
  return listed(parts, "and");
}

function listed(parts: readonly string[], joiner: string): string {
  const before = parts.slice(0, -1).join(", ");
  const last = parts.slice(-1).join();
  return before === "" ? last : `${before} ${joiner} ${last}`;
}
