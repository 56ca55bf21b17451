/**
 * Results on their way from the device. Some steps may be queued ahead, so that the host does not wait for each; how many follows from
 * their duration: enough to keep a fast device busy, few enough that a slow one stops soon when it is asked to.
 */

/** Milliseconds of work that may be queued. */
const AHEAD = 200;
const MOST = 16;
/** Two keep a device busy: it works on one while the host prepares the next. */
const LEAST = 2;
/** Share of the newest step in the mean duration. */
const SMOOTHING = 0.2;

export class Inflight {
  private readonly pending: Promise<void>[] = [];
  private lastArrival = performance.now();
  private meanStep: number | null = null;

  /** Adds a result; waits for the oldest when too many are outstanding. Results are handled in the order of the steps. */
  async add(result: Promise<void>): Promise<void> {
    // A failure is thrown when its turn comes; until then it must not count as unhandled.
    this.pending.push(result);
    result.then(
      () => this.arrived(),
      () => {},
    );
    while (this.pending.length > this.limit()) await this.pending.shift();
  }

  /** Waits for everything outstanding. */
  async drain(): Promise<void> {
    while (this.pending.length > 0) await this.pending.shift();
  }

  private arrived(): void {
    const now = performance.now();
    const step = now - this.lastArrival;
    this.meanStep = this.meanStep === null ? step : (1 - SMOOTHING) * this.meanStep + SMOOTHING * step;
    this.lastArrival = now;
  }

  private limit(): number {
    if (this.meanStep === null) return LEAST;
    return Math.min(MOST, Math.max(LEAST, Math.floor(AHEAD / Math.max(this.meanStep, 0.1))));
  }
}
