/**
 * TensorBoard event files: records of length, masked CRC-32C and payload (TFRecord), each an `Event` of tensorflow/core/util/event.proto as a
 * protocol buffer.
 */
import { PbfWriter } from "pbf";
import { at } from "../base/invariant.ts";

/** Values of one moment: scalars or a text by their tags. */
export interface BoardEvent {
  /** Seconds since 1970. */
  readonly time: number;
  readonly step: number;
  readonly values: readonly BoardValue[];
}

export type BoardValue =
  | { readonly kind: "scalar"; readonly tag: string; readonly value: number }
  /** Shown as Markdown. */
  | { readonly kind: "text"; readonly tag: string; readonly text: string };

/** What every file says first. */
const FILE_VERSION = "brain.Event:2";
/** `DataType.DT_STRING`. */
const STRING = 7;
/** `DataClass` of the text plugin's values: tensors. */
const TENSOR = 2;

/** The bytes of an event file. `started`: seconds since 1970. */
export function eventFile(started: number, events: readonly BoardEvent[]): Uint8Array<ArrayBuffer> {
  const version = new PbfWriter();
  version.writeDoubleField(1, started);
  version.writeStringField(3, FILE_VERSION);
  const records = [record(version.finish())];
  for (const event of events) {
    const pbf = new PbfWriter();
    writeEvent(event, pbf);
    records.push(record(pbf.finish()));
  }
  const bytes = new Uint8Array(records.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const each of records) {
    bytes.set(each, place);
    place += each.length;
  }
  return bytes;
}

function writeEvent({ time, step, values }: BoardEvent, pbf: PbfWriter): void {
  pbf.writeDoubleField(1, time);
  pbf.writeVarintField(2, step);
  pbf.writeMessage(5, writeSummary, values);
}

function writeSummary(values: readonly BoardValue[], pbf: PbfWriter): void {
  for (const value of values) pbf.writeMessage(1, writeValue, value);
}

function writeValue(value: BoardValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, value.tag);
  if (value.kind === "scalar") pbf.writeFloatField(2, value.value);
  else {
    pbf.writeMessage(8, writeText, value.text);
    pbf.writeMessage(9, writeTextMetadata, null);
  }
}

/** `TensorProto`: one text. */
function writeText(text: string, pbf: PbfWriter): void {
  pbf.writeVarintField(1, STRING);
  pbf.writeMessage(
    2,
    (_, shape) => shape.writeMessage(2, (extent, dim) => dim.writeVarintField(1, extent), 1),
    null,
  );
  pbf.writeBytesField(8, new TextEncoder().encode(text));
}

function writeTextMetadata(_: null, pbf: PbfWriter): void {
  pbf.writeMessage(1, (name, plugin) => plugin.writeStringField(1, name), "text");
  pbf.writeVarintField(4, TENSOR);
}

/** Length (64 bits) and its checksum, the payload and its checksum, little endian. */
function record(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(payload.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(payload.length), true);
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true);
  bytes.set(payload, 12);
  view.setUint32(12 + payload.length, maskedCrc32c(payload), true);
  return bytes;
}

/** The checksum as TFRecord stores it: turned and shifted, since checksums of checksums are weak. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** CRC-32C (Castagnoli), bits reflected; zlib's is another polynomial. */
export function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) crc = at(TABLE, (crc ^ byte) & 255) ^ (crc >>> 8);
  return ~crc >>> 0;
}

const POLYNOMIAL = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc >>> 0;
});
