/**
 * Initial values of parameters. Each tensor has its own random stream, named by the seed and its path: variants of a model start
 * equal wherever paths and shapes are equal, whatever else they contain.
 */
import { hash32 } from "../base/hash.ts";
import { invariant } from "../base/invariant.ts";
import { RandomStream } from "../base/random.ts";
import type { Initialiser } from "../elaborate/elaboration.ts";
import type { ParameterEntry } from "./compiled.ts";

/** First values that are not drawn: all of a parameter, or those rows of it (along its first axis) that are marked. */
export interface GivenValues {
  readonly data: Float32Array;
  readonly rows: Uint8Array | null;
}

/** The arena `parameters` at the start of a run; `given` holds values by path that take the place of drawn ones. */
export function initialParameters(
  entries: readonly ParameterEntry[],
  elements: number,
  seed: number,
  given: ReadonlyMap<string, GivenValues> = new Map(),
): Float32Array<ArrayBuffer> {
  const arena = new Float32Array(elements);
  for (const entry of entries) {
    const values = given.get(entry.path);
    if (values !== undefined && values.rows === null) {
      arena.set(values.data, entry.offset);
      continue;
    }
    const stream = new RandomStream(seed, hash32(`parameter/${entry.path}`));
    arena.set(initialValues(entry.initialiser, entry.shape, stream), entry.offset);
    const width = values === undefined || values.rows === null ? 0 : values.data.length / values.rows.length;
    values?.rows?.forEach((isGiven, row) => {
      if (isGiven === 1)
        arena.set(values.data.subarray(row * width, (row + 1) * width), entry.offset + row * width);
    });
  }
  return arena;
}

function initialValues(
  initialiser: Initialiser,
  shape: readonly number[],
  stream: RandomStream,
): Float32Array {
  const count = shape.reduce((product, extent) => product * extent, 1);
  const fill = (value: (index: number) => number) =>
    Float32Array.from({ length: count }, (_, index) => value(index));
  switch (initialiser.kind) {
    case "constant":
      return fill(() => initialiser.value);
    case "uniform":
      return fill((index) => initialiser.low + (initialiser.high - initialiser.low) * stream.uniform(index));
    case "normal":
      return fill((index) => initialiser.mean + initialiser.std * stream.normal(index));
    case "orthogonal": {
      const rows = shape[0] ?? 1;
      const matrix = orthogonal(rows, count / rows, stream);
      return fill((index) => initialiser.gain * (matrix[index] as number));
    }
  }
}

/**
 * A random [rows, columns] matrix with orthonormal columns (rows, if there are fewer of them), uniformly distributed: the Q of a normal
 * matrix's QR decomposition with a positive diagonal (Mezzadri, "How to generate random matrices from the classical compact groups", 2007).
 * Gram-Schmidt is run twice over each vector, which makes it as accurate as Householder's method.
 */
function orthogonal(rows: number, columns: number, stream: RandomStream): Float64Array {
  const length = Math.max(rows, columns);
  const count = Math.min(rows, columns);
  const vectors: Float64Array[] = [];
  for (let number = 0; number < count; number++) {
    const vector = Float64Array.from({ length }, (_, index) => stream.normal(number * length + index));
    for (let pass = 0; pass < 2; pass++) for (const other of vectors) removeComponent(vector, other);
    const norm = Math.sqrt(dot(vector, vector));
    invariant(norm > 0, "normal vectors are independent");
    vectors.push(vector.map((value) => value / norm));
  }
  const matrix = new Float64Array(rows * columns);
  for (const [number, vector] of vectors.entries()) {
    for (const [index, value] of vector.entries()) {
      matrix[rows >= columns ? index * columns + number : number * columns + index] = value;
    }
  }
  return matrix;
}

function removeComponent(vector: Float64Array, direction: Float64Array): void {
  const size = dot(vector, direction);
  for (let index = 0; index < vector.length; index++) {
    vector[index] = (vector[index] as number) - size * (direction[index] as number);
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] as number);
  return sum;
}
