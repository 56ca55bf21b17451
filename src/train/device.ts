/** What training asks of a device. The executable of a backend offers it. */
import type { Program } from "../ir/program.ts";
import type { CompiledModel } from "./compiled.ts";

export interface TrainingDevice {
  /** Whether a program of this name has been prepared. */
  has(program: "iteration" | "evaluation"): boolean;
  /** Prepares one more program over the same arenas; those that are there keep what they hold. */
  add(name: "iteration" | "evaluation", program: Program): Promise<void>;
  /** Replaces the start of an arena. Takes effect before the runs that are queued afterwards. */
  write(arena: string, values: Float32Array | Int32Array): void;
  /** Queues one iteration, or one batch of the evaluation. */
  run(program: "iteration" | "evaluation"): void;
  /** The arena's contents as they are after everything queued so far; it may be longer than what one program uses. */
  read(arena: string): Promise<Float32Array>;
  /** Waits until few runs are queued. A device that works on the main thread lets signals and timers through. */
  ready(): Promise<void>;
}

/** The arenas of optimiser state; an optimiser without moments, or a phase that moves nothing, has none. */
export function momentArenas({
  optimizerStates,
  iteration,
}: CompiledModel): { readonly name: string; readonly elements: number }[] {
  const all = optimizerStates.flatMap(({ arenas }) => arenas);
  return all.filter(({ name }) => iteration.program.arenas.has(name));
}
