/** HDF5 files through h5wasm, which is loaded only when one is met (it carries 3 MB of compiled code). */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { FilePlace } from "../../diagnostics/diagnostic.ts";
import { reason } from "../files.ts";
import { dataError, didYouMean, listNames } from "../problem.ts";
import { bytesArray, type StoredArray, textArray } from "./array.ts";
import { memoryBytes } from "./bytes.ts";
import type { Dtype } from "./dtype.ts";

/** More numbers than this in one dataset are refused before anything is allocated (8 GiB as doubles). */
const MAX_ELEMENTS = 2 ** 30;
/** Bytes of one dataset: what the library's memory can hold. */
const MAX_BYTES = 2 ** 31 - 1;
/** A walk over the names of a file ends here; files can hold groups that contain themselves. */
const MAX_DEPTH = 8;
const MAX_NAMES = 200_000;
/**
 * Numbers of the filters that can be read: deflate, shuffle, fletcher32, nbit and scaleoffset are built in; bzip2,
 * lzf, blosc, lz4, bitshuffle and zstd come as compiled plugins.
 */
const FILTERS: readonly number[] = [1, 2, 3, 5, 6, 307, 32000, 32001, 32004, 32008, 32015];
const FIRST_PLUGIN = 256;
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

type H5 = typeof import("h5wasm/node");
type Library = Awaited<H5["ready"]>;
type Dataset = InstanceType<H5["Dataset"]>;

/** An open file. Everything that the library cannot do is a UserError. */
export class Hdf5File {
  readonly path: string;
  private readonly h5: H5;
  private readonly library: Library;
  private readonly file: InstanceType<H5["File"]>;

  private constructor(path: string, h5: H5, library: Library) {
    this.path = path;
    this.h5 = h5;
    this.library = library;
    this.file = new h5.File(resolve(path), "r");
  }

  /** Opens a file, hands it to `work` and closes it. */
  static async use<T>(path: string, work: (file: Hdf5File) => T): Promise<T> {
    checkSignature(path);
    const h5: H5 = await import("h5wasm/node");
    const library = await h5.ready;
    // Otherwise the library prints its own traces and goes on with broken handles.
    library.activate_throwing_error_handler();
    let opened: Hdf5File | null = null;
    try {
      opened = new Hdf5File(path, h5, library);
      return work(opened);
    } catch (error) {
      if (!(error instanceof Error) || error.name === "UserError" || error.name === "CompilerBug")
        throw error;
      throw dataError(
        "data-format",
        { file: path },
        `The HDF5 library cannot read the file: ${firstCause(error.message)}.`,
      );
    } finally {
      opened?.file.close();
    }
  }

  /** Names in a group, or null if there is no such group; "" is the top. */
  names(group: string): string[] | null {
    const found = group === "" ? this.file : safely(() => this.file.get(group));
    return found instanceof this.h5.Group ? found.keys() : null;
  }

  /** Paths of the datasets, with bounds on depth and number. Links are listed only if asked for. */
  datasets(links: "follow" | "leave"): string[] {
    const names: string[] = [];
    const walk = (path: string, depth: number): void => {
      for (const key of this.names(path) ?? []) {
        if (names.length >= MAX_NAMES) return;
        const child = path === "" ? key : `${path}/${key}`;
        if (links === "leave" && this.isLink(child)) continue;
        const entry = safely(() => this.file.get(child));
        if (entry instanceof this.h5.Dataset) names.push(child);
        else if (entry instanceof this.h5.Group && depth < MAX_DEPTH) walk(child, depth + 1);
      }
    };
    walk("", 0);
    return names;
  }

  private isLink(path: string): boolean {
    const type = safely(() => this.library.get_type(this.file.file_id, path));
    return type === this.library.H5G_LINK || type === this.library.H5G_UDLINK;
  }

  /** The path of the only dataset. */
  onlyDataset(): string {
    const names = this.datasets("follow");
    const [only] = names;
    if (only !== undefined && names.length === 1) return only;
    const none = names.length === 0;
    throw dataError(
      "data-missing-dataset",
      { file: this.path },
      none ? "The file holds no dataset." : `The file holds several datasets: ${listNames(names)}.`,
      none ? null : 'Choose one with `"dataset"`.',
    );
  }

  /** A dataset of numbers or texts, read whole. */
  read(name: string): StoredArray {
    const place = { file: this.path, within: [`dataset "${name}"`] };
    const entry = safely(() => this.file.get(name));
    if (!(entry instanceof this.h5.Dataset)) {
      const linked =
        entry instanceof this.h5.ExternalLink
          ? "It is a link to another file, which is not followed"
          : "There is no such dataset";
      const names = this.datasets("follow");
      const text = `${linked}. The file holds ${listNames(names)}.`;
      throw dataError("data-missing-dataset", place, text, didYouMean(name, names));
    }
    const shape = entry.shape ?? [];
    checkSize(shape, entry, place);
    this.checkFilters(entry, place);
    if (entry.metadata.type === this.library.H5T_class_t.H5T_STRING.value) return texts(entry, shape, place);
    const dtype = numericType(entry, this.library);
    if (dtype === null) {
      throw dataError(
        "data-format",
        place,
        `The dataset must hold numbers or texts; its type is ${JSON.stringify(entry.dtype)}.`,
      );
    }
    return bytesArray(dtype, shape, false, memoryBytes(this.rawBytes(entry, name)), place);
  }

  /** The bytes of all elements; the library's own conversion knows no half precision. */
  private rawBytes(entry: Dataset, name: string): Uint8Array {
    const { library } = this;
    const size = entry.metadata.size * entry.metadata.total_size;
    if (size === 0) return new Uint8Array(0);
    const pointer = library._malloc(size);
    try {
      library.get_dataset_data(this.file.file_id, name, null, null, null, BigInt(pointer));
      return library.HEAPU8.slice(pointer, pointer + size);
    } finally {
      library._free(pointer);
    }
  }

  private checkFilters(entry: Dataset, place: FilePlace): void {
    const { filters } = entry;
    if (filters.some(({ id }) => id >= FIRST_PLUGIN)) {
      const folder = join(dirname(createRequire(import.meta.url).resolve("h5wasm-plugins")), "plugins");
      if (!this.library.get_plugin_search_paths().includes(folder))
        this.library.insert_plugin_search_path(folder, 0);
    }
    const unknown = filters.find(({ id }) => !FILTERS.includes(id));
    if (unknown === undefined) return;
    throw dataError(
      "data-format",
      place,
      `The dataset is compressed with \`${unknown.name}\`, which cannot be read here.`,
      "Rewrite it with gzip, for example with `h5repack -f GZIP=4`.",
    );
  }
}

function checkSize(shape: readonly number[], entry: Dataset, place: FilePlace): void {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count <= MAX_ELEMENTS && count * entry.metadata.size <= MAX_BYTES) return;
  const sizes = `[${shape.join(", ")}] elements of ${entry.metadata.size} bytes`;
  throw dataError("data-shape", place, `The dataset claims ${sizes}; at most ${MAX_BYTES} bytes are read.`);
}

function texts(entry: Dataset, shape: readonly number[], place: FilePlace): StoredArray {
  const value: unknown = entry.value;
  const items: unknown[] = Array.isArray(value) ? value.flat(shape.length) : [value];
  return textArray(items.map(String), shape, place);
}

/** Numbers of one of NumPy's types; truth values are an enumeration on whole numbers. */
function numericType(entry: Dataset, library: Library): Dtype | null {
  const { type, size, signed, enum_type: members } = entry.metadata;
  const classes = library.H5T_class_t;
  // The library hands values out in little-endian order, whatever the order in the file.
  const bigEndian = false;
  if (type === classes.H5T_FLOAT.value)
    return [2, 4, 8].includes(size) ? { kind: "f", size, bigEndian } : null;
  if (![1, 2, 4, 8].includes(size)) return null;
  if (type === classes.H5T_INTEGER.value) return { kind: signed ? "i" : "u", size, bigEndian };
  const isBool = members !== undefined && Object.keys(members.members).sort().join() === "FALSE,TRUE";
  return type === classes.H5T_ENUM.value && size === 1 && isBool ? { kind: "b", size, bigEndian } : null;
}

/** Checked before the library is loaded: an HDF5 file has its signature at byte 0, 512, 1024, … */
function checkSignature(file: string): void {
  try {
    if (!statSync(file).isFile()) throw dataError("data-unreadable", { file }, "This is not a file.");
    if (statSync(file).size === 0) throw dataError("data-empty", { file }, "The file is empty.");
    if (isHdf5(file)) return;
  } catch (error) {
    if (error instanceof Error && error.name === "UserError") throw error;
    throw dataError("data-unreadable", { file }, `The file cannot be read: ${reason(error)}.`);
  }
  throw dataError(
    "data-format",
    { file },
    "This is not an HDF5 file: it lacks the signature that HDF5 files begin with.",
  );
}

/** Whether the file has the signature where one may stand. System errors are thrown. */
export function isHdf5(file: string): boolean {
  const bytes = new Uint8Array(8);
  const { size } = statSync(file);
  const descriptor = openSync(file, "r");
  try {
    for (let offset = 0; offset + 8 <= size; offset = offset === 0 ? 512 : 2 * offset) {
      readSync(descriptor, bytes, 0, 8, offset);
      if (SIGNATURE.every((byte, index) => bytes[index] === byte)) return true;
    }
    return false;
  } finally {
    closeSync(descriptor);
  }
}

/** The value, or null where the library throws: a broken link is like a missing one. */
function safely<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** The innermost line of the library's trace says what is wrong; the rest is its call stack. */
function firstCause(message: string): string {
  const causes = [...message.matchAll(/#\d+: .*? line \d+ in \w+\(\): (.*)/g)];
  return causes.at(-1)?.[1]?.trim() ?? message.split("\n")[0] ?? message;
}
