/** Times of work that is done when it returns. */

import type { Timing } from "../src/base/timing.ts";
import { summarizeTimes } from "../src/base/timing.ts";

/** Milliseconds of `work`, called until `seconds` are over, 5 times at least. The first calls do not count. */
export function measure(work: () => void, seconds: number, least = 5): Timing {
  for (let warm = 0; warm < 3; warm++) work();
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (times.length < least || performance.now() < end) {
    const start = performance.now();
    work();
    times.push(performance.now() - start);
  }
  return summarizeTimes(times);
}

/** `12.3 [11.0 to 15.2]`: median, best, and the ninth tenth, each divided into `scale` or multiplied by it. */
export function describe(timing: Timing, convert: (milliseconds: number) => number, digits: number): string {
  const text = (value: number) => convert(value).toFixed(digits);
  return `${text(timing.median)} [${text(timing.low)} to ${text(timing.high)}]`;
}
