/** The files of `formats/` and what `expected.json` says of them; hashes are of the values in row-major order. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allNumbers, allTexts, type StoredArray } from "../../src/data/readers/array.ts";
import { dataFolder } from "../support/outside.ts";

export const formats = dataFolder("formats");

/** One array of `expected.json`. */
export interface Expected {
  readonly kind: "array" | "strings" | "objects";
  readonly dtype?: string;
  readonly shape: readonly number[];
  readonly first?: number | string;
  readonly last?: number | string;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly nonfinite?: number;
  readonly sha256_le_c?: string;
  readonly sha256_joined?: string;
}

/** Everything that `expected.json` says, by file. */
export function readExpected(): Record<string, unknown> {
  const json: unknown = JSON.parse(readFileSync(join(formats, "expected.json"), "utf8"));
  if (typeof json !== "object" || json === null) throw new Error("expected.json holds no object");
  return Object.fromEntries(Object.entries(json));
}

/** An array as `expected.json` describes one, with the keys of `expected` that can be known from values. */
export function observed(array: StoredArray, expected: Expected): Expected {
  if (array.isText) {
    const texts = allTexts(array);
    // Python spells bytes with a `b` in front.
    const shown = (text: string | undefined) =>
      expected.dtype?.startsWith("|S") ? `b'${text}'` : (text ?? "");
    return {
      kind: expected.kind === "objects" ? "objects" : "strings",
      shape: array.shape,
      ...(expected.first === undefined ? {} : { first: shown(texts[0]), last: shown(texts.at(-1)) }),
      ...(expected.sha256_joined === undefined ? {} : { sha256_joined: sha256(joined(texts, expected)) }),
      ...(expected.dtype === undefined ? {} : { dtype: expected.dtype }),
    };
  }
  const values = allNumbers(array);
  const finite = values.filter(Number.isFinite);
  return {
    kind: "array",
    dtype: expected.dtype ?? "",
    shape: array.shape,
    ...(values.length === 0
      ? {}
      : {
          sum: finite.reduce((total, value) => total + value, 0),
          min: finite.reduce((least, value) => Math.min(least, value), Infinity),
          max: finite.reduce((most, value) => Math.max(most, value), -Infinity),
          first: values[0] ?? Number.NaN,
          last: values.at(-1) ?? Number.NaN,
          nonfinite: values.length - finite.length,
        }),
    sha256_le_c: sha256(encode(values, expected.dtype ?? "<f8")),
  };
}

function joined(texts: readonly string[], expected: Expected): string {
  return (expected.dtype?.startsWith("|S") ? texts.map((text) => `b'${text}'`) : texts).join("\n");
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Values in little-endian bytes of the type, as the hashes are taken. */
function encode(values: Float64Array, dtype: string): Uint8Array {
  const [kind = "f", size = 8] = [dtype[1], Number(dtype.slice(2))];
  const view = new DataView(new ArrayBuffer(values.length * size));
  values.forEach((value, index) => {
    const offset = index * size;
    if (kind === "f" && size === 8) view.setFloat64(offset, value, true);
    else if (kind === "f" && size === 4) view.setFloat32(offset, value, true);
    else if (kind === "f") view.setUint16(offset, halfBits(value), true);
    else if (size === 8) view.setBigInt64(offset, BigInt(value), true);
    else if (size === 4) view.setInt32(offset, value, true);
    else if (size === 2) view.setUint16(offset, value, true);
    else view.setUint8(offset, value);
  });
  return new Uint8Array(view.buffer);
}

/** The bits of a number that is a half-precision one. */
function halfBits(value: number): number {
  const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === 0) return sign;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const fraction = size / 2 ** exponent;
  return sign | (fraction < 1 ? fraction * 1024 : ((exponent + 15) << 10) + (fraction - 1) * 1024);
}
