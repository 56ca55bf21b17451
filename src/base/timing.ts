/** Times of repeated work: medians with their spread, so that a disturbed machine shows. Milliseconds everywhere. */

export interface Timing {
  readonly median: number;
  /** The best. */
  readonly low: number;
  /** The ninth tenth. */
  readonly high: number;
  readonly runs: number;
}

export function summarizeTimes(times: readonly number[]): Timing {
  const sorted = [...times].sort((a, b) => a - b);
  const quantile = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? Number.NaN;
  return { median: quantile(0.5), low: quantile(0), high: quantile(0.9), runs: sorted.length };
}

/** Work shorter than this is done several times between two looks at the clock, so that starting and waiting for it do not count. */
const SHORTEST = 20;
/** Runs that are timed even when the time is over, unless a single one takes longer than that. */
const LEAST = 3;
/** Runs that may wait in a queue. */
const MOST_QUEUED = 64;

/**
 * Times of one `run`, which may only queue the work; `wait` resolves when all of it is done. Repeats until `seconds` are over. The first run does not
 * count; the second is all where it takes longer than that.
 */
export async function timeRuns(
  run: () => void,
  wait: () => Promise<unknown>,
  seconds: number,
): Promise<Timing> {
  const timed = async (count: number): Promise<number> => {
    const start = performance.now();
    for (let turn = 0; turn < count; turn++) run();
    await wait();
    return (performance.now() - start) / count;
  };
  await timed(1);
  const warm = await timed(1);
  if (warm > seconds * 1000) return summarizeTimes([warm]);
  const count = Math.min(MOST_QUEUED, Math.max(1, Math.ceil(SHORTEST / warm)));
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (times.length < LEAST || performance.now() < end) times.push(await timed(count));
  return summarizeTimes(times);
}
