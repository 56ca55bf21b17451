/**
 * The device `reference`: programs in plain TypeScript. Slow, and everywhere the same. Arithmetic is float64; what is stored is rounded to float32
 * as on other devices, so that a checkpoint holds everything and a run goes on bit for bit.
 */
import { invariant } from "../../base/invariant.ts";
import type { Program } from "../../ir/program.ts";
import { addTurns, type Backend, type DispatchTime, type Executable } from "../backend.ts";
import { hostMemory } from "../limits.ts";
import { executeProgram, makeArenas } from "./execute-program.ts";

/** A backend without a device. */
export function referenceBackend(): Backend {
  return {
    description: "reference interpreter (float64 arithmetic)",
    profiling:
      "Kernels were timed as they were interpreted; this says what the interpreter does, not what a device would.",
    limits: { total: hostMemory(), arena: hostMemory(), operand: hostMemory(), elementBytes: 8 },
    prepare: (programs) => Promise.resolve(new ReferenceExecutable(programs)),
    close: () => {},
  };
}

class ReferenceExecutable implements Executable {
  readonly #programs = new Map<string, Program>();
  readonly #arenas = new Map<string, Float64Array>();

  constructor(programs: ReadonlyMap<string, Program>) {
    for (const [name, program] of programs) this.#add(name, program);
  }

  has(program: string): boolean {
    return this.#programs.has(program);
  }

  add(name: string, program: Program): Promise<void> {
    this.#add(name, program);
    return Promise.resolve();
  }

  #add(name: string, program: Program): void {
    this.#programs.set(name, program);
    for (const [arena, values] of makeArenas(program)) {
      const before = this.#arenas.get(arena);
      if (before !== undefined && before.length >= values.length) continue;
      if (before !== undefined) values.set(before);
      this.#arenas.set(arena, values);
    }
  }

  write(arena: string, values: Float32Array | Int32Array, offset = 0): void {
    this.#arena(arena).set(values, offset);
  }

  run(program: string): void {
    executeProgram(this.#program(program), this.#arenas, { singlePrecision: true });
  }

  read(arena: string, range?: { readonly offset: number; readonly length: number }): Promise<Float32Array> {
    const values = this.#arena(arena);
    const { offset, length } = range ?? { offset: 0, length: values.length };
    const copy = Float32Array.from(values.subarray(offset, offset + length));
    // Waiting for a turn of the event loop lets signals through, as waiting for a device does.
    return new Promise((resolve) => setImmediate(() => resolve(copy)));
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  profile(program: string): Promise<readonly DispatchTime[]> {
    const times: DispatchTime[] = [];
    let start = performance.now();
    executeProgram(this.#program(program), this.#arenas, {
      singlePrecision: true,
      after: (segment, dispatch, kernel) => {
        const now = performance.now();
        times.push({ segment, dispatch, kernel, nanoseconds: Math.round((now - start) * 1e6) });
        start = now;
      },
    });
    return Promise.resolve(addTurns(times));
  }

  dispose(): void {
    this.#arenas.clear();
  }

  #program(name: string): Program {
    const program = this.#programs.get(name);
    invariant(program !== undefined, `no program ${name}`);
    return program;
  }

  #arena(name: string): Float64Array {
    const arena = this.#arenas.get(name);
    invariant(arena !== undefined, `no arena ${name}`);
    return arena;
  }
}
