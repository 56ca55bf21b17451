/**
 * With how many threads a program runs. All of them are best on a free machine; where other programs hold the cores, threads wait for each
 * other most of the time, and one alone is faster. Results are the same, so this is found out by trying both now and then.
 */

/** Runs before times count: the engine still compiles. */
const WARM_UP = 4;
/** Runs with all threads before one alone is tried, and the other way round. */
const STAY_TOGETHER = 40;
const STAY_ALONE = 12;
/** Runs of a trial with all threads, of which the best counts. */
const TRIALS = 2;

export class ThreadChoice {
  readonly #all: number;
  #preferred: number;
  #runs = 0;
  /** Runs left until the next trial; not above 0 within one. */
  #left = WARM_UP;
  #recent: number[] = [];
  #trial: number[] = [];

  constructor(threads: number) {
    this.#all = threads;
    this.#preferred = threads;
  }

  /** What has turned out faster so far. */
  get preferred(): number {
    return this.#preferred;
  }

  /** Threads for the next run. */
  get next(): number {
    if (this.#all === 1 || this.#left > 0) return this.#preferred;
    return this.#other;
  }

  get #other(): number {
    return this.#preferred === 1 ? this.#all : 1;
  }

  /** Says how long that run took. */
  record(milliseconds: number): void {
    if (this.#all === 1) return;
    this.#runs++;
    if (this.#left > 0) {
      this.#left--;
      if (this.#runs > WARM_UP / 2) this.#recent = [...this.#recent.slice(-3), milliseconds];
      return;
    }
    this.#trial.push(milliseconds);
    if (this.#other !== 1 && this.#trial.length < TRIALS) return;
    const usual =
      [...this.#recent].sort((a, b) => a - b)[this.#recent.length >> 1] ?? Number.POSITIVE_INFINITY;
    if (Math.min(...this.#trial) < usual) {
      this.#preferred = this.#other;
      this.#recent = [];
    }
    this.#trial = [];
    this.#left = this.#preferred === 1 ? STAY_ALONE : STAY_TOGETHER;
  }
}
