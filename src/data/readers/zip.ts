/**
 * ZIP archives as NumPy writes them (.npz): stored or deflated members, also with 64-bit sizes. Members are listed
 * from the central directory; one is unpacked only when it is read, and stored ones are read where they lie.
 */
import { crc32, inflateRawSync } from "node:zlib";
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { dataError } from "../problem.ts";
import { type ByteRange, memoryBytes, partOf } from "./bytes.ts";

const END = 0x06054b50;
const END64_LOCATOR = 0x07064b50;
const END64 = 0x06064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** A deflated member is unpacked in memory; stored ones may be of any size. */
const MOST_UNPACKED = 2 ** 31 - 1;
/** Deflate cannot shrink data by more than this factor; what claims more is damaged. */
const MOST_RATIO = 1032;
const MOST_MEMBERS = 100_000;

export interface ZipMember {
  readonly name: string;
  readonly size: number;
  /** The bytes, checked against their CRC. Throws a UserError. */
  open(): ByteRange;
}

/** The members of an archive in order of its directory. Throws a UserError if it has none that can be followed. */
export function zipMembers(file: string, bytes: ByteRange): ZipMember[] {
  const directory = findDirectory(file, bytes);
  const members: ZipMember[] = [];
  const { view, length } = viewOf(bytes, directory.offset, directory.size);
  let position = 0;
  for (let index = 0; index < directory.count; index++) {
    if (position + 46 > length || view.getUint32(position, true) !== ENTRY) throw damaged(file);
    const nameLength = view.getUint16(position + 28, true);
    const extraLength = view.getUint16(position + 30, true);
    const end = position + 46 + nameLength + extraLength + view.getUint16(position + 32, true);
    if (end > length) throw damaged(file);
    const name = Buffer.from(bytes.read(directory.offset + position + 46, nameLength)).toString("utf8");
    members.push(memberOf(file, bytes, view, position, name, nameLength, extraLength));
    position = end;
  }
  return members;
}

function damaged(file: string): Error {
  return dataError(
    "data-format",
    { file },
    "The archive has no directory that can be read. The file is cut short or damaged.",
  );
}

function viewOf(bytes: ByteRange, offset: number, size: number): { view: DataView; length: number } {
  const part = bytes.read(offset, size);
  return { view: new DataView(part.buffer, part.byteOffset, part.byteLength), length: size };
}

function findDirectory(file: string, bytes: ByteRange): { offset: number; size: number; count: number } {
  const tail = Math.min(bytes.length, 65_557);
  const { view } = viewOf(bytes, bytes.length - tail, tail);
  for (let at = tail - 22; at >= 0; at--) {
    if (view.getUint32(at, true) !== END) continue;
    let [count, size, offset] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 12, true),
      view.getUint32(at + 16, true),
    ];
    if (at >= 20 && view.getUint32(at - 20, true) === END64_LOCATOR) {
      const start = Number(view.getBigUint64(at - 12, true));
      if (start + 56 > bytes.length) throw damaged(file);
      const end = viewOf(bytes, start, 56).view;
      if (end.getUint32(0, true) !== END64) throw damaged(file);
      [count, size, offset] = [32, 40, 48].map((place) => Number(end.getBigUint64(place, true))) as [
        number,
        number,
        number,
      ];
    }
    if (offset + size > bytes.length || count > MOST_MEMBERS) throw damaged(file);
    return { offset, size, count };
  }
  throw damaged(file);
}

function memberOf(
  file: string,
  bytes: ByteRange,
  view: DataView,
  entry: number,
  name: string,
  nameLength: number,
  extraLength: number,
): ZipMember {
  const place = { file, within: [`member "${name.slice(0, 80)}"`] };
  const flags = view.getUint16(entry + 8, true);
  const method = view.getUint16(entry + 10, true);
  const crc = view.getUint32(entry + 16, true);
  const sizes = [24, 20, 42].map((offset) => view.getUint32(entry + offset, true));
  // Sizes that do not fit into 32 bits stand in an extra field, those that are all ones only, in this order.
  const extra = entry + 46 + nameLength;
  for (let at = extra; at + 4 <= extra + extraLength; ) {
    const [id, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    let value = at + 4;
    for (let index = 0; id === 1 && index < 3; index++) {
      if (sizes[index] !== 0xffffffff || value + 8 > Math.min(at + 4 + length, extra + extraLength)) continue;
      sizes[index] = Number(view.getBigUint64(value, true));
      value += 8;
    }
    at += 4 + length;
  }
  const [size = 0, packed = 0, local = 0] = sizes;
  return {
    name,
    size,
    open: () => {
      if (flags & 1) throw dataError("data-format", place, "The member is encrypted.");
      return unpack(bytes, place, { method, crc, size, packed, local });
    },
  };
}

interface Packed {
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  readonly packed: number;
  readonly local: number;
}

function unpack(bytes: ByteRange, place: FilePlace, { method, crc, size, packed, local }: Packed): ByteRange {
  const broken = (text: string) => dataError("data-format", place, text);
  if (local + 30 > bytes.length) throw broken("The member lies behind the end of the file.");
  const { view } = viewOf(bytes, local, 30);
  const start = local + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (view.getUint32(0, true) !== LOCAL || start + packed > bytes.length)
    throw broken("The member lies behind the end of the file.");
  const stored = partOf(bytes, start, packed);
  if (method === 0) {
    if (size !== packed || checksum(stored) !== crc)
      throw broken("The checksum of the member does not match: it is damaged.");
    return stored;
  }
  if (method !== 8)
    throw broken(`The member is packed with method ${method}; stored and deflated ones can be read.`);
  if (size > MOST_UNPACKED || size > packed * MOST_RATIO + 64)
    throw broken(`The member claims ${size} bytes unpacked from ${packed}.`);
  const unpacked = inflate(stored, size, broken);
  if (crc32(unpacked) !== crc) throw broken("The checksum of the member does not match: it is damaged.");
  return memoryBytes(unpacked);
}

function inflate(stored: ByteRange, size: number, broken: (text: string) => Error): Uint8Array {
  try {
    const out = inflateRawSync(stored.read(0, stored.length), { maxOutputLength: Math.max(1, size) });
    if (out.length === size) return out;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
  throw broken(`The member does not unpack to the ${size} bytes that it claims.`);
}

/** The CRC of a range, read in pieces. */
function checksum(range: ByteRange): number {
  const PIECE = 1 << 22;
  let crc = 0;
  for (let offset = 0; offset < range.length; offset += PIECE)
    crc = crc32(range.read(offset, Math.min(PIECE, range.length - offset)), crc);
  return crc;
}
