/** What a pickle can hold here: data only. Classes and functions of Python do not exist in this reader. */
import type { StoredArray } from "./array.ts";
import type { ByteRange } from "./bytes.ts";
import type { Dtype } from "./dtype.ts";

/** A list, tuple or set. Items may be shared between containers, and a list may hold itself. */
export interface PyList {
  readonly kind: "list" | "tuple" | "set";
  readonly items: PyValue[];
}

/** A dictionary with texts and numbers as keys. */
export interface PyDict {
  readonly kind: "dict";
  readonly entries: Map<string | number, PyValue>;
}

/** Bytes, or a text of Python 2. */
export interface PyBytes {
  readonly kind: "bytes";
  readonly bytes: ByteRange;
  /** Whether a Python 2 program wrote it as `str`, which serves as text and as bytes. */
  readonly isStr: boolean;
}

/** A long text that stays in the file until it is wanted. */
export interface PyLongText {
  readonly kind: "text";
  readonly bytes: ByteRange;
}

/** A name of the allow-list, not yet called. */
export interface PyName {
  readonly kind: "name";
  readonly name: string;
}

/** An element type; the byte order comes with its state. */
export interface PyDtype {
  readonly kind: "dtype";
  code: string;
}

/** An array; `array` is null until its state was read. */
export interface PyArray {
  readonly kind: "array";
  array: StoredArray | null;
}

export type PyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PyList
  | PyDict
  | PyBytes
  | PyLongText
  | PyName
  | PyDtype
  | PyArray;

/** The element type of a finished {@link PyDtype}, or "object" for lists of values. */
export type ElementType = Dtype | "object";

/** What a value is, for messages. */
export function describeValue(value: PyValue): string {
  if (value === null) return "nothing (None)";
  if (typeof value === "boolean") return "a truth value";
  if (typeof value === "number" || typeof value === "bigint") return "a number";
  if (typeof value === "string") return "a text";
  switch (value.kind) {
    case "list":
    case "set":
    case "tuple":
      return `a ${value.kind} of ${value.items.length} value${value.items.length === 1 ? "" : "s"}`;
    case "dict":
      return `a dictionary of ${value.entries.size} entr${value.entries.size === 1 ? "y" : "ies"}`;
    case "bytes":
      return value.isStr ? "a text" : `${value.bytes.length} bytes`;
    case "text":
      return "a text";
    case "name":
      return `the name \`${value.name}\``;
    case "dtype":
      return "an element type";
    case "array":
      return value.array === null ? "an unfinished array" : `an array [${value.array.shape.join(", ")}]`;
  }
}
