/** How long the stages of a longer work take. */

/** Is told the name of a stage when the stage has ended. */
export type OnStage = (stage: string) => void;

export interface StageTime {
  readonly stage: string;
  readonly milliseconds: number;
}

/** Gives the time since the last call of `lap` (at first since it was made) to the stage that has just ended. */
export class Stopwatch {
  readonly times: StageTime[] = [];
  #last = performance.now();

  /** Leaves out the time since the last stage. */
  skip(): void {
    this.#last = performance.now();
  }

  readonly lap: OnStage = (stage) => {
    const now = performance.now();
    this.times.push({ stage, milliseconds: now - this.#last });
    this.#last = now;
  };
}
