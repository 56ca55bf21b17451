/** An array of numbers or texts, wherever it lies: in a file, in memory, or as a list of values. */
import { invariant } from "../../base/invariant.ts";
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { dataError } from "../problem.ts";
import type { ByteRange } from "./bytes.ts";
import { type Dtype, decodeNumbers, decodeTexts, dtypeName, isText } from "./dtype.ts";

/** Elements are numbered in row-major order, whatever order they are stored in. */
export interface StoredArray {
  readonly shape: readonly number[];
  /** NumPy's spelling of the element type; `object` for a list of texts. */
  readonly type: string;
  readonly isText: boolean;
  readonly place: FilePlace;
  /** `count` elements from number `first`; a UserError if they are texts. */
  numbers(first: number, count: number): Float64Array;
  /** The same as texts; a UserError if they are numbers. */
  texts(first: number, count: number): string[];
}

/** The number of elements of a shape, or null if it is above 2^53 or an extent is no size. */
export function elementCount(shape: readonly number[]): number | null {
  let count = 1;
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) return null;
    count *= extent;
    if (!Number.isSafeInteger(count)) return null;
  }
  return count;
}

/**
 * An array of raw bytes. The size is checked against the shape before anything is read; a shape that does not fit is
 * a UserError that says both.
 */
export function bytesArray(
  dtype: Dtype,
  shape: readonly number[],
  columnMajor: boolean,
  bytes: ByteRange,
  place: FilePlace,
): StoredArray {
  const count = elementCount(shape);
  if (count === null)
    throw dataError("data-shape", place, `The shape [${shape.join(", ")}] is not possible.`);
  if (dtype.size === 0 && count > 0)
    throw dataError("data-shape", place, `The type ${dtypeName(dtype)} has elements of no size.`);
  if (count * dtype.size !== bytes.length) {
    throw dataError(
      "data-shape",
      place,
      `The shape [${shape.join(", ")}] of ${dtypeName(dtype)} needs ${count * dtype.size} bytes; ${bytes.length} are there.`,
    );
  }
  const inOrder = columnMajor && shape.length > 1 ? rowMajor(bytes, dtype.size, shape) : bytes;
  const read = (first: number, wanted: number) => inOrder.read(first * dtype.size, wanted * dtype.size);
  const type = dtypeName(dtype);
  return {
    shape,
    type,
    isText: isText(dtype),
    place,
    numbers: (first, wanted) => {
      if (isText(dtype)) throw wrongType(place, "Numbers", `texts (${type})`);
      return decodeNumbers(dtype, read(first, wanted));
    },
    texts: (first, wanted) => {
      if (!isText(dtype)) throw wrongType(place, "Texts", `numbers (${type})`);
      return decodeTexts(dtype, read(first, wanted));
    },
  };
}

/** Column-major elements in row-major order. The reordered copy is made when something is read, and kept. */
function rowMajor(bytes: ByteRange, size: number, shape: readonly number[]): ByteRange {
  let ordered: Uint8Array | null = null;
  const make = (): Uint8Array => {
    const source = bytes.read(0, bytes.length);
    const out = new Uint8Array(bytes.length);
    const strides = shape.map((_, axis) =>
      shape.slice(0, axis).reduce((product, extent) => product * extent, size),
    );
    const index = shape.map(() => 0);
    let from = 0;
    for (let to = 0; to < out.length; to += size) {
      for (let byte = 0; byte < size; byte++) out[to + byte] = source[from + byte] as number;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        index[axis] = (index[axis] as number) + 1;
        from += strides[axis] as number;
        if (index[axis] !== shape[axis]) break;
        from -= (strides[axis] as number) * (shape[axis] as number);
        index[axis] = 0;
      }
    }
    return out;
  };
  return {
    length: bytes.length,
    read: (offset, count) => {
      ordered ??= make();
      return ordered.subarray(offset, offset + count);
    },
  };
}

/** An array of numbers in memory, row-major. */
export function numberArray(
  data: Float64Array,
  shape: readonly number[],
  type: string,
  place: FilePlace,
): StoredArray {
  invariant(data.length === elementCount(shape), "values fit the shape");
  return {
    shape,
    type,
    isText: false,
    place,
    numbers: (first, count) => data.subarray(first, first + count),
    texts: () => {
      throw wrongType(place, "Texts", `numbers (${type})`);
    },
  };
}

/** An array of texts in memory. */
export function textArray(
  values: readonly string[],
  shape: readonly number[],
  place: FilePlace,
): StoredArray {
  invariant(values.length === elementCount(shape), "values fit the shape");
  return {
    shape,
    type: "object",
    isText: true,
    place,
    numbers: () => {
      throw wrongType(place, "Numbers", "texts");
    },
    texts: (first, count) => values.slice(first, first + count),
  };
}

/** Every element as a number, row-major. */
export function allNumbers(array: StoredArray): Float64Array {
  return array.numbers(0, elementCount(array.shape) ?? 0);
}

/** Every element as text, row-major. */
export function allTexts(array: StoredArray): string[] {
  return array.texts(0, elementCount(array.shape) ?? 0);
}

function wrongType(place: FilePlace, expected: string, found: string): Error {
  return dataError("data-value", place, `${expected} were expected; there are ${found}.`);
}
