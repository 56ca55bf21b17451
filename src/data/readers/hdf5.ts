/** HDF5 files through h5wasm, which is loaded only when one is met (it carries 3 MB of compiled code). */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { reason } from "../files.ts";
import { dataError, didYouMean, listNames } from "../problem.ts";
import type { RowSource } from "./table.ts";

/** More numbers than this in one dataset are refused before anything is allocated (8 GiB as doubles). */
const MAX_ELEMENTS = 2 ** 30;
/** A walk over the names of a file ends here; files can hold groups that contain themselves. */
const MAX_DEPTH = 8;
const MAX_NAMES = 1000;
/** Numbers of the filters that the library has built in: deflate, shuffle, fletcher32, nbit, scaleoffset. */
const BUILT_IN_FILTERS: readonly number[] = [1, 2, 3, 5, 6];
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

interface NumberArray {
  readonly file: string;
  readonly dataset: string;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type H5 = typeof import("h5wasm/node");

/** A numeric dataset as doubles. `dataset` may be null if the file holds exactly one. Problems are UserErrors. */
export async function readHdf5(file: string, dataset: string | null): Promise<NumberArray> {
  checkSignature(file);
  const h5: H5 = await import("h5wasm/node");
  const library = await h5.ready;
  // Otherwise the library prints its own traces and goes on with broken handles.
  library.activate_throwing_error_handler();
  let opened: InstanceType<H5["File"]> | null = null;
  try {
    opened = new h5.File(resolve(file), "r");
    const name = dataset ?? onlyDataset(file, h5, opened);
    return { file, dataset: name, ...readDataset(file, h5, opened, name) };
  } catch (error) {
    if (!(error instanceof Error) || error.name === "UserError") throw error;
    throw dataError(
      "data-format",
      { file },
      `The HDF5 library cannot read the file: ${firstCause(error.message)}.`,
    );
  } finally {
    opened?.close();
  }
}

/** Checked before the library is loaded: an HDF5 file has its signature at byte 0, 512, 1024, … */
function checkSignature(file: string): void {
  const bytes = new Uint8Array(8);
  let descriptor: number | null = null;
  try {
    if (!statSync(file).isFile()) throw dataError("data-unreadable", { file }, "This is not a file.");
    const { size } = statSync(file);
    if (size === 0) throw dataError("data-empty", { file }, "The file is empty.");
    descriptor = openSync(file, "r");
    for (let offset = 0; offset + 8 <= size; offset = offset === 0 ? 512 : 2 * offset) {
      readSync(descriptor, bytes, 0, 8, offset);
      if (SIGNATURE.every((byte, index) => bytes[index] === byte)) return;
    }
  } catch (error) {
    if (error instanceof Error && error.name === "UserError") throw error;
    throw dataError("data-unreadable", { file }, `The file cannot be read: ${reason(error)}.`);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
  throw dataError(
    "data-format",
    { file },
    "This is not an HDF5 file: it lacks the signature that HDF5 files begin with.",
  );
}

function onlyDataset(file: string, h5: H5, opened: InstanceType<H5["File"]>): string {
  const names = datasetNames(h5, opened);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  const text =
    names.length === 0
      ? "The file holds no dataset."
      : `The file holds several datasets: ${listNames(names)}.`;
  throw dataError(
    "data-missing-dataset",
    { file },
    text,
    names.length === 0 ? null : 'Choose one with `"dataset"`.',
  );
}

/** Paths of the datasets in a file, with bounds on depth and number. */
function datasetNames(h5: H5, opened: InstanceType<H5["File"]>): string[] {
  const names: string[] = [];
  const walk = (path: string, depth: number): void => {
    const group = path === "" ? opened : opened.get(path);
    if (!(group instanceof h5.Group)) return;
    for (const key of group.keys()) {
      if (names.length >= MAX_NAMES) return;
      const child = path === "" ? key : `${path}/${key}`;
      const entry = safely(() => opened.get(child));
      if (entry instanceof h5.Dataset) names.push(child);
      else if (entry instanceof h5.Group && depth < MAX_DEPTH) walk(child, depth + 1);
    }
  };
  walk("", 0);
  return names;
}

function readDataset(
  file: string,
  h5: H5,
  opened: InstanceType<H5["File"]>,
  name: string,
): { shape: readonly number[]; data: Float64Array } {
  const place = { file, within: [`dataset "${name}"`] };
  const entry = safely(() => opened.get(name));
  if (!(entry instanceof h5.Dataset)) {
    const linked =
      entry instanceof h5.ExternalLink
        ? "It is a link to another file, which is not followed"
        : "There is no such dataset";
    const names = datasetNames(h5, opened);
    throw dataError(
      "data-missing-dataset",
      place,
      `${linked}. The file holds ${listNames(names)}.`,
      didYouMean(name, names),
    );
  }
  const shape = entry.shape ?? [];
  const count = shape.reduce((product, size) => product * size, 1);
  if (count > MAX_ELEMENTS) {
    throw dataError(
      "data-shape",
      place,
      `The dataset claims [${shape.join(", ")}] numbers; at most ${MAX_ELEMENTS} are read.`,
    );
  }
  if (shape.length === 0 || count === 0)
    throw dataError("data-empty", place, `The dataset has the shape [${shape.join(", ")}].`);
  const filter = entry.filters.find(({ id }) => !BUILT_IN_FILTERS.includes(id));
  if (filter !== undefined) {
    const hint = "Rewrite it with gzip, for example with `h5repack -f GZIP=4`.";
    throw dataError(
      "data-format",
      place,
      `The dataset is compressed with \`${filter.name}\`, which cannot be read here.`,
      hint,
    );
  }
  const value: unknown = entry.value;
  if (!isNumeric(value) || value.length !== count) {
    throw dataError(
      "data-format",
      place,
      `The dataset must hold numbers; its type is ${JSON.stringify(entry.dtype)}.`,
    );
  }
  return { shape, data: value instanceof Float64Array ? value : Float64Array.from(value, Number) };
}

function isNumeric(value: unknown): value is ArrayLike<number | bigint> & ArrayBufferView {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && "length" in value;
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

/**
 * An array's rows: [rows], [rows, width] or [rows, steps, width] (with `stepwise` a matrix is [rows, steps]).
 * Rows are views of the array.
 */
export function arrayRows(array: NumberArray, stepwise: boolean): RowSource {
  const [rows = 0, second = 1, third = 1] = array.shape;
  const flat = array.shape.length === 2 && !stepwise;
  const size = second * third;
  return {
    file: array.file,
    rows,
    steps: flat ? 1 : second,
    width: flat ? second : third,
    place: (row) => ({ file: array.file, within: [`dataset "${array.dataset}"`, `row ${row}`] }),
    text: (row) => String(array.data[row * size] ?? ""),
    numbers: (row) => array.data.subarray(row * size, (row + 1) * size),
  };
}
