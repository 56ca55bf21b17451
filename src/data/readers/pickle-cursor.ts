/** The bytes of a pickle from front to back; whatever claims to be longer than the file is refused before it is read. */
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { dataError } from "../problem.ts";
import { type ByteRange, partOf } from "./bytes.ts";

/** A line of a text opcode (names, numbers, quoted strings) is at most this long; arrays of protocol 0 are in one. */
const MOST_LINE = 1 << 26;

export class PickleCursor {
  readonly bytes: ByteRange;
  private readonly file: string;
  position = 0;

  constructor(file: string, bytes: ByteRange) {
    this.file = file;
    this.bytes = bytes;
  }

  place(): FilePlace {
    return { file: this.file, within: [`byte ${this.position}`] };
  }

  refuse(text: string): Error {
    return dataError("data-format", this.place(), text);
  }

  get left(): number {
    return this.bytes.length - this.position;
  }

  /** The next bytes where they lie. */
  range(count: number): ByteRange {
    if (count > this.left) {
      throw this.refuse(
        `The pickle claims ${count} bytes here; ${this.left} follow. The file is cut short or damaged.`,
      );
    }
    const part = partOf(this.bytes, this.position, count);
    this.position += count;
    return part;
  }

  take(count: number): Uint8Array {
    return this.range(count).read(0, count);
  }

  view(count: number): DataView {
    const bytes = this.take(count);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.view(1).getUint8(0);
  }

  u16(): number {
    return this.view(2).getUint16(0, true);
  }

  u32(): number {
    return this.view(4).getUint32(0, true);
  }

  i32(): number {
    return this.view(4).getInt32(0, true);
  }

  /** A length in 8 bytes; above 2^53 it is no length of anything. */
  u64(): number {
    const value = this.view(8).getBigUint64(0, true);
    if (value > BigInt(this.left)) {
      throw this.refuse(
        `The pickle claims ${value} bytes here; ${this.left} follow. The file is cut short or damaged.`,
      );
    }
    return Number(value);
  }

  /** The bytes up to the next line feed, which is taken as well. */
  line(): Uint8Array {
    for (let end = this.position, span = 64; ; span *= 4) {
      const count = Math.min(span, this.bytes.length - end);
      const feed = this.bytes.read(end, count).indexOf(10);
      if (feed >= 0) {
        const line = this.take(end + feed - this.position);
        this.position++;
        return line;
      }
      end += count;
      if (end === this.bytes.length)
        throw this.refuse("The pickle ends inside a line. The file is cut short.");
      if (end - this.position > MOST_LINE) throw this.refuse(`A line is longer than ${MOST_LINE} bytes.`);
    }
  }

  /** A line of ASCII. */
  asciiLine(): string {
    return Buffer.from(this.line()).toString("latin1");
  }
}
