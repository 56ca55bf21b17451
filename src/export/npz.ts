/** Arrays as a NumPy `.npz`: a zip archive with one `.npy` (format 1.0, C order, little endian) for each. */
import { zipSync } from "fflate";
import { bytesOf } from "../data/files.ts";
import type { Tensor } from "../data/safetensors.ts";

const DTYPES: Record<Tensor["dtype"], string> = {
  F32: "<f4",
  F16: "<f2",
  // NumPy has no such type: the bits as whole numbers.
  BF16: "<u2",
  F64: "<f8",
  I32: "<i4",
  I64: "<i8",
  U8: "|u1",
  BOOL: "|b1",
};
/** The header and what is in front of it fill a multiple of this. */
const ALIGNMENT = 64;
/** Magic, version and the length of the header. */
const PREFIX = 10;

/** The bytes of the archive; members are named after the arrays. Nothing is compressed, so that readers can map it. */
export function npz(arrays: ReadonlyMap<string, Tensor>): Uint8Array<ArrayBuffer> {
  const members = [...arrays].map(([name, tensor]) => [`${name}.npy`, npy(tensor)] as const);
  // A fixed time keeps equal arrays equal files.
  return Uint8Array.from(zipSync(Object.fromEntries(members), { level: 0, mtime: "1980-01-01T00:00:00" }));
}

function npy({ dtype, shape, data }: Tensor): Uint8Array {
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${DTYPES[dtype]}', 'fortran_order': False, 'shape': (${extents}), }`;
  const length = Math.ceil((PREFIX + header.length + 1) / ALIGNMENT) * ALIGNMENT - PREFIX;
  const text = `${header.padEnd(length - 1)}\n`;
  const bytes = new Uint8Array(PREFIX + length + data.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, length & 255, length >> 8]);
  bytes.set(new TextEncoder().encode(text), PREFIX);
  bytes.set(bytesOf(data), PREFIX + length);
  return bytes;
}
