/**
 * Bytes that are read by position. Arrays inside large files stay where they are until a row of them is wanted, so
 * that an import needs memory for a block of rows and not for the file.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { invariant } from "../../base/invariant.ts";
import { reason } from "../files.ts";
import { dataError } from "../problem.ts";

/** A run of bytes in a file or in memory. */
export interface ByteRange {
  readonly length: number;
  /** A copy or view of `count` bytes from `offset`; both must lie inside the range. */
  read(offset: number, count: number): Uint8Array;
}

/** Small reads are served from a window of this size; larger ones go to the file. */
const WINDOW = 1 << 18;
/** One system call moves less than 2 GiB. */
const MOST_PER_CALL = 1 << 30;

/** A file as bytes. It is opened for each read, so that thousands of array files need no thousands of descriptors. */
export class FileBytes implements ByteRange {
  readonly path: string;
  readonly length: number;
  private window: Uint8Array = new Uint8Array(0);
  private windowStart = 0;

  /** Throws a UserError if the path is no readable file. */
  constructor(path: string) {
    this.path = path;
    this.length = this.withFile((descriptor) => {
      const status = fstatSync(descriptor);
      if (!status.isFile()) throw dataError("data-unreadable", { file: path }, "This is not a file.");
      return status.size;
    });
  }

  read(offset: number, count: number): Uint8Array {
    invariant(
      offset >= 0 && count >= 0 && offset + count <= this.length,
      `bytes ${offset}+${count} lie inside`,
    );
    if (count > WINDOW) return this.fetch(offset, count);
    const start = offset - this.windowStart;
    if (start < 0 || start + count > this.window.length) {
      this.window = this.fetch(offset, Math.min(WINDOW, this.length - offset));
      this.windowStart = offset;
    }
    const from = offset - this.windowStart;
    return this.window.subarray(from, from + count);
  }

  private fetch(offset: number, count: number): Uint8Array {
    return this.withFile((descriptor) => {
      const bytes = new Uint8Array(count);
      for (let done = 0; done < count; ) {
        const read = readSync(descriptor, bytes, done, Math.min(MOST_PER_CALL, count - done), offset + done);
        if (read === 0)
          throw dataError(
            "data-unreadable",
            { file: this.path },
            "The file became shorter while it was read.",
          );
        done += read;
      }
      return bytes;
    });
  }

  private withFile<T>(work: (descriptor: number) => T): T {
    let descriptor: number | null = null;
    try {
      descriptor = openSync(this.path, "r");
      return work(descriptor);
    } catch (error) {
      if (!(error instanceof Error && "syscall" in error)) throw error;
      throw dataError("data-unreadable", { file: this.path }, `The file cannot be read: ${reason(error)}.`);
    } finally {
      if (descriptor !== null) closeSync(descriptor);
    }
  }
}

/** Bytes in memory. */
export function memoryBytes(bytes: Uint8Array): ByteRange {
  return { length: bytes.length, read: (offset, count) => bytes.subarray(offset, offset + count) };
}

/** A part of a range. */
export function partOf(range: ByteRange, offset: number, length: number): ByteRange {
  invariant(offset >= 0 && length >= 0 && offset + length <= range.length, "the part lies inside");
  return { length, read: (start, count) => range.read(offset + start, count) };
}

/** Encoded bytes between two marks of a Latin-1 range; decoding starts at most this far in front of a wanted byte. */
const MARK_EVERY = 1 << 20;

/**
 * Bytes that a pickle stores as UTF-8 text with one character (U+0000 to U+00FF) per byte, as Python 3 writes arrays
 * with protocol 2. One pass counts them and marks positions, so that any part can be decoded later. Null if the text
 * holds another character or is not UTF-8.
 */
export function latin1Bytes(text: ByteRange): ByteRange | null {
  /** Number of decoded bytes in front of each mark. */
  const decoded: number[] = [];
  let length = 0;
  let position = 0;
  while (position < text.length) {
    decoded.push(length);
    const piece = text.read(position, Math.min(MARK_EVERY, text.length - position));
    const count = countLatin1(piece, position > 0);
    if (count === null) return null;
    length += count;
    position += piece.length;
    if (position === text.length && (piece.at(-1) ?? 0) >= 0xc0) return null;
  }
  return {
    length,
    read: (offset, count) => {
      const out = new Uint8Array(count);
      let mark = lastAtMost(decoded, offset);
      let at = decoded[mark] ?? 0;
      for (let done = 0; done < count; mark++) {
        const start = mark * MARK_EVERY;
        // One more byte: a two-byte character may straddle the mark, and belongs to the piece that it begins in.
        const piece = text.read(start, Math.min(MARK_EVERY + 1, text.length - start));
        done = decodeLatin1(piece, out, offset, at);
        at = decoded[mark + 1] ?? length;
      }
      return out;
    },
  };
}

/** Characters that begin in this piece, or null if a byte cannot occur there. */
function countLatin1(piece: Uint8Array, mayContinue: boolean): number | null {
  let count = 0;
  for (let index = 0; index < piece.length; index++) {
    const byte = piece[index] as number;
    if (byte < 0x80) count++;
    else if (byte === 0xc2 || byte === 0xc3) {
      count++;
      const next = piece[index + 1];
      if (next !== undefined && (next & 0xc0) !== 0x80) return null;
      index++;
    } else if (index > 0 || !mayContinue || (byte & 0xc0) !== 0x80) return null;
  }
  return count;
}

/** Writes the characters that begin in the first MARK_EVERY bytes of a piece, number `at` onwards; how many are out. */
function decodeLatin1(piece: Uint8Array, out: Uint8Array, offset: number, at: number): number {
  let number = at;
  const end = Math.min(piece.length, MARK_EVERY);
  for (let index = 0; index < end && number - offset < out.length; index++) {
    const byte = piece[index] as number;
    if ((byte & 0xc0) === 0x80) continue;
    let value = byte;
    if (byte >= 0x80) value = ((byte & 3) << 6) | ((piece[++index] as number) & 0x3f);
    if (number >= offset) out[number - offset] = value;
    number++;
  }
  return Math.max(0, number - offset);
}

/** The last index whose value is at most `value`; values ascend and begin with 0. */
function lastAtMost(values: readonly number[], value: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((values[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
