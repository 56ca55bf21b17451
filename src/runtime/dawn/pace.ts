/**
 * The event loop while a software driver works. As long as something is in flight, Dawn asks in every turn of the loop whether it is done,
 * which keeps one core busy with asking. A GPU does not miss it; a software driver computes on the same cores. So turns are slowed down there:
 * on two cores, an iteration then takes about half the time and pipelines three quarters.
 */

/** The longest sleep of a turn, in milliseconds; longer ones bring nothing more (measured up to 20). */
const LONGEST = 2;

/** Share of the time waited so far that a turn sleeps: what is done soon is also heard of soon. */
const SHARE = 0.25;

export class Pace {
  readonly #slow: boolean;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #waiting = 0;
  #turning = false;
  #since = 0;

  /** `slow`: whether the device computes on the cores that the event loop runs on. */
  constructor(slow: boolean) {
    this.#slow = slow;
  }

  /** What the promise of a device gives; the loop is slowed down until it is settled. */
  async during<T>(promise: Promise<T>): Promise<T> {
    if (!this.#slow) return promise;
    if (this.#waiting++ === 0) this.#since = performance.now();
    if (!this.#turning) this.#turn();
    try {
      return await promise;
    } finally {
      this.#waiting--;
    }
  }

  /** Sleeps once in each turn, for as long as anything is waited for. */
  #turn(): void {
    this.#turning = true;
    // What keeps the process alive is Dawn's own asking.
    setImmediate(() => {
      this.#turning = false;
      if (this.#waiting === 0) return;
      Atomics.wait(this.#cell, 0, 0, Math.min(LONGEST, SHARE * (performance.now() - this.#since)));
      this.#turn();
    }).unref();
  }
}
