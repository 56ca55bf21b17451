/** Results on their way from the device: a few may be outstanding, so that neither the host waits per step nor the queue grows without end. */

/** Steps that may be queued before the host waits for the oldest one. */
const LIMIT = 8;

export class Inflight {
  private readonly pending: Promise<void>[] = [];

  /** Adds a result; waits for the oldest when too many are outstanding. Results are handled in the order of the steps. */
  async add(result: Promise<void>): Promise<void> {
    // A failure is thrown when its turn comes; until then it must not count as unhandled.
    result.catch(() => {});
    this.pending.push(result);
    while (this.pending.length > LIMIT) await this.pending.shift();
  }

  /** Waits for everything outstanding. */
  async drain(): Promise<void> {
    while (this.pending.length > 0) await this.pending.shift();
  }
}
