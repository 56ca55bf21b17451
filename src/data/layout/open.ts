/** Which layout a file has, told by its content and never by its ending, and its reading by that layout. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { splitNamed } from "../import/manifest.ts";
import { dataError, listNames } from "../problem.ts";
import { FileBytes } from "../readers/bytes.ts";
import { isHdf5 } from "../readers/hdf5-file.ts";
import { isNpy } from "../readers/npy.ts";
import type { SourceFile } from "../schema.ts";
import { hdf5Parts, npyParts, npzParts } from "./arrays.ts";
import type { Column, OpenedSource, Part, Remark } from "./columns.ts";
import { jsonlParts } from "./jsonl.ts";
import { pickleParts } from "./pickles.ts";
import { alignSequences, isSequenceFile, readSequence } from "./sequences.ts";
import { csvParts } from "./tables.ts";

/** The layouts that can be read; `auto` tells them by content. */
export const FORMATS = ["auto", "mmsa", "mird", "csd", "hdf5", "npz", "npy", "csv", "jsonl"] as const;
export type Format = (typeof FORMATS)[number];

export interface OpenOptions {
  readonly format: Format;
  /** The computational sequence whose steps are the rows. */
  readonly align: string | null;
  readonly delimiter: string | null;
}

/** Reads a file, or a folder of arrays, sequences or folders by split. Throws a UserError for anything else. */
export async function openSource(path: string, options: OpenOptions): Promise<OpenedSource> {
  if (!existsSync(path))
    throw dataError("data-unreadable", { file: path }, "There is no such file or folder.");
  if (statSync(path).isDirectory()) return openFolder(path, options);
  const format = options.format === "auto" ? await detect(path) : options.format;
  const { parts, remarks } = await read(path, format, options);
  return { format, parts, remarks, files: [describeFile(path)] };
}

async function read(
  path: string,
  format: Exclude<Format, "auto">,
  options: OpenOptions,
): Promise<{ parts: readonly Part[]; remarks: readonly Remark[] }> {
  switch (format) {
    case "mmsa":
    case "mird":
      return pickleParts(path);
    case "npy":
      return npyParts(path);
    case "npz":
      return npzParts(path);
    case "hdf5":
      return hdf5Parts(path);
    case "jsonl":
      return jsonlParts(path);
    case "csv":
      return csvParts(path, options.delimiter ?? (extname(path).toLowerCase() === ".tsv" ? "\t" : ","));
    case "csd": {
      const remarks: Remark[] = [];
      const part = alignSequences([await readSequence(path, remarks)], options.align, remarks);
      return { parts: [part], remarks };
    }
  }
}

/** Several sequences are read together, so that their segments can be aligned. */
export async function openSequences(paths: readonly string[], align: string | null): Promise<OpenedSource> {
  const remarks: Remark[] = [];
  const sequences = [];
  for (const path of paths) sequences.push(await readSequence(path, remarks));
  const part = alignSequences(sequences, align, remarks);
  return { format: "csd", parts: [part], remarks, files: paths.map(describeFile) };
}

/** The layout of a file. Text that is neither JSON nor a pickle is taken as CSV. */
export async function detect(path: string): Promise<Exclude<Format, "auto">> {
  const bytes = new FileBytes(path);
  if (bytes.length === 0) throw dataError("data-empty", { file: path }, "The file is empty.");
  const start = bytes.read(0, Math.min(4096, bytes.length));
  const [first = 0, second = 0] = start;
  const head = Buffer.from(start).toString("latin1");
  if (isNpy(start)) return "npy";
  if (head.startsWith("PK")) return "npz";
  if (isHdf5(path)) return (await isSequenceFile(path)) ? "csd" : "hdf5";
  if (first === 0x80 && second <= 9) return "mmsa";
  if (first === 0x1f && second === 0x8b) {
    throw dataError(
      "data-format",
      { file: path },
      "The file is compressed with gzip.",
      "Unpack it first, with `gunzip`.",
    );
  }
  // Pickles of protocols 0 and 1 have no magic word: they begin with a mark, an empty collection or a name.
  if (/^(\([dltciSUX]|c[\w.]+\n|[\]}][qr(])/.test(head)) return "mmsa";
  if (!/\.(csv|tsv|txt|jsonl?)$/i.test(path) && start.some((byte) => byte < 9 || byte > 0xf4)) {
    throw dataError(
      "data-format",
      { file: path },
      `The file begins with ${Buffer.from(start.subarray(0, 6)).toString("hex")} (hexadecimal), which no known format does. Known are ${listNames(FORMATS.slice(1))}.`,
    );
  }
  return /^(\xef\xbb\xbf)?\s*[{[]/.test(head) ? "jsonl" : "csv";
}

async function openFolder(folder: string, options: OpenOptions): Promise<OpenedSource> {
  const names = readdirSync(folder).sort();
  const splits = names.filter(
    (name) => splitNamed(name) !== null && statSync(join(folder, name)).isDirectory(),
  );
  if (splits.length > 0) {
    const opened = [];
    for (const split of splits)
      opened.push({ split, source: await openFolder(join(folder, split), options) });
    return {
      format: opened[0]?.source.format ?? "npy",
      files: opened.flatMap(({ source }) => source.files),
      remarks: opened.flatMap(({ source }) => source.remarks),
      parts: opened.flatMap(({ split, source }) => source.parts.map((part) => ({ ...part, split }))),
    };
  }
  const files = names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  const formats = new Map<string, string>();
  for (const path of files) formats.set(path, await detect(path));
  const sequences = files.filter((path) => formats.get(path) === "csd");
  if (sequences.length > 0) return openSequences(sequences, options.align);
  const arrays = files.filter((path) => formats.get(path) === "npy");
  if (arrays.length === 0) {
    throw dataError(
      "data-format",
      { file: folder },
      `The folder holds neither .npy arrays nor computational sequences: ${listNames(names)}.`,
    );
  }
  const columns = new Map<string, Column>();
  const remarks: Remark[] = [];
  for (const path of arrays) {
    const read = npyParts(path);
    remarks.push(...read.remarks);
    for (const part of read.parts) for (const [name, column] of part.columns) columns.set(name, column);
  }
  return {
    format: "npy",
    files: arrays.map(describeFile),
    remarks,
    parts: [{ split: null, columns, place: { file: folder } }],
  };
}

/** Name, size and SHA-256 of a file, read in pieces. */
export function describeFile(path: string): SourceFile {
  const PIECE = 1 << 22;
  const bytes = new FileBytes(path);
  const hash = createHash("sha256");
  for (let offset = 0; offset < bytes.length; offset += PIECE)
    hash.update(bytes.read(offset, Math.min(PIECE, bytes.length - offset)));
  return { file: path, sha256: hash.digest("hex"), bytes: bytes.length };
}
