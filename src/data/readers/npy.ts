/** NumPy's .npy files: a magic word, a version, a header that is a Python literal, the raw values. */
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { dataError } from "../problem.ts";
import { bytesArray, elementCount, type StoredArray } from "./array.ts";
import { type ByteRange, partOf } from "./bytes.ts";
import { decodeText, parseDtype } from "./dtype.ts";
import { parsePickle } from "./pickle.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy's own limit for headers that it reads without being told that they are trusted. */
const MOST_HEADER = 10_000;

export interface NpyFile {
  readonly array: StoredArray;
  /** Bytes behind the values. */
  readonly trailing: number;
}

/** Whether the bytes begin as a .npy file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Reads the header; the values are read when they are wanted. Throws a UserError for everything but plain arrays. */
export function parseNpy(bytes: ByteRange, place: FilePlace): NpyFile {
  const refuse = (text: string) => dataError("data-format", place, text);
  if (bytes.length === 0) throw dataError("data-empty", place, "The file is empty.");
  const start = bytes.read(0, Math.min(12, bytes.length));
  if (!isNpy(start) || start.length < 12)
    throw refuse("This is no .npy file: it lacks the magic word of NumPy.");
  const version = start[6] as number;
  if (version < 1 || version > 3) throw refuse(`The file has version ${version}; 1, 2 and 3 are known.`);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const lengthBytes = version === 1 ? 2 : 4;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = 8 + lengthBytes + length;
  if (dataStart > bytes.length || length > MOST_HEADER)
    throw refuse(`The header claims ${length} bytes; ${bytes.length - 8 - lengthBytes} follow.`);
  const header = parseHeader(decodeText(bytes.read(8 + lengthBytes, length)), place);
  if (/^\|?O$/.test(header.descr)) return objectFile(bytes, dataStart, header.shape, place);
  const dtype = parseDtype(header.descr);
  if (dtype === null) {
    throw refuse(
      `The elements have the type \`${header.descr.slice(0, 40)}\`; numbers (f, i, u, b) and texts (U, S) can be read.`,
    );
  }
  const count = elementCount(header.shape);
  const there = bytes.length - dataStart;
  // Surplus bytes are reported by the caller; too few are an error of bytesArray.
  const size = count === null ? there : Math.min(there, count * dtype.size);
  const array = bytesArray(dtype, header.shape, header.columnMajor, partOf(bytes, dataStart, size), place);
  return { array, trailing: there - size };
}

/** An array of Python objects is a pickle: read as data, so that texts come out and nothing else is let in. */
function objectFile(
  bytes: ByteRange,
  dataStart: number,
  shape: readonly number[],
  place: FilePlace,
): NpyFile {
  const { value, trailing } = parsePickle(place.file, partOf(bytes, dataStart, bytes.length - dataStart));
  const array = typeof value === "object" && value?.kind === "array" ? value.array : null;
  if (array === null || array.shape.join() !== shape.join())
    throw dataError("data-format", place, "The array of objects does not hold what its header says.");
  return { array: { ...array, place }, trailing };
}

interface Header {
  readonly descr: string;
  readonly columnMajor: boolean;
  readonly shape: readonly number[];
}

/** The header is a dictionary with three keys; it is matched, never evaluated. */
function parseHeader(text: string, place: FilePlace): Header {
  const broken = (what: string) =>
    dataError("data-format", { file: place.file, within: [...(place.within ?? []), "header"] }, what);
  const body = /^\{(.*?),?\s*\}\s*$/s.exec(text)?.[1];
  if (body === undefined) throw broken("The header is not a dictionary in braces.");
  if (/'descr':\s*\[/.test(body))
    throw broken("The elements are structured (named parts); numbers and texts can be read.");
  const item =
    /\s*'(descr|fortran_order|shape)'\s*:\s*('[^']*'|True|False|\(\s*(?:-?\d+L?\s*,?\s*)*\))\s*(?:,|$)/y;
  const found = new Map<string, string>();
  while (item.lastIndex < body.length) {
    const match = item.exec(body);
    if (match === null) break;
    found.set(match[1] ?? "", match[2] ?? "");
    if (item.lastIndex === 0) break;
  }
  const [descr, order, shape] = ["descr", "fortran_order", "shape"].map((key) => found.get(key));
  const whole = [...found].reduce((sum) => sum + 1, 0) === 3 && item.lastIndex >= body.trimEnd().length;
  if (!whole || !descr?.startsWith("'") || !order?.match(/^(True|False)$/) || !shape?.startsWith("("))
    throw broken("The header is not a literal with `descr`, `fortran_order` and `shape`.");
  const extents = [...shape.matchAll(/-?\d+/g)].map(([digits]) => Number(digits));
  if (extents.length > 32 || extents.some((extent) => extent < 0))
    throw broken(`The shape ${shape.slice(0, 60)} is not possible.`);
  return { descr: descr.slice(1, -1), columnMajor: order === "True", shape: extents };
}
