/** The contract of a backend: runs programs on one kind of device. `Executable` gives training what it asks of a device. */
import type { Program } from "../ir/program.ts";
import type { MemoryLimits } from "./limits.ts";

/** Hears how many kernels are ready, and how many there are. */
export type Progress = (done: number, all: number) => void;

export interface Backend {
  /** The device in one line. */
  readonly description: string;
  /** How `profile` measures, in one sentence; null when this device cannot. */
  readonly profiling: string | null;
  /** What programs can be told from in advance not to fit. */
  readonly limits: MemoryLimits;
  /** Begins what `prepare` needs and what goes on beside other work, where a device has such: for callers that will run something. */
  readonly start?: () => void;
  /**
   * Compiles programs that share their arenas: an arena of one name is the same memory in all of them. Throws a UserError with exit code 3
   * when the device has no room for them, before anything runs.
   */
  prepare(programs: ReadonlyMap<string, Program>, progress?: Progress): Promise<Executable>;
  /** Gives the device back. Executables must not be used afterwards. */
  close(): void;
}

export interface DispatchTime {
  readonly segment: string;
  /** Position of the dispatch in its segment. */
  readonly dispatch: number;
  readonly kernel: string;
  /** Of all its runs, when it stands in a loop. */
  readonly nanoseconds: number;
}

/** One time for each dispatch: the turns of a loop are added up. */
export function addTurns(times: readonly DispatchTime[]): readonly DispatchTime[] {
  const sums = new Map<string, DispatchTime>();
  for (const time of times) {
    const key = `${time.segment} ${time.dispatch}`;
    const nanoseconds = time.nanoseconds + (sums.get(key)?.nanoseconds ?? 0);
    sums.set(key, { ...time, nanoseconds });
  }
  return [...sums.values()];
}

/** Arenas start as zeros. Everything that is called takes effect in the order of the calls; only `read`, `ready` and `profile` wait. */
export interface Executable {
  /** Whether a program of this name has been prepared. */
  has(program: string): boolean;
  /** Compiles one more program over the same arenas, which keep what they hold. Throws as `prepare` does. */
  add(name: string, program: Program, progress?: Progress): Promise<void>;
  /** Replaces elements of an arena from `offset` (in elements) on. */
  write(arena: string, values: Float32Array | Int32Array, offset?: number): void;
  /** Queues one run of a program: all segments in order. */
  run(program: string): void;
  /** Elements of an arena as they are after everything queued so far; all of it without a range (offset and length in elements). */
  read(arena: string, range?: { readonly offset: number; readonly length: number }): Promise<Float32Array>;
  /** Waits until few runs are queued: for callers that read nothing and would otherwise queue without end. */
  ready(): Promise<void>;
  /** Runs a program once and measures every dispatch; null when the device cannot. */
  profile(program: string): Promise<readonly DispatchTime[] | null>;
  dispose(): void;
}
