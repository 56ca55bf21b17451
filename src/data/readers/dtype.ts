/** Element types of NumPy arrays, and their bytes as numbers and texts. */
import { invariant } from "../../base/invariant.ts";

/** f: floating point, i and u: whole numbers, b: truth values, U: texts in UTF-32, S: texts in bytes. */
export type DtypeKind = "f" | "i" | "u" | "b" | "U" | "S";

export interface Dtype {
  readonly kind: DtypeKind;
  /** Bytes per element. */
  readonly size: number;
  readonly bigEndian: boolean;
}

const SIZES: Readonly<Record<string, readonly number[]>> = {
  f: [2, 4, 8],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  b: [1],
};
/** A text element longer than this is no text. */
const MOST_TEXT = 1 << 24;

/** The element type that NumPy's type code (`<f4`, `|b1`, `U16`) names, or null if it is none that can be read. */
export function parseDtype(code: string): Dtype | null {
  const match = /^([<>|=]?)([a-zA-Z])(\d{1,9})$/.exec(code);
  if (match === null) return null;
  const [, order = "", letter = "", digits = ""] = match;
  const bigEndian = order === ">";
  const count = Number(digits);
  if (letter === "U" || letter === "S" || letter === "a") {
    const kind = letter === "U" ? "U" : "S";
    return count > MOST_TEXT ? null : { kind, size: kind === "U" ? 4 * count : count, bigEndian };
  }
  if (letter !== "f" && letter !== "i" && letter !== "u" && letter !== "b") return null;
  return SIZES[letter]?.includes(count) === true ? { kind: letter, size: count, bigEndian } : null;
}

/** NumPy's spelling: `<f4`, `|b1`, `<U16`. */
export function dtypeName({ kind, size, bigEndian }: Dtype): string {
  if (kind === "S" || size === 1) return `|${kind}${size}`;
  return `${bigEndian ? ">" : "<"}${kind}${kind === "U" ? size / 4 : size}`;
}

/** Whether elements are texts. */
export function isText(dtype: Dtype): boolean {
  return dtype.kind === "U" || dtype.kind === "S";
}

/** Elements as doubles. Whole numbers beyond 2^53 lose their last digits. */
export function decodeNumbers(dtype: Dtype, bytes: Uint8Array): Float64Array<ArrayBuffer> {
  const { kind, size, bigEndian } = dtype;
  const count = bytes.length / size;
  const result = new Float64Array(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = !bigEndian;
  const fill = (read: (offset: number) => number): void => {
    for (let index = 0; index < count; index++) result[index] = read(index * size);
  };
  if (kind === "f" && size === 4) fillFloats(result, bytes, view, little);
  else if (kind === "f" && size === 8) fill((offset) => view.getFloat64(offset, little));
  else if (kind === "f") fill((offset) => halfToNumber(view.getUint16(offset, little)));
  else if (size === 1 && kind === "i") fill((offset) => view.getInt8(offset));
  else if (size === 1) fill((offset) => view.getUint8(offset));
  else if (size === 2) fill((o) => (kind === "i" ? view.getInt16(o, little) : view.getUint16(o, little)));
  else if (size === 4) fill((o) => (kind === "i" ? view.getInt32(o, little) : view.getUint32(o, little)));
  else fill((o) => Number(kind === "i" ? view.getBigInt64(o, little) : view.getBigUint64(o, little)));
  return result;
}

/** The common type: through a view of the bytes where they lie on a multiple of four. */
function fillFloats(result: Float64Array, bytes: Uint8Array, view: DataView, little: boolean): void {
  if (little && bytes.byteOffset % 4 === 0) {
    result.set(new Float32Array(bytes.buffer, bytes.byteOffset, result.length));
    return;
  }
  for (let index = 0; index < result.length; index++) result[index] = view.getFloat32(4 * index, little);
}

/** The value of an IEEE 754 half-precision number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Elements as texts, without the zeros that fill them up. Bytes that are not UTF-8 are read as Latin-1. */
export function decodeTexts(dtype: Dtype, bytes: Uint8Array): string[] {
  invariant(isText(dtype) && dtype.size > 0, "a text type has a size");
  const texts: string[] = [];
  for (let start = 0; start < bytes.length; start += dtype.size) {
    const element = bytes.subarray(start, start + dtype.size);
    texts.push(dtype.kind === "S" ? byteText(element) : wideText(element, dtype.bigEndian));
  }
  return texts;
}

function byteText(element: Uint8Array): string {
  let end = element.length;
  while (end > 0 && element[end - 1] === 0) end--;
  return decodeText(element.subarray(0, end));
}

/** Bytes as UTF-8, or as Latin-1 where they are not UTF-8: texts of Python 2 are in either. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  }
}

function wideText(element: Uint8Array, bigEndian: boolean): string {
  const view = new DataView(element.buffer, element.byteOffset, element.byteLength);
  let text = "";
  let zeros = "";
  for (let offset = 0; offset < element.length; offset += 4) {
    const code = view.getUint32(offset, !bigEndian);
    if (code === 0) zeros += "\0";
    else {
      text += zeros + (code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd");
      zeros = "";
    }
  }
  return text;
}
