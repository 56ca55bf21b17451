/** What training asks of a device. The executable of a backend, prepared with the programs `iteration` and `evaluation`, offers it. */
import type { CompiledModel } from "./compiled.ts";

export interface TrainingDevice {
  /** Replaces the start of an arena. Takes effect before the runs that are queued afterwards. */
  write(arena: string, values: Float32Array | Int32Array): void;
  /** Queues one iteration, or one batch of the evaluation. */
  run(program: "iteration" | "evaluation"): void;
  /** The arena's contents as they are after everything queued so far; it may be longer than what one program uses. */
  read(arena: string): Promise<Float32Array>;
  /** Waits until few runs are queued. A device that works on the main thread lets signals and timers through. */
  ready(): Promise<void>;
}

/** Whether a program of the model has this arena: what nothing reads (the random numbers of a model without dropout) has none. */
export function hasArena(model: CompiledModel, arena: string): boolean {
  return model.iteration.arenas.has(arena) || model.evaluation.arenas.has(arena);
}

/** The arenas of optimiser state; an optimiser without moments, or a phase that moves nothing, has none. */
export function momentArenas(model: CompiledModel): { readonly name: string; readonly elements: number }[] {
  return model.optimizerStates.flatMap(({ arenas }) => arenas).filter(({ name }) => hasArena(model, name));
}
