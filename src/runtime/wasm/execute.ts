/** Programs on the CPU: kernels as WebAssembly, arenas in one memory that all threads share. */
import { availableParallelism } from "node:os";
import type { Cache } from "../../base/cache.ts";
import { NO_CACHE } from "../../base/cache.ts";
import { at, CompilerBug, invariant } from "../../base/invariant.ts";
import type { WasmModule } from "../../codegen/wasm/emit.ts";
import { emitModule } from "../../codegen/wasm/emit.ts";
import { CONTROL, LINE_BYTES, MAX_THREADS } from "../../codegen/wasm/layout.ts";
import { describePlace } from "../../diagnostics/source.ts";
import type { Kernel } from "../../ir/kernel.ts";
import type { Program } from "../../ir/program.ts";
import { addTurns, type Backend, type DispatchTime, type Executable, type Progress } from "../backend.ts";
import { hostMemory, tighter } from "../limits.ts";
import type { ProgramFunctions } from "./engine.ts";
import {
  allocateMemory,
  compileModule,
  growMemory,
  hasRelaxedSimd,
  instantiate,
  MOST_PAGES,
  PAGE_BYTES,
} from "./engine.ts";
import type { MemoryLayout, ModulePlace } from "./memory.ts";
import { arenaStart, layOut, NO_PROGRAMS, outOfMemory } from "./memory.ts";
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
  let modules = 0;
  return {
    description: `CPU (WebAssembly SIMD${fused ? ", relaxed multiply-add" : ""})`,
    profiling: "Kernels were timed one by one, each from its start until all threads had done their part.",
    limits: { total: REACH, arena: REACH, operand: REACH, elementBytes: 4 },
    start: startWorkers,
    prepare: async (programs, progress) => {
      const executable: WasmExecutable = new WasmExecutable({
        pool: startWorkers(),
        emit: (kernels, keys) =>
          cache.remember("code", JSON.stringify([fused, keys]), () => emitModule(kernels, { fused })),
        nextId: () => modules++,
        onDispose: () => open.delete(executable),
      });
      await executable.load(programs, progress);
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

interface Parts {
  readonly pool: WorkerPool;
  /** Code of kernels, which `keys` tell apart. */
  readonly emit: (kernels: readonly Kernel[], keys: readonly string[]) => WasmModule;
  /** A number that no other module of the pool has. */
  readonly nextId: () => number;
  readonly onDispose: () => void;
}

/** Programs that were loaded together are one module. */
interface LoadedModule {
  readonly id: number;
  readonly functions: ProgramFunctions;
  readonly place: ModulePlace;
  readonly programs: ReadonlyMap<string, readonly DispatchRecord[]>;
}

class WasmExecutable implements Executable {
  readonly #parts: Parts;
  readonly #modules: LoadedModule[] = [];
  readonly #choices = new Map<string, ThreadChoice>();
  #layout = NO_PROGRAMS;
  #memory = allocateMemory(NO_PROGRAMS.bytes);
  #failure: Error | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#words()[CONTROL.polls / 4] = BARRIER_POLLS;
  }

  has(program: string): boolean {
    return this.#modules.some(({ programs }) => programs.has(program));
  }

  async add(name: string, program: Program, progress?: Progress): Promise<void> {
    this.#check();
    await this.load(new Map([[name, program]]), progress);
  }

  /** Makes programs ready that become one module. */
  async load(programs: ReadonlyMap<string, Program>, progress?: Progress): Promise<void> {
    const { pool, emit, nextId } = this.#parts;
    const { kernels, keys, numbers } = collectKernels(programs.values());
    const { bytes, nanoseconds, scratchBytes } = emit(kernels, keys);
    const records = new Map<string, readonly DispatchRecord[]>();
    let recordBytes = 0;
    for (const [name, program] of programs) {
      const planned = planRecords(program, numbers.get(program) ?? [], nanoseconds, recordBytes);
      records.set(name, planned);
      recordBytes = planned.at(-1)?.end ?? recordBytes;
    }
    const needs = { programs: programs.values(), recordBytes, scratchBytes, threads: pool.threads };
    const { layout, place } = layOut(this.#layout, needs);
    this.#grow(layout);
    const module = await compileModule(bytes);
    progress?.(kernels.length, kernels.length);
    const id = nextId();
    const scratch = (thread: number) => place.scratch + thread * place.scratchBytes;
    pool.load(id, module, this.#memory, scratch);
    const functions = instantiate(module, this.#memory, scratch(0));
    this.#modules.push({ id, functions, place, programs: records });
    for (const loaded of this.#modules) this.#writeRecords(loaded);
  }

  /** Makes room for a layout that goes on from the one before, and moves what has another place in it. */
  #grow(layout: MemoryLayout): void {
    try {
      growMemory(this.#memory, layout.bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const size = (layout.bytes / 2 ** 20).toFixed(1);
      throw outOfMemory(`The model needs ${size} MiB in one piece, and the system has no room for it.`);
    }
    const memory = new Uint8Array(this.#memory.buffer);
    for (const [name, { start, bytes }] of this.#layout.arenas) {
      const place = arenaStart(layout, name);
      if (place !== start) memory.copyWithin(place, start, start + bytes);
    }
    this.#layout = layout;
  }

  /** Records hold the addresses of arenas. */
  #writeRecords({ place, programs }: LoadedModule): void {
    const words = this.#words();
    for (const records of programs.values())
      writeRecords(
        words,
        place.records,
        records,
        ({ arena, offset }) => arenaStart(this.#layout, arena) + offset,
      );
  }

  #words(): Int32Array {
    return new Int32Array(this.#memory.buffer);
  }

  write(arena: string, values: Float32Array | Int32Array, offset = 0): void {
    this.#check();
    const { start, bytes } = this.#arena(arena);
    invariant((offset + values.length) * 4 <= bytes, `arena ${arena} has ${bytes} bytes`);
    const { buffer } = this.#memory;
    const place = start + offset * 4;
    if (values instanceof Float32Array) new Float32Array(buffer, place, values.length).set(values);
    else new Int32Array(buffer, place, values.length).set(values);
  }

  run(program: string): void {
    this.#check();
    const { module, records } = this.#program(program);
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) return;
    const choice = this.#choices.get(program) ?? new ThreadChoice(this.#parts.pool.threads);
    this.#choices.set(program, choice);
    const start = performance.now();
    this.#execute(module, first, last, choice.next);
    choice.record(performance.now() - start);
  }

  #execute(module: LoadedModule, first: DispatchRecord, last: DispatchRecord, threads: number): void {
    const { id, functions, place } = module;
    const [from, to] = [place.records + first.start, place.records + last.end];
    this.#parts.pool.begin(id, threads, from, to);
    try {
      functions.run(0, threads, from, to);
    } catch (error) {
      this.#failure = this.#explain(module, error);
      throw this.#failure;
    }
  }

  /** An error of a kernel, with the kernel's name and the spec's line. The other threads are told to stop. */
  #explain({ place, programs }: LoadedModule, error: unknown): Error {
    const words = this.#words();
    const failed = Atomics.compareExchange(words, CONTROL.aborted / 4, 0, 1);
    Atomics.notify(words, CONTROL.generation / 4);
    const thread = Math.max(0, failed - 1);
    const offset = at(words, (CONTROL.current + thread * LINE_BYTES) / 4) - place.records;
    const record = [...programs.values()].flat().find(({ start, end }) => start <= offset && offset < end);
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
    copy.set(new Float32Array(this.#memory.buffer, start + offset * 4, length));
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
    const { module, records } = this.#program(program);
    for (const record of records) {
      const start = performance.now();
      // What one thread does alone needs no others that wait for it.
      this.#execute(module, record, record, record.solo ? 1 : all);
      const nanoseconds = Math.round((performance.now() - start) * 1e6);
      times.push({ segment: record.segment, dispatch: record.dispatch, kernel: record.kernel, nanoseconds });
    }
    await this.ready();
    return addTurns(times);
  }

  dispose(): void {
    this.#parts.onDispose();
    for (const { id } of this.#modules) this.#parts.pool.unload(id);
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure;
    const { failure } = this.#parts.pool;
    if (failure !== null) throw new CompilerBug(`a worker thread failed: ${failure}`);
  }

  #arena(name: string) {
    const arena = this.#layout.arenas.get(name);
    invariant(arena !== undefined, `no arena ${name}`);
    return arena;
  }

  #program(name: string): { readonly module: LoadedModule; readonly records: readonly DispatchRecord[] } {
    for (const module of this.#modules) {
      const records = module.programs.get(name);
      if (records !== undefined) return { module, records };
    }
    throw new CompilerBug(`no program ${name}`);
  }
}
