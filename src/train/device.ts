/** What training asks of a device: arenas to write and read, and the two programs of a compiled model. Runs are queued, not awaited. */
export interface TrainingDevice {
  /** Replaces the start of an arena. Takes effect before the runs that are queued afterwards. */
  write(arena: string, values: Float32Array | Int32Array): void;
  /** Queues one iteration, or one batch of the evaluation. */
  run(program: "iteration" | "evaluation"): void;
  /** The arena's contents as they are after everything queued so far. */
  read(arena: string): Promise<Float32Array>;
}
