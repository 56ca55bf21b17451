/**
 * Pretrained word vectors for the initial values of embeddings: text files as GloVe and fastText have them (a word and
 * its numbers per line), or a .npy array with a list of its words. Only words of the vocabulary are kept, so that files
 * of gigabytes need little memory.
 */
import { join } from "node:path";
import { invariant } from "../base/invariant.ts";
import { readText } from "./files.ts";
import { dataError } from "./problem.ts";
import { FileBytes } from "./readers/bytes.ts";
import { parseNumber } from "./readers/csv.ts";
import { decodeText } from "./readers/dtype.ts";
import { isNpy, parseNpy } from "./readers/npy.ts";
import { readSafetensors, type Tensor } from "./safetensors.ts";
import type { VectorsFile } from "./schema.ts";

/** Vectors of a vocabulary: row `i` belongs to token `i`, and is zero where `found` is 0. */
export interface WordVectors {
  readonly width: number;
  readonly vectors: Float32Array;
  readonly found: Uint8Array;
}

const PIECE = 1 << 22;
const LONGEST_LINE = 1 << 20;

/**
 * Reads the vectors of these tokens. `words` is the file with the words of a .npy array, one a line. A token without a
 * vector of its own takes that of its lower-case form. Throws a UserError for anything that does not fit.
 */
export function readWordVectors(path: string, words: string | null, tokens: readonly string[]): WordVectors {
  const bytes = new FileBytes(path);
  if (bytes.length === 0) throw dataError("data-empty", { file: path }, "The file is empty.");
  const wanted = new Set([...tokens, ...tokens.map((token) => token.toLowerCase())]);
  const known = new Map<string, Float64Array>();
  const width = isNpy(bytes.read(0, Math.min(8, bytes.length)))
    ? fromArray(path, bytes, words, wanted, known)
    : fromText(path, bytes, wanted, known);
  const vectors = new Float32Array(tokens.length * width);
  const found = new Uint8Array(tokens.length);
  tokens.forEach((token, id) => {
    const vector = known.get(token) ?? known.get(token.toLowerCase());
    if (vector === undefined) return;
    vectors.set(vector, id * width);
    found[id] = 1;
  });
  if (!found.includes(1))
    throw dataError("data-join", { file: path }, "No word of the vocabulary has a vector here.");
  return { width, vectors, found };
}

function fromArray(
  path: string,
  bytes: FileBytes,
  words: string | null,
  wanted: ReadonlySet<string>,
  known: Map<string, Float64Array>,
): number {
  const { array } = parseNpy(bytes, { file: path });
  const [rows = 0, width = 0] = array.shape;
  if (array.shape.length !== 2 || width === 0)
    throw dataError(
      "data-shape",
      { file: path },
      `The array is [${array.shape.join(", ")}]; [words, numbers] was expected.`,
    );
  if (words === null)
    throw dataError(
      "data-join",
      { file: path },
      "An array of vectors needs the list of its words.",
      "Give a file with one word per line.",
    );
  const list = readText(words)
    .replace(/\r?\n$/, "")
    .split(/\r?\n/);
  if (list.length !== rows)
    throw dataError(
      "data-shape",
      { file: words },
      `There are ${list.length} words; ${path} has ${rows} vectors.`,
    );
  list.forEach((word, row) => {
    if (wanted.has(word) && !known.has(word))
      known.set(word, finite(array.numbers(row * width, width), path, `row ${row}`));
  });
  return width;
}

function finite(vector: Float64Array, path: string, where: string): Float64Array {
  if (vector.every((value) => Number.isFinite(Math.fround(value)))) return vector;
  throw dataError(
    "data-value",
    { file: path, within: [where] },
    "The vector holds a value that is no finite number.",
  );
}

/** Lines of a word and its numbers; a first line of two whole numbers (fastText, word2vec) is their count and width. */
function fromText(
  path: string,
  bytes: FileBytes,
  wanted: ReadonlySet<string>,
  known: Map<string, Float64Array>,
): number {
  let width = 0;
  eachLine(path, bytes, (line, number) => {
    const parts = line.trimEnd().split(" ");
    if (number === 1 && parts.length === 2 && parts.every((part) => /^\d+$/.test(part))) return;
    if (width === 0) width = parts.length - 1;
    // Some words of the large files hold blanks: the numbers are counted from the end.
    const word = parts.slice(0, parts.length - width).join(" ");
    if (parts.length - 1 < width || width === 0)
      throw dataError(
        "data-shape",
        { file: path, within: [`line ${number}`] },
        `A word and ${width} numbers were expected; there are ${parts.length - 1}.`,
      );
    if (!wanted.has(word) || known.has(word)) return;
    const vector = Float64Array.from(parts.slice(-width), (part) => parseNumber(part) ?? Number.NaN);
    known.set(word, finite(vector, path, `line ${number}`));
  });
  return width;
}

/** Calls `visit` with every line that is not empty, reading the file in pieces. */
function eachLine(path: string, bytes: FileBytes, visit: (line: string, number: number) => void): void {
  let rest = new Uint8Array(0);
  let number = 0;
  for (let offset = 0; offset < bytes.length; offset += PIECE) {
    const piece = bytes.read(offset, Math.min(PIECE, bytes.length - offset));
    const joined = new Uint8Array(rest.length + piece.length);
    joined.set(rest);
    joined.set(piece, rest.length);
    const isLast = offset + piece.length === bytes.length;
    let start = 0;
    while (start < joined.length) {
      const feed = joined.indexOf(10, start);
      if (feed < 0 && !isLast) break;
      const line = decodeText(joined.subarray(start, feed < 0 ? joined.length : feed));
      number++;
      if (line.trim() !== "") visit(line, number);
      start = feed < 0 ? joined.length : feed + 1;
    }
    rest = joined.slice(start);
    if (rest.length > LONGEST_LINE)
      throw dataError(
        "data-format",
        { file: path, within: [`line ${number + 1}`] },
        "The line is too long for a word and its numbers.",
      );
  }
}

/** The tensors that a dataset folder keeps vectors as. */
export function vectorTensors({ width, vectors, found }: WordVectors): Map<string, Tensor> {
  return new Map<string, Tensor>([
    ["vectors", { dtype: "F32", shape: [found.length, width], data: vectors }],
    ["found", { dtype: "U8", shape: [found.length], data: found }],
  ]);
}

/** The vectors of a field, from its dataset folder. Throws a UserError if the file is not what `dataset.json` says. */
export function loadWordVectors(folder: string, { file, width }: VectorsFile): WordVectors {
  const path = join(folder, file);
  const { tensors } = readSafetensors(path);
  const [vectors, found] = [tensors.get("vectors")?.data, tensors.get("found")?.data];
  if (
    !(vectors instanceof Float32Array) ||
    !(found instanceof Uint8Array) ||
    vectors.length !== width * found.length
  )
    throw dataError(
      "data-shape",
      { file: path },
      `Vectors of ${width} numbers, and which were found, were expected.`,
    );
  invariant(width > 0, "vectors have numbers");
  return { width, vectors, found };
}
