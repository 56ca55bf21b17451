/** Everything that a run needs to go on exactly where it stopped. */

export interface TrainState {
  /** Epochs that are finished, evaluation included. */
  readonly epoch: number;
  /** Iterations that are finished, over all epochs. */
  readonly iteration: number;
  /** The best epoch so far; its value is null when the spec selects by nothing. */
  readonly best: { readonly epoch: number; readonly value: number | null } | null;
  /** Sum of each loss over the iterations of the unfinished epoch. */
  readonly lossSums: Readonly<Record<string, number>>;
}

export interface Checkpoint {
  readonly state: TrainState;
  /** The arena `parameters`. */
  readonly parameters: Float32Array;
  /** The arenas of optimiser state by name. */
  readonly moments: ReadonlyMap<string, Float32Array>;
}

export const START: TrainState = { epoch: 0, iteration: 0, best: null, lossSums: {} };
