/**
 * Files read whole and written safely. A write goes to a temporary name in the same folder, is synced, and renamed,
 * so that whoever finds the final name finds the whole content, even after a crash or a power cut.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { dataError } from "./problem.ts";

/** One `read` or `write` call moves less than 2 GiB on every system. */
const CHUNK = 1 << 30;

/** The whole file in a buffer of its own (so that typed arrays can view it), or a UserError that says why not. */
export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(path, "r");
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw dataError("data-unreadable", { file: path }, "This is not a file.");
    const bytes = new Uint8Array(status.size);
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(descriptor, bytes, filled, Math.min(CHUNK, bytes.length - filled), filled);
      if (count === 0) break;
      filled += count;
    }
    return filled === bytes.length ? bytes : bytes.slice(0, filled);
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

/** The file as UTF-8 text without a byte order mark, or a UserError that names the first wrong byte's line. */
export function readText(path: string): string {
  const bytes = readBytes(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw dataError(
      "data-format",
      { file: path, within: [`line ${firstBadLine(bytes)}`] },
      "The file is not UTF-8 text.",
      "Save it as UTF-8, for example with `iconv -f latin1 -t utf-8`.",
    );
  }
}

/** The 1-based line of the first byte that is not UTF-8: lines are decoded one by one, since no sequence holds a line feed. */
function firstBadLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const feed = bytes.indexOf(10, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      return line;
    }
    start = end;
  }
  return line;
}

/** Writes the chunks one after the other under a temporary name, syncs, and renames to `path`. */
export function writeFileAtomic(path: string, chunks: Iterable<Uint8Array>): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  let descriptor: number | null = null;
  try {
    mkdirSync(dirname(path), { recursive: true });
    descriptor = openSync(temporary, "w");
    for (const chunk of chunks) writeAll(descriptor, chunk);
    fsyncSync(descriptor);
    closeSync(descriptor);
    descriptor = null;
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    if (descriptor !== null) closeSync(descriptor);
    rmSync(temporary, { force: true });
    throw dataError("data-unreadable", { file: path }, `The file cannot be written: ${reason(error)}.`);
  }
}

/** Removes what `writeFileAtomic` of a process that was killed has left in a folder. Nobody else may be writing there. */
export function removeUnfinished(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (/^\..+\.\d+\.tmp$/.test(name)) rmSync(join(folder, name), { force: true });
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, Math.min(CHUNK, bytes.length - done));
  }
}

/** Makes a rename in this folder durable. Systems that cannot sync folders (Windows) need no such step. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** SHA-256 of the chunks, in hexadecimal. */
export function sha256(chunks: Iterable<Uint8Array | string>): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** The bytes behind a typed array, without a copy. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** The system's reason in a few words. */
export function reason(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return "there is no such file or folder";
  if (code === "EACCES" || code === "EPERM") return "access is not permitted";
  if (code === "EISDIR") return "it is a folder";
  if (code === "ENOTDIR") return "a part of the path is not a folder";
  if (code === "ENOSPC") return "the disk is full";
  return error instanceof Error ? error.message : String(error);
}

function unreadable(path: string, error: unknown): unknown {
  const system = error instanceof Error && "syscall" in error;
  if (!system && !(error instanceof RangeError)) return error;
  return dataError("data-unreadable", { file: path }, `The file cannot be read: ${reason(error)}.`);
}
