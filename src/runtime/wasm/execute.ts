/** Programs on the CPU: kernels as WebAssembly, arenas in one memory that all threads share. */
import { availableParallelism } from "node:os";
import type { Cache } from "../../base/cache.ts";
import { NO_CACHE } from "../../base/cache.ts";
import { at, CompilerBug, invariant } from "../../base/invariant.ts";
import { emitModule } from "../../codegen/wasm/emit.ts";
import { CONTROL, LINE_BYTES, MAX_THREADS } from "../../codegen/wasm/layout.ts";
import { describePlace } from "../../diagnostics/source.ts";
import { addTurns, type Backend, type DispatchTime, type Executable } from "../backend.ts";
import { hostMemory, tighter } from "../limits.ts";
import type { ProgramFunctions, SharedMemory } from "./engine.ts";
import {
  allocateMemory,
  compileModule,
  hasRelaxedSimd,
  instantiate,
  MOST_PAGES,
  PAGE_BYTES,
} from "./engine.ts";
import type { MemoryLayout } from "./memory.ts";
import { arenaStart, layOut, outOfMemory } from "./memory.ts";
import { WorkerPool } from "./pool.ts";
import type { DispatchRecord } from "./records.ts";
import { collectKernels, planRecords, writeRecords } from "./records.ts";
import { ThreadChoice } from "./thread-choice.ts";

export interface WasmBackendOptions {
  /** Default: as many as the system offers. */
  readonly threads?: number;
  /** False: do without relaxed SIMD even where it exists. */
  readonly fused?: boolean;
  /** Where code is kept. */
  readonly cache?: Cache;
}

/** Polls at a barrier before a thread sleeps: some 150 us, longer than waking one takes. */
const BARRIER_POLLS = 350_000;

/** What a program can have: all that addresses reach, if the machine has it. */
const REACH = tighter(hostMemory(), { bytes: MOST_PAGES * PAGE_BYTES, what: "WebAssembly reaches" });

/** How many threads are used when so many are asked for. */
export function threadCount(asked: number = availableParallelism()): number {
  return Math.min(Math.max(1, asked), MAX_THREADS);
}

/** The backend of this machine's CPU. */
export function wasmBackend(options: WasmBackendOptions = {}): Backend {
  const threads = threadCount(options.threads);
  const fused = options.fused !== false && hasRelaxedSimd();
  const { cache = NO_CACHE } = options;
  // Workers start when something will run: some commands only ask for a description.
  let workers: WorkerPool | null = null;
  const startWorkers = () => {
    workers ??= new WorkerPool(threads);
    return workers;
  };
  const open = new Set<WasmExecutable>();
  let executables = 0;
  return {
    description: `CPU (WebAssembly SIMD${fused ? ", relaxed multiply-add" : ""})`,
    profiling: "Kernels were timed one by one, each from its start until all threads had done their part.",
    limits: { total: REACH, arena: REACH, operand: REACH, elementBytes: 4 },
    start: startWorkers,
    prepare: async (programs, progress) => {
      const pool = startWorkers();
      const { kernels, keys, numbers } = collectKernels(programs.values());
      const code = cache.remember("code", JSON.stringify([fused, keys]), () =>
        emitModule(kernels, { fused }),
      );
      const { bytes, nanoseconds, scratchBytes } = code;
      const records = new Map<string, readonly DispatchRecord[]>();
      let recordBytes = 0;
      for (const [name, program] of programs) {
        const planned = planRecords(program, numbers.get(program) ?? [], nanoseconds, recordBytes);
        records.set(name, planned);
        recordBytes = planned.at(-1)?.end ?? recordBytes;
      }
      const layout = layOut({ programs: programs.values(), recordBytes, scratchBytes, threads });
      const memory = allocate(layout);
      const module = await compileModule(bytes);
      progress?.(kernels.length, kernels.length);
      const id = executables++;
      const scratch = (thread: number) => layout.scratch + thread * layout.scratchBytes;
      pool.load(id, module, memory, scratch);
      const functions = instantiate(module, memory, scratch(0));
      const executable = new WasmExecutable({ id, pool, memory, layout, functions, records }, () =>
        open.delete(executable),
      );
      open.add(executable);
      return executable;
    },
    close: () => {
      for (const executable of open) executable.dispose();
      workers?.stop();
      workers = null;
    },
  };
}

function allocate(layout: MemoryLayout): SharedMemory {
  try {
    return allocateMemory(layout.bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const size = (layout.bytes / 2 ** 20).toFixed(1);
    throw outOfMemory(`The model needs ${size} MiB in one piece, and the system has no room for it.`);
  }
}

interface Parts {
  readonly id: number;
  readonly pool: WorkerPool;
  readonly memory: SharedMemory;
  readonly layout: MemoryLayout;
  readonly functions: ProgramFunctions;
  readonly records: ReadonlyMap<string, readonly DispatchRecord[]>;
}

class WasmExecutable implements Executable {
  readonly #parts: Parts;
  readonly #words: Int32Array;
  readonly #choices = new Map<string, ThreadChoice>();
  readonly #onDispose: () => void;
  #failure: Error | null = null;

  constructor(parts: Parts, onDispose: () => void) {
    const { memory, layout, records } = parts;
    this.#parts = parts;
    this.#onDispose = onDispose;
    this.#words = new Int32Array(memory.buffer);
    this.#words[CONTROL.polls / 4] = BARRIER_POLLS;
    for (const program of records.values())
      writeRecords(
        this.#words,
        layout.records,
        program,
        ({ arena, offset }) => arenaStart(layout, arena) + offset,
      );
  }

  write(arena: string, values: Float32Array | Int32Array, offset = 0): void {
    this.#check();
    const { start, bytes } = this.#arena(arena);
    invariant((offset + values.length) * 4 <= bytes, `arena ${arena} has ${bytes} bytes`);
    const { buffer } = this.#parts.memory;
    const place = start + offset * 4;
    if (values instanceof Float32Array) new Float32Array(buffer, place, values.length).set(values);
    else new Int32Array(buffer, place, values.length).set(values);
  }

  run(program: string): void {
    this.#check();
    const records = this.#program(program);
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) return;
    const choice = this.#choices.get(program) ?? new ThreadChoice(this.#parts.pool.threads);
    this.#choices.set(program, choice);
    const start = performance.now();
    this.#execute(first, last, choice.next);
    choice.record(performance.now() - start);
  }

  #execute(first: DispatchRecord, last: DispatchRecord, threads: number): void {
    const { pool, id, functions, layout } = this.#parts;
    const [from, to] = [layout.records + first.start, layout.records + last.end];
    pool.begin(id, threads, from, to);
    try {
      functions.run(0, threads, from, to);
    } catch (error) {
      this.#failure = this.#explain(error);
      throw this.#failure;
    }
  }

  /** An error of a kernel, with the kernel's name and the spec's line. The other threads are told to stop. */
  #explain(error: unknown): Error {
    const { layout, records } = this.#parts;
    const failed = Atomics.compareExchange(this.#words, CONTROL.aborted / 4, 0, 1);
    Atomics.notify(this.#words, CONTROL.generation / 4);
    const thread = Math.max(0, failed - 1);
    const place = at(this.#words, (CONTROL.current + thread * LINE_BYTES) / 4) - layout.records;
    const record = [...records.values()].flat().find(({ start, end }) => start <= place && place < end);
    const [origin] = record?.origins ?? [];
    const where = origin === undefined ? "" : `, ${describePlace(origin)}`;
    return new CompilerBug(
      `kernel ${record?.kernel ?? "?"} (segment ${record?.segment ?? "?"}${where}) failed on thread ${thread}: ${String(error)}`,
    );
  }

  async read(
    arena: string,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<Float32Array> {
    this.#check();
    const { start, bytes } = this.#arena(arena);
    const { offset, length } = range ?? { offset: 0, length: bytes / 4 };
    const copy = new Float32Array(length);
    copy.set(new Float32Array(this.#parts.memory.buffer, start + offset * 4, length));
    // Waiting for a turn of the event loop lets signals and timers through, as waiting for a device does.
    await new Promise<void>((resolve) => setImmediate(resolve));
    return copy;
  }

  /** Nothing is ever queued: runs are done when they return. Lets signals and timers through. */
  ready(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async profile(program: string): Promise<readonly DispatchTime[]> {
    this.#check();
    const times: DispatchTime[] = [];
    const all = this.#choices.get(program)?.preferred ?? this.#parts.pool.threads;
    for (const record of this.#program(program)) {
      const start = performance.now();
      // What one thread does alone needs no others that wait for it.
      this.#execute(record, record, record.solo ? 1 : all);
      const nanoseconds = Math.round((performance.now() - start) * 1e6);
      times.push({ segment: record.segment, dispatch: record.dispatch, kernel: record.kernel, nanoseconds });
    }
    await this.ready();
    return addTurns(times);
  }

  dispose(): void {
    this.#onDispose();
    this.#parts.pool.unload(this.#parts.id);
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure;
    const { failure } = this.#parts.pool;
    if (failure !== null) throw new CompilerBug(`a worker thread failed: ${failure}`);
  }

  #arena(name: string) {
    const arena = this.#parts.layout.arenas.get(name);
    invariant(arena !== undefined, `no arena ${name}`);
    return arena;
  }

  #program(name: string): readonly DispatchRecord[] {
    const records = this.#parts.records.get(name);
    invariant(records !== undefined, `no program ${name}`);
    return records;
  }
}
