import { expect, test } from "vitest";
import { ThreadChoice } from "../../../src/runtime/wasm/thread-choice.ts";

/** Runs a program that takes so long with each number of threads; how many runs had how many threads. */
function simulate(
  choice: ThreadChoice,
  runs: number,
  times: Readonly<Record<number, number>>,
): Record<number, number> {
  const counts: Record<number, number> = {};
  for (let run = 0; run < runs; run++) {
    const threads = choice.next;
    counts[threads] = (counts[threads] ?? 0) + 1;
    choice.record(times[threads] ?? 0);
  }
  return counts;
}

test("all threads stay in use where they are faster", () => {
  const counts = simulate(new ThreadChoice(4), 400, { 4: 1, 1: 3 });
  expect(counts[1]).toBeLessThan(15);
});

test("one thread alone where all together are slower, and all again when that changes", () => {
  const choice = new ThreadChoice(2);
  expect(simulate(choice, 400, { 2: 5, 1: 3 })[2]).toBeLessThan(70);
  expect(simulate(choice, 400, { 2: 2, 1: 3 })[1]).toBeLessThan(60);
});

test("with one thread there is nothing to choose", () => {
  expect(simulate(new ThreadChoice(1), 100, { 1: 1 })).toEqual({ 1: 100 });
});
