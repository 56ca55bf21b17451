/** Programs as records in memory: which kernel runs on which operands, who runs it, and where the threads must wait for each other. */
import { at } from "../../base/invariant.ts";
import { RECORD, RECORD_HEADER } from "../../codegen/wasm/layout.ts";
import type { Span } from "../../diagnostics/source.ts";
import type { Kernel, Operand } from "../../ir/kernel.ts";
import { kernelKey } from "../../ir/kernel-hash.ts";
import { executions, type Program, type Region } from "../../ir/program.ts";

/** All kernels of some programs, each once, and where those of a program stand among them. */
export interface KernelTable {
  readonly kernels: readonly Kernel[];
  /** What {@link kernelKey} says of each. */
  readonly keys: readonly string[];
  readonly numbers: ReadonlyMap<Program, readonly number[]>;
}

export function collectKernels(programs: Iterable<Program>): KernelTable {
  const kernels: Kernel[] = [];
  const known = new Map<string, number>();
  const numbers = new Map<Program, readonly number[]>();
  for (const program of programs)
    numbers.set(
      program,
      program.kernels.map((kernel) => {
        const key = kernelKey(kernel);
        const number = known.get(key) ?? kernels.push(kernel) - 1;
        known.set(key, number);
        return number;
      }),
    );
  return { kernels, keys: [...known.keys()], numbers };
}

/** One dispatch. */
export interface DispatchRecord {
  readonly segment: string;
  readonly dispatch: number;
  readonly kernel: string;
  readonly origins: readonly Span[];
  /** Number in the kernel table. */
  readonly number: number;
  readonly operands: readonly Region[];
  /** The first thread does it alone. */
  readonly solo: boolean;
  /** The threads meet before it. */
  readonly barrier: boolean;
  /** Offset from the start of all records, and the end. */
  readonly start: number;
  readonly end: number;
}

/** Kernels that take less than this on one thread are not worth sharing, in nanoseconds. */
const WORTH_SHARING = 4_000;

/** Turns of a loop after which the threads meet at the same places in every further one. */
const SETTLED_TURNS = 3;

/** The records of a program from offset `start` on. `nanoseconds` tells by kernel number what one takes on one thread. */
export function planRecords(
  program: Program,
  numbers: readonly number[],
  nanoseconds: readonly number[],
  start: number,
): readonly DispatchRecord[] {
  const open = new OpenAccesses();
  const records: DispatchRecord[] = [];
  let offset = start;
  for (const segment of program.segments)
    for (const { position, dispatch, operands, loop, turn } of executions(segment)) {
      const kernel = at(program.kernels, dispatch.kernel);
      const number = at(numbers, dispatch.kernel);
      const solo = at(nanoseconds, number) < WORTH_SHARING;
      const end = offset + RECORD_HEADER + 4 * Math.ceil(operands.length / 4) * 4;
      const settled = loop !== null && turn >= SETTLED_TURNS;
      records.push({
        segment: segment.name,
        dispatch: position,
        kernel: kernel.name,
        origins: dispatch.origins,
        number,
        operands,
        solo,
        // All that moves in a loop moves alike.
        barrier: settled ? at(records, -loop.count).barrier : open.add(kernel.operands, operands, solo),
        start: offset,
        end,
      });
      if (settled && position === loop.first + loop.count - 1 && turn === loop.steps - 1) open.forget();
      offset = end;
    }
  return records;
}

/** What has been read and written since the threads last met. */
class OpenAccesses {
  #accesses: { readonly region: Region; readonly write: boolean; readonly solo: boolean }[] = [];
  #unknown = false;

  /** Adds a dispatch; true when the threads must meet before it: it needs what others may not have finished, or they need what it overwrites. */
  add(operands: readonly Operand[], regions: readonly Region[], solo: boolean): boolean {
    const own = regions.map((region, position) => ({
      region,
      write: at(operands, position).access !== "read",
      solo,
    }));
    // What one thread does alone it does in order.
    const clash = this.#accesses.some((before) =>
      own.some(
        (now) => (before.write || now.write) && !(before.solo && solo) && overlap(before.region, now.region),
      ),
    );
    if (clash || this.#unknown) this.#accesses = [];
    const meet = clash || this.#unknown;
    this.#unknown = false;
    this.#accesses.push(...own);
    return meet;
  }

  /** Not all accesses were added: the threads must meet before the next one. */
  forget(): void {
    this.#unknown = true;
  }
}

function overlap(a: Region, b: Region): boolean {
  return a.arena === b.arena && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

/** Writes records into memory; `address` finds operands, `base` is where all records start. */
export function writeRecords(
  words: Int32Array,
  base: number,
  records: readonly DispatchRecord[],
  address: (region: Region) => number,
): void {
  for (const record of records) {
    const start = base + record.start;
    const set = (offset: number, value: number) => {
      words[(start + offset) / 4] = value;
    };
    set(RECORD.kernel, record.number);
    set(RECORD.solo, Number(record.solo));
    set(RECORD.barrier, Number(record.barrier));
    set(RECORD.bytes, record.end - record.start);
    for (const [position, region] of record.operands.entries())
      set(RECORD_HEADER + 4 * position, address(region));
  }
}
