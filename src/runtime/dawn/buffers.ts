/** Arenas as GPU buffers, and the ring of buffers through which results come back. */
import { invariant } from "../../base/invariant.ts";
import type { Program } from "../../ir/program.ts";
import { ARENA_ALIGNMENT } from "../../ir/program.ts";
import type { DawnDevice } from "./device.ts";
import { outOfMemory } from "./faults.ts";
import { BUFFER_USAGE, MAP_MODE_READ } from "./flags.ts";

/** One buffer for each arena that any of the programs names. */
export class Arenas {
  readonly #opened: DawnDevice;
  readonly #buffers = new Map<string, GPUBuffer>();
  readonly #bytes = new Map<string, number>();

  constructor(opened: DawnDevice) {
    this.#opened = opened;
  }

  /**
   * Makes room for more programs; arenas keep what they hold. True if one that was there has got a larger buffer in place of its own. Throws a UserError
   * with exit code 3 when the device has no room, and leaves everything as it was.
   */
  async extend(programs: Iterable<Program>): Promise<boolean> {
    const sizes = new Map<string, number>();
    for (const program of programs)
      for (const [name, bytes] of program.arenas)
        if (bytes > (sizes.get(name) ?? this.#bytes.get(name) ?? -1)) sizes.set(name, bytes);
    for (const [name, bytes] of sizes) refuseTooLarge(name, paddedSize(bytes), this.#opened);
    const made = await this.#create(sizes);
    const replaced = [...made].flatMap(([name, buffer]) => {
      const before = this.#buffers.get(name);
      return before === undefined ? [] : [{ before, buffer }];
    });
    const encoder = this.#opened.device.createCommandEncoder();
    for (const { before, buffer } of replaced) encoder.copyBufferToBuffer(before, 0, buffer, 0, before.size);
    this.#opened.device.queue.submit([encoder.finish()]);
    // What is queued still has its buffer.
    for (const { before } of replaced) before.destroy();
    for (const [name, buffer] of made) this.#buffers.set(name, buffer);
    for (const [name, bytes] of sizes) this.#bytes.set(name, bytes);
    return replaced.length > 0;
  }

  async #create(sizes: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, GPUBuffer>> {
    const { device, description } = this.#opened;
    const usage = BUFFER_USAGE.storage | BUFFER_USAGE.copySource | BUFFER_USAGE.copyDestination;
    device.pushErrorScope("out-of-memory");
    const buffers = new Map<string, GPUBuffer>();
    for (const [name, bytes] of sizes)
      buffers.set(name, device.createBuffer({ label: name, size: paddedSize(bytes), usage }));
    const error = await device.popErrorScope();
    if (error === null) return buffers;
    for (const buffer of buffers.values()) buffer.destroy();
    throw outOfMemory(`${listSizes(sizes)}\n\n${description} has no room for them: ${error.message}`);
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
