/** Arenas as GPU buffers, and the ring of buffers through which results come back. */
import { invariant } from "../../base/invariant.ts";
import type { Program } from "../../ir/program.ts";
import { ARENA_ALIGNMENT } from "../../ir/program.ts";
import type { DawnDevice } from "./device.ts";
import { outOfMemory } from "./faults.ts";
import { BUFFER_USAGE, MAP_MODE_READ } from "./flags.ts";

/** One buffer for each arena that any of the programs names. */
export class Arenas {
  readonly #buffers = new Map<string, GPUBuffer>();
  readonly #bytes: ReadonlyMap<string, number>;

  private constructor(bytes: ReadonlyMap<string, number>) {
    this.#bytes = bytes;
  }

  static async allocate(opened: DawnDevice, programs: Iterable<Program>): Promise<Arenas> {
    const sizes = new Map<string, number>();
    for (const program of programs) {
      for (const [name, bytes] of program.arenas) sizes.set(name, Math.max(sizes.get(name) ?? 0, bytes));
    }
    for (const [name, bytes] of sizes) refuseTooLarge(name, paddedSize(bytes), opened);
    const arenas = new Arenas(sizes);
    opened.device.pushErrorScope("out-of-memory");
    for (const [name, bytes] of sizes) {
      const size = paddedSize(bytes);
      arenas.#buffers.set(
        name,
        opened.device.createBuffer({
          label: name,
          size,
          usage: BUFFER_USAGE.storage | BUFFER_USAGE.copySource | BUFFER_USAGE.copyDestination,
        }),
      );
    }
    const error = await opened.device.popErrorScope();
    if (error !== null) {
      arenas.dispose();
      throw outOfMemory(
        `${listSizes(sizes)}\n\n${opened.description} has no room for them: ${error.message}`,
      );
    }
    return arenas;
  }

  buffer(name: string): GPUBuffer {
    const buffer = this.#buffers.get(name);
    invariant(buffer !== undefined, `no arena ${name}`);
    return buffer;
  }

  /** Size that the programs ask for; the buffer may be larger. */
  bytes(name: string): number {
    return this.#bytes.get(name) ?? 0;
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
    this.#buffers.clear();
  }
}

/** Bindings are rounded up to whole vec4, so an arena ends with room for that. */
function paddedSize(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / ARENA_ALIGNMENT)) * ARENA_ALIGNMENT;
}

function refuseTooLarge(name: string, bytes: number, opened: DawnDevice): void {
  const { maxBufferSize } = opened.limits;
  if (bytes <= maxBufferSize) return;
  throw outOfMemory(
    `The arena \`${name}\` needs ${mebibytes(bytes)} in one piece; ${opened.description} gives at most ${mebibytes(maxBufferSize)}.`,
  );
}

function listSizes(sizes: ReadonlyMap<string, number>): string {
  return [
    "The program needs these arenas:",
    "",
    ...[...sizes].map(([name, bytes]) => `    ${name}  ${mebibytes(bytes)}`),
  ].join("\n");
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Buffers that results are copied to and mapped from, kept by size and used again. */
export class Readback {
  readonly #opened: Pick<DawnDevice, "device" | "pace">;
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #all = new Set<GPUBuffer>();

  constructor(opened: Pick<DawnDevice, "device" | "pace">) {
    this.#opened = opened;
  }

  /** The bytes of a range of a buffer as they are after everything submitted so far. Offset and length: multiples of 4. */
  async read(source: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const { device, pace } = this.#opened;
    const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, ARENA_ALIGNMENT)));
    const buffer = this.#free.get(size)?.pop() ?? this.#create(size);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, offset, buffer, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await pace.during(buffer.mapAsync(MAP_MODE_READ, 0, bytes));
    const copy = buffer.getMappedRange(0, bytes).slice(0);
    buffer.unmap();
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
    return copy;
  }

  #create(size: number): GPUBuffer {
    const buffer = this.#opened.device.createBuffer({
      label: "readback",
      size,
      usage: BUFFER_USAGE.mapRead | BUFFER_USAGE.copyDestination,
    });
    this.#all.add(buffer);
    return buffer;
  }

  dispose(): void {
    for (const buffer of this.#all) buffer.destroy();
    this.#all.clear();
    this.#free.clear();
  }
}
