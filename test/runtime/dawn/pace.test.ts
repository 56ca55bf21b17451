/** How the event loop turns while something waits for a device. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Pace } from "../../../src/runtime/dawn/pace.ts";

/** Turns of the loop until the promise is settled. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let turns = 0;
  let settled = false;
  const count = () => {
    turns++;
    if (!settled) setImmediate(count);
  };
  setImmediate(count);
  await promise;
  settled = true;
  return turns;
}

test("what is waited for comes through, and so does what goes wrong", async () => {
  for (const slow of [true, false]) {
    const pace = new Pace(slow);
    expect(await pace.during(sleep(1, "done"))).toBe("done");
    await expect(pace.during(Promise.reject(new Error("lost")))).rejects.toThrow("lost");
  }
});

test("the loop turns slowly while a device on the same cores is waited for, and only then", async () => {
  const slow = new Pace(true);
  const waiting = await turnsUntil(slow.during(sleep(60)));
  const after = await turnsUntil(sleep(60));
  const fast = await turnsUntil(new Pace(false).during(sleep(60)));
  expect(waiting).toBeGreaterThan(0);
  expect(waiting).toBeLessThan(after / 4);
  expect(waiting).toBeLessThan(fast / 4);
});

test("one of two waits that ends first leaves the loop slow for the other", async () => {
  const pace = new Pace(true);
  const first = pace.during(sleep(5));
  const second = pace.during(sleep(65));
  await first;
  const waiting = await turnsUntil(second);
  expect(waiting).toBeLessThan((await turnsUntil(sleep(60))) / 4);
});
