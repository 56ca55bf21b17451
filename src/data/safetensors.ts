/**
 * Safetensors files: 8 bytes with the length of a JSON header, the header, the raw little-endian values. Datasets,
 * checkpoints and oracles are stored this way. Nothing in a file is trusted: a header is checked before any tensor
 * is viewed, and no size that it states is allocated.
 */
import { invariant } from "../base/invariant.ts";
import { bytesOf, readBytes, writeFileAtomic } from "./files.ts";
import { DataProblems, dataError } from "./problem.ts";
import type { ByteRange } from "./readers/bytes.ts";
import { halfToNumber } from "./readers/dtype.ts";

type TensorData = Float32Array | Float64Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array;
type Dtype = "F32" | "F64" | "F16" | "BF16" | "I32" | "I64" | "U8" | "BOOL";

export interface Tensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Row-major values; BOOL as bytes 0 and 1, F16 and BF16 as their bits. */
  readonly data: TensorData;
}

export interface SafetensorsFile {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Record<string, string>;
}

const BYTES: Record<Dtype, number> = { F32: 4, F64: 8, F16: 2, BF16: 2, I32: 4, I64: 8, U8: 1, BOOL: 1 };
/** The limit that other readers use as well; a header of honest files is far smaller. */
const MAX_HEADER = 100_000_000;

interface Entry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file. The tensors are views of one buffer that holds the file.
 * Throws a UserError that names the file, the tensor and what was expected.
 */
export function readSafetensors(path: string): SafetensorsFile {
  const bytes = readBytes(path);
  const { entries, metadata, dataStart } = readLayout(path, {
    length: bytes.length,
    read: (offset, count) => bytes.subarray(offset, offset + count),
  });
  return { tensors: new Map(entries.map((entry) => [entry.name, view(bytes, dataStart, entry)])), metadata };
}

/** Where the values of a tensor lie in its file. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** First byte in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** The tensors of a file that stays on the disk, by name. Throws as {@link readSafetensors} does. */
export function storedTensors(path: string, file: ByteRange): Map<string, StoredTensor> {
  const { entries, dataStart } = readLayout(path, file);
  return new Map(
    entries.map(({ name, dtype, shape, begin, end }) => [
      name,
      { dtype, shape, offset: dataStart + begin, bytes: end - begin },
    ]),
  );
}

interface Layout {
  readonly entries: readonly Entry[];
  readonly metadata: Record<string, string>;
  /** Byte of the file at which the values begin. */
  readonly dataStart: number;
}

function readLayout(path: string, file: ByteRange): Layout {
  const { text, dataStart } = headerText(path, file);
  const header = parseHeader(path, text);
  const metadata = metadataOf(path, header);
  const problems = new DataProblems();
  const entries: Entry[] = [];
  const dataSize = file.length - dataStart;
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const entry = problems.attempt(() => entryOf(path, name, value, dataSize));
    if (entry !== null) entries.push(entry);
  }
  problems.throwIfAny();
  checkCoverage(path, entries, dataSize);
  return { entries, metadata, dataStart };
}

function headerText(path: string, file: ByteRange): { text: string; dataStart: number } {
  const broken = (text: string) => dataError("data-format", { file: path, within: ["header"] }, text);
  if (file.length < 8) {
    throw broken(
      `A safetensors file begins with 8 bytes that state the length of its header; this file has ${file.length}.`,
    );
  }
  const first = file.read(0, 8);
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER))
    throw dataError(
      "data-format",
      { file: path },
      `This is not a safetensors file${likely(first)}. Its first 8 bytes would state a header of ${length} bytes, and at most ${MAX_HEADER} are accepted.`,
    );
  const dataStart = 8 + Number(length);
  if (dataStart > file.length) {
    throw broken(
      `The header claims ${length} bytes, but only ${file.length - 8} follow: the file is cut short or of another format.`,
    );
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      file.read(8, Number(length)),
    );
    return { text, dataStart };
  } catch {
    throw broken("The header is not UTF-8 text.");
  }
}

/** What a file that is no safetensors file may be instead, by its first bytes. */
function likely(first: Uint8Array): string {
  const starts = (...bytes: number[]) => bytes.every((byte, place) => first[place] === byte);
  if (starts(0x50, 0x4b)) return " but a zip archive, as `.npz` files and PyTorch's are";
  if (starts(0x93, 0x4e, 0x55, 0x4d)) return " but an array of NumPy (`.npy`)";
  return starts(0x89, 0x48, 0x44, 0x46) ? " but an HDF5 file" : "";
}

function parseHeader(path: string, text: string): Record<string, unknown> {
  const place = { file: path, within: ["header"] };
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw dataError("data-format", place, `The header is not JSON: ${why}.`);
  }
  if (!isRecord(header)) throw dataError("data-format", place, "The header is not a JSON object.");
  const repeated = repeatedKey(text);
  if (repeated !== null) {
    throw dataError(
      "data-format",
      { file: path, within: [`tensor "${repeated}"`] },
      "The header names this tensor twice.",
    );
  }
  return header;
}

/** The first key that occurs twice at the top level of valid JSON text; `JSON.parse` would silently keep the last. */
function repeatedKey(text: string): string | null {
  const seen = new Set<string>();
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const mark = text[index];
    if (mark === "{" || mark === "[") depth++;
    else if (mark === "}" || mark === "]") depth--;
    if (mark !== '"') continue;
    const start = index++;
    while (text[index] !== '"') index += text[index] === "\\" ? 2 : 1;
    if (depth !== 1 || !isKey(text, index + 1)) continue;
    const key = String(JSON.parse(text.slice(start, index + 1)));
    if (seen.has(key)) return key;
    seen.add(key);
  }
  return null;
}

/** Whether the text that ends before `index` is a key: the next character that is not blank is a colon. */
function isKey(text: string, index: number): boolean {
  let next = index;
  while (/\s/.test(text[next] ?? "")) next++;
  return text[next] === ":";
}

function metadataOf(path: string, header: Record<string, unknown>): Record<string, string> {
  const value = Object.hasOwn(header, "__metadata__") ? header.__metadata__ : {};
  const result: Record<string, string> = {};
  if (!isRecord(value)) throw metadataError(path);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw metadataError(path);
    result[key] = text;
  }
  return result;
}

function metadataError(path: string): Error {
  return dataError(
    "data-format",
    { file: path, within: ["__metadata__"] },
    "The metadata must map names to texts.",
  );
}

function entryOf(path: string, name: string, value: unknown, dataSize: number): Entry {
  const broken = (text: string) =>
    dataError("data-format", { file: path, within: [`tensor "${name}"`] }, text);
  if (!isRecord(value)) throw broken("A tensor is described by `dtype`, `shape` and `data_offsets`.");
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    const found = typeof dtype === "string" ? `\`${dtype.slice(0, 20)}\`` : "missing";
    throw broken(`The type is ${found}; it must be one of ${Object.keys(BYTES).join(", ")}.`);
  }
  if (!isSizes(shape)) throw broken("`shape` must be a list of whole numbers that are not negative.");
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw broken("`data_offsets` must be two whole numbers that are not negative.");
  }
  const [begin = 0, end = 0] = offsets;
  if (begin > end || end > dataSize) {
    throw broken(
      `The values should lie at bytes ${begin} to ${end}, but the file holds ${dataSize} bytes of values.`,
    );
  }
  let size = BYTES[dtype];
  for (const extent of shape) size *= extent;
  if (size !== end - begin) {
    throw broken(
      `The shape [${shape.join(", ")}] of ${dtype} needs ${size} bytes, but ${end - begin} are given.`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** The format wants every byte of the values to belong to exactly one tensor. */
function checkCoverage(path: string, entries: readonly Entry[], dataSize: number): void {
  const ordered = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  const problems = new DataProblems();
  let covered = 0;
  let last = "";
  for (const { name, begin, end } of ordered) {
    const place = { file: path, within: [`tensor "${name}"`] };
    if (begin < covered) {
      problems.add(
        "data-format",
        place,
        `Its values (bytes ${begin} to ${end}) overlap those of tensor "${last}", which end at byte ${covered}.`,
      );
    } else if (begin > covered) {
      problems.add("data-format", place, `Bytes ${covered} to ${begin} in front of it belong to no tensor.`);
    }
    if (end >= covered) last = name;
    covered = Math.max(covered, end);
  }
  if (covered < dataSize) {
    problems.add("data-format", { file: path }, `The last ${dataSize - covered} bytes belong to no tensor.`);
  }
  problems.throwIfAny();
}

function view(bytes: Uint8Array<ArrayBuffer>, dataStart: number, entry: Entry): Tensor {
  const start = dataStart + entry.begin;
  const width = BYTES[entry.dtype];
  // Files of other writers may start the values anywhere; an unaligned tensor is copied.
  const aligned = (bytes.byteOffset + start) % width === 0;
  const buffer = aligned
    ? bytes.buffer
    : bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + start + entry.end - entry.begin);
  const offset = aligned ? bytes.byteOffset + start : 0;
  const count = (entry.end - entry.begin) / width;
  return { dtype: entry.dtype, shape: entry.shape, data: typed(entry.dtype, buffer, offset, count) };
}

function typed(dtype: Dtype, buffer: ArrayBuffer, offset: number, count: number): TensorData {
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer, offset, count);
    case "F64":
      return new Float64Array(buffer, offset, count);
    case "F16":
    case "BF16":
      return new Uint16Array(buffer, offset, count);
    case "I32":
      return new Int32Array(buffer, offset, count);
    case "I64":
      return new BigInt64Array(buffer, offset, count);
    case "U8":
    case "BOOL":
      return new Uint8Array(buffer, offset, count);
  }
}

/**
 * Writes a safetensors file: under a temporary name in the same folder, synced, renamed. Wider types come first, so
 * that every tensor is aligned to its own width in any reader that maps the file.
 */
export function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): void {
  const ordered = [...tensors].sort(([, a], [, b]) => BYTES[b.dtype] - BYTES[a.dtype]);
  const header: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [["__metadata__", metadata]];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    const count = shape.reduce((product, extent) => product * extent, 1);
    invariant(name !== "__metadata__", "a tensor cannot be called __metadata__");
    invariant(
      data.length === count && data.BYTES_PER_ELEMENT === BYTES[dtype],
      `tensor ${name} does not fit its shape and type`,
    );
    header.push([name, { dtype, shape, data_offsets: [offset, offset + data.byteLength] }]);
    offset += data.byteLength;
  }
  // Written by hand since a plain object would reorder names that look like numbers and lose `__proto__`.
  const text = `{${header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  const encoded = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(encoded.length / 8) * 8).fill(0x20);
  padded.set(encoded);
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(padded.length), true);
  writeFileAtomic(path, [prefix, padded, ...ordered.map(([, tensor]) => bytesOf(tensor.data))]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is Dtype {
  return typeof value === "string" && Object.hasOwn(BYTES, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** The values of a tensor of real numbers in single precision; null for one of whole numbers or truth values. */
export function realNumbers({ dtype, data }: Tensor): Float32Array | null {
  switch (dtype) {
    case "F32":
      return data instanceof Float32Array ? data : null;
    case "F64":
      return Float32Array.from(data, Number);
    case "F16":
      return Float32Array.from(data, Number).map(halfToNumber);
    case "BF16":
      // Its bits are the upper half of those of a single-precision number.
      return new Float32Array(Uint32Array.from(data, Number).map((upper) => upper << 16).buffer);
    default:
      return null;
  }
}
