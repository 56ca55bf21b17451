/**
 * Import of a file larger than memory: writes a synthetic MMSA pickle (protocol 4, random features, lengths of their
 * own) and imports it in a process of its own, whose greatest resident memory is printed.
 *
 *     npx tsx bench/import-memory.ts [GIGABYTES] [FOLDER]
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MODALITIES = [
  ["text", 50, 768],
  ["audio", 375, 74],
  ["vision", 500, 35],
] as const;
const BYTES_PER_ROW = 4 * MODALITIES.reduce((sum, [, steps, width]) => sum + steps * width, 0);

/** Writes the opcodes that a data set of arrays and lists needs. */
class PickleWriter {
  private readonly descriptor: number;

  constructor(path: string) {
    this.descriptor = openSync(path, "w");
  }

  codes(...codes: readonly number[]): void {
    this.bytes(Uint8Array.from(codes));
  }

  bytes(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.descriptor, bytes, done);
  }

  text(text: string): void {
    this.codes(0x8c, text.length, ...Buffer.from(text));
  }

  number(value: number): void {
    const bytes = Buffer.alloc(5);
    bytes.writeUInt8(0x4a);
    bytes.writeInt32LE(value, 1);
    this.bytes(bytes);
  }

  list(write: () => void): void {
    this.codes(0x5d, 0x28);
    write();
    this.codes(0x65);
  }

  /** An array of 32-bit floats as NumPy pickles it; `rows` writes the values. */
  array(shape: readonly number[], rows: () => void): void {
    this.name("numpy.core.multiarray", "_reconstruct");
    this.name("numpy", "ndarray");
    this.number(0);
    this.codes(0x85, 0x43, 1, 0x62, 0x87, 0x52, 0x28);
    this.number(1);
    this.codes(0x28);
    for (const extent of shape) this.number(extent);
    this.codes(0x74);
    this.name("numpy", "dtype");
    this.text("f4");
    this.codes(0x89, 0x88, 0x87, 0x52, 0x28);
    this.number(3);
    this.text("<");
    this.codes(0x4e, 0x4e, 0x4e);
    for (const value of [-1, -1, 0]) this.number(value);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(4 * shape.reduce((product, extent) => product * extent, 1)));
    this.codes(0x74, 0x62, 0x89, 0x8e, ...length);
    rows();
    this.codes(0x74, 0x62);
  }

  private name(module: string, name: string): void {
    this.text(module);
    this.text(name);
    this.codes(0x93);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

function writeData(path: string, rows: Readonly<Record<string, number>>): void {
  const file = new PickleWriter(path);
  file.codes(0x80, 4, 0x7d, 0x28);
  let id = 0;
  for (const [split, count] of Object.entries(rows)) {
    const each = (write: (row: number) => void) => {
      for (let row = 0; row < count; row++) write(row);
    };
    file.text(split);
    file.codes(0x7d, 0x28);
    file.text("id");
    file.list(() => each(() => file.text(`row${id++}`)));
    file.text("regression_labels");
    file.array([count], () =>
      file.bytes(new Uint8Array(Float32Array.from({ length: count }, (_, row) => 3 * Math.sin(row)).buffer)),
    );
    for (const [name, steps, width] of MODALITIES) {
      const lengthOf = (row: number) => 1 + ((row * 7919) % steps);
      file.text(`${name}_lengths`);
      file.list(() => each((row) => file.number(lengthOf(row))));
      file.text(name);
      file.array([count, steps, width], () =>
        each((row) => file.bytes(features(steps * width, lengthOf(row) * width, row))),
      );
    }
    file.codes(0x75);
  }
  file.codes(0x75, 0x2e);
  file.close();
}

function features(size: number, filled: number, row: number): Uint8Array {
  const values = new Float32Array(size);
  for (let index = 0; index < filled; index++)
    values[index] = ((index * 2654435761 + row * 40503) >>> 0) / 2 ** 32 - 0.5;
  return new Uint8Array(values.buffer);
}

const [gigabytes = "6", parent = tmpdir()] = process.argv.slice(2);
const folder = mkdtempSync(join(parent, "mird-import-"));
try {
  const path = join(folder, "large.pkl");
  const total = Math.ceil((Number(gigabytes) * 2 ** 30) / BYTES_PER_ROW);
  const [valid, test] = [Math.round(0.1 * total), Math.round(0.3 * total)];
  writeData(path, { train: total - valid - test, valid, test });
  const script = `
    const { importLayout, LAYOUT_DEFAULTS } = await import("./src/data/layout-import.ts");
    const [path, out] = process.argv.slice(1);
    await importLayout({ ...LAYOUT_DEFAULTS, name: "large", sources: [{ path, split: null }], out });
    console.log(process.resourceUsage().maxRSS);`;
  const started = performance.now();
  const args = ["--import", "tsx", "--input-type=module", "-e", script, path, join(folder, "out")];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const seconds = (performance.now() - started) / 1000;
  const size = statSync(path).size / 2 ** 30;
  console.log(
    `${total} rows, ${size.toFixed(2)} GiB: imported in ${seconds.toFixed(0)} s with at most ${(Number(stdout) / 1024).toFixed(0)} MiB resident`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
