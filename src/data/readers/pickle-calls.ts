/**
 * The calls that a pickle of arrays and containers needs, done with data only. Whatever is not in this table is
 * refused by its name; nothing of a file is ever executed.
 */
import { at } from "../../base/invariant.ts";
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { dataError } from "../problem.ts";
import { allNumbers, bytesArray, elementCount, numberArray, type StoredArray, textArray } from "./array.ts";
import { latin1Bytes, memoryBytes } from "./bytes.ts";
import { decodeText, parseDtype } from "./dtype.ts";
import {
  describeValue,
  type ElementType,
  type PyArray,
  type PyBytes,
  type PyValue,
} from "./pickle-values.ts";

/** Allowed names by what they mean; NumPy 2 moved its functions below `numpy._core`. */
const NAMES: Readonly<Record<string, string>> = {
  "numpy.core.multiarray._reconstruct": "reconstruct",
  "numpy._core.multiarray._reconstruct": "reconstruct",
  "numpy.core.multiarray.scalar": "scalar",
  "numpy._core.multiarray.scalar": "scalar",
  "numpy.core.numeric._frombuffer": "frombuffer",
  "numpy._core.numeric._frombuffer": "frombuffer",
  "numpy.ndarray": "ndarray",
  "numpy.dtype": "dtype",
  "_codecs.encode": "encode",
  "collections.OrderedDict": "dict",
};
const CONTAINERS = ["list", "dict", "tuple", "set", "frozenset", "bytes", "bytearray"];
for (const module of ["builtins", "__builtin__"])
  for (const name of CONTAINERS) Object.assign(NAMES, { [`${module}.${name}`]: name });

/** The name as a value, or a UserError that names it. */
export function allowedName(module: string, name: string, place: FilePlace): PyValue {
  const full = `${module}.${name}`;
  const known = Object.hasOwn(NAMES, full) ? NAMES[full] : undefined;
  if (known !== undefined) return { kind: "name", name: known };
  throw dataError(
    "data-unsafe",
    place,
    `The pickle asks for \`${full.slice(0, 120)}\`, which is neither an array nor a plain container. Nothing was executed.`,
    "If you trust the file, save its arrays again with `numpy.savez` and import the .npz file.",
  );
}

/** What a call of an allowed name gives. */
export function call(target: PyValue, args: PyValue, place: FilePlace): PyValue {
  const refuse = (text: string) => dataError("data-format", place, text);
  if (target === null || typeof target !== "object" || target.kind !== "name")
    throw refuse(`The pickle calls ${describeValue(target)}.`);
  if (args === null || typeof args !== "object" || args.kind !== "tuple")
    throw refuse(`The call of \`${target.name}\` has no list of arguments.`);
  const { items } = args;
  switch (target.name) {
    case "reconstruct":
      if (!isName(items[0], "ndarray")) throw refuse("Only arrays of the class `numpy.ndarray` can be read.");
      return { kind: "array", array: null };
    case "dtype":
      return { kind: "dtype", code: textOf(items[0] ?? null, refuse) };
    case "scalar":
      return scalar(items, place);
    case "frombuffer":
      return fromBuffer(items, place);
    case "encode":
      return encode(items, place);
    case "ndarray":
      throw refuse("The pickle calls `numpy.ndarray` itself, which arrays are not stored with.");
    default:
      return container(target.name, items, refuse);
  }
}

type Refuse = (text: string) => Error;

function isName(value: PyValue | undefined, name: string): boolean {
  return typeof value === "object" && value !== null && value.kind === "name" && value.name === name;
}

function container(name: string, items: readonly PyValue[], refuse: Refuse): PyValue {
  const [first] = items;
  if (items.length > 1) throw refuse(`The call of \`${name}\` has ${items.length} arguments.`);
  if (name === "bytes" || name === "bytearray") {
    if (first === undefined) return { kind: "bytes", bytes: memoryBytes(new Uint8Array(0)), isStr: false };
    if (typeof first === "object" && first?.kind === "bytes") return first;
    throw refuse(`\`${name}\` is made of ${describeValue(first)}.`);
  }
  const isList = typeof first === "object" && first !== null && "items" in first;
  if (first !== undefined && !isList) throw refuse(`\`${name}\` is made of ${describeValue(first)}.`);
  const values = isList ? first.items : [];
  if (name === "dict") {
    if (values.length > 0) throw refuse("A dictionary is made of a list.");
    return { kind: "dict", entries: new Map() };
  }
  return { kind: name === "list" || name === "tuple" ? name : "set", items: [...values] };
}

/** Bytes that protocol 2 stores as text: only Latin-1, which gives one byte per character. */
function encode(items: readonly PyValue[], place: FilePlace): PyValue {
  const refuse: Refuse = (text) => dataError("data-format", place, text);
  const [text = null, codec = null] = items;
  const name = textOf(codec, refuse);
  if (!["latin1", "latin-1", "iso-8859-1"].includes(name)) {
    throw dataError(
      "data-unsafe",
      place,
      `The pickle asks for \`_codecs.encode\` with the codec \`${name.slice(0, 40)}\`; only latin1 belongs to arrays.`,
    );
  }
  const source =
    typeof text === "string"
      ? memoryBytes(new TextEncoder().encode(text))
      : typeof text === "object" && text?.kind === "text"
        ? text.bytes
        : null;
  if (source === null) throw refuse(`\`_codecs.encode\` is given ${describeValue(text)} instead of a text.`);
  const bytes = latin1Bytes(source);
  if (bytes === null) throw refuse("An array's bytes hold a character that is no byte.");
  return { kind: "bytes", bytes, isStr: false };
}

function scalar(items: readonly PyValue[], place: FilePlace): PyValue {
  const type = elementType(items[0] ?? null, place);
  const bytes = items[1] ?? null;
  if (type === "object" || !isBytes(bytes))
    throw dataError("data-format", place, "A NumPy scalar has no value.");
  const array = bytesArray(type, [], false, bytes.bytes, place);
  return array.isText ? at(array.texts(0, 1), 0) : at([...array.numbers(0, 1)], 0);
}

function fromBuffer(items: readonly PyValue[], place: FilePlace): PyValue {
  const [buffer = null, dtype = null, shape = null, order = null] = items;
  const type = elementType(dtype, place);
  if (!isBytes(buffer) || type === "object") throw dataError("data-format", place, "An array has no bytes.");
  const columnMajor = order === "F";
  return { kind: "array", array: bytesArray(type, shapeOf(shape, place), columnMajor, buffer.bytes, place) };
}

/** Gives an array or element type its state; other objects have none here. */
export function build(target: PyValue, state: PyValue, place: FilePlace): void {
  const items = typeof state === "object" && state?.kind === "tuple" ? state.items : null;
  if (items === null || target === null || typeof target !== "object")
    throw dataError("data-format", place, `The pickle gives ${describeValue(target)} a state.`);
  if (target.kind === "dtype") setByteOrder(target, items, place);
  else if (target.kind === "array") setArray(target, items, place);
  else throw dataError("data-format", place, `The pickle gives ${describeValue(target)} a state.`);
}

function setByteOrder(target: { code: string }, items: readonly PyValue[], place: FilePlace): void {
  const refuse: Refuse = (text) => dataError("data-format", place, text);
  const order = textOf(items[1] ?? null, refuse);
  if (items[2] !== null && items[2] !== undefined)
    throw refuse("An array has elements that are themselves arrays; numbers and texts can be read.");
  if (items[3] !== null && items[3] !== undefined)
    throw refuse("An array has structured elements (named parts); numbers and texts can be read.");
  if (!["<", ">", "|", "="].includes(order)) throw refuse(`\`${order.slice(0, 10)}\` is no byte order.`);
  target.code = order + target.code.replace(/^[<>|=]/, "");
}

function setArray(target: PyArray, items: readonly PyValue[], place: FilePlace): void {
  const [, shapeValue = null, dtype = null, columnMajor = null, data = null] = items;
  if (items.length !== 5)
    throw dataError("data-format", place, `An array's state has ${items.length} parts, not 5.`);
  const shape = shapeOf(shapeValue, place);
  const type = elementType(dtype, place);
  if (type === "object") {
    target.array = objectArray(data, shape, place);
    return;
  }
  if (!isBytes(data))
    throw dataError("data-format", place, `An array's values are ${describeValue(data)}, not bytes.`);
  const order = columnMajor === true || columnMajor === 1;
  target.array = bytesArray(type, shape, order, data.bytes, place);
}

/**
 * An array of Python objects: texts become an array of texts. Numbers are refused when they are asked for, since their
 * type is not known; until then nobody needs them.
 */
function objectArray(data: PyValue, shape: readonly number[], place: FilePlace): StoredArray {
  const items = typeof data === "object" && data?.kind === "list" ? data.items : null;
  const count = elementCount(shape);
  if (items === null || count === null || items.length !== count) {
    const found = items === null ? describeValue(data) : `${items.length} values`;
    throw dataError(
      "data-shape",
      place,
      `An array of objects has the shape [${shape.join(", ")}] and ${found}.`,
    );
  }
  const texts = items.map((item) => textOrNull(item));
  const wrong = texts.indexOf(null);
  if (wrong < 0)
    return textArray(
      texts.filter((text) => text !== null),
      shape,
      place,
    );
  const refuse = (): never => {
    throw dataError(
      "data-value",
      place,
      `This is an array of objects with ${describeValue(at(items, wrong))} at ${wrong}; only texts can be stored so.`,
      "Save numbers with a numeric type, for example `array.astype('float32')`.",
    );
  };
  return { shape, type: "object", isText: false, place, numbers: refuse, texts: refuse };
}

function isBytes(value: PyValue): value is PyBytes {
  return typeof value === "object" && value !== null && value.kind === "bytes";
}

function shapeOf(value: PyValue, place: FilePlace): number[] {
  const items =
    typeof value === "number"
      ? [value]
      : typeof value === "object" && value?.kind === "tuple"
        ? value.items
        : null;
  if (items === null || items.length > 32 || !items.every((item) => typeof item === "number"))
    throw dataError("data-format", place, "An array's shape is not a list of numbers.");
  return items.filter((item) => typeof item === "number");
}

function elementType(value: PyValue, place: FilePlace): ElementType {
  const code = typeof value === "object" && value?.kind === "dtype" ? value.code : "";
  if (/^[|=<>]?O8?$/.test(code)) return "object";
  const dtype = parseDtype(code);
  if (dtype !== null) return dtype;
  throw dataError(
    "data-format",
    place,
    `An array has elements of the type \`${code.slice(0, 20)}\`; numbers (f, i, u, b) and texts (U, S) can be read.`,
  );
}

/** A text of any of the ways in which pickles store one, or null. */
export function textOrNull(value: PyValue): string | null {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return null;
  if (value.kind === "text" || (value.kind === "bytes" && value.isStr))
    return decodeText(value.bytes.read(0, value.bytes.length));
  return null;
}

function textOf(value: PyValue, refuse: Refuse): string {
  const text = textOrNull(value);
  if (text === null) throw refuse(`A text was expected; there is ${describeValue(value)}.`);
  return text;
}

/** A list of numbers or of texts as an array; null if it is neither, or mixed. */
export function listArray(items: readonly PyValue[], place: FilePlace): StoredArray | null {
  const numbers = items.map(numberOrNull);
  if (numbers.every((number) => number !== null)) {
    const whole = items.every((item) => typeof item === "bigint" || Number.isInteger(item));
    return numberArray(Float64Array.from(numbers), [items.length], whole ? "<i8" : "<f8", place);
  }
  const texts = items.map(textOrNull);
  if (!texts.every((text) => text !== null)) return null;
  return textArray(texts, [items.length], place);
}

function numberOrNull(value: PyValue): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "object" && value?.kind === "array" && value.array !== null)
    return value.array.shape.length === 0 && !value.array.isText
      ? (allNumbers(value.array)[0] ?? null)
      : null;
  return null;
}
