import { describe, expect, it } from "vitest";
import { Inflight } from "../../src/train/inflight.ts";

/** Adds steps that finish one after the other, `milliseconds` each, and reports the most that were outstanding. */
async function mostOutstanding(steps: number, milliseconds: number): Promise<number> {
  const inflight = new Inflight();
  let queue = Promise.resolve();
  let outstanding = 0;
  let most = 0;
  for (let step = 0; step < steps; step++) {
    outstanding++;
    most = Math.max(most, outstanding);
    queue = queue.then(async () => {
      if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
      outstanding--;
    });
    await inflight.add(queue);
  }
  await inflight.drain();
  expect(outstanding).toBe(0);
  return most;
}

describe("steps in flight", () => {
  it("are many when steps are short, few when they are long", async () => {
    expect(await mostOutstanding(200, 0)).toBeGreaterThan(8);
    expect(await mostOutstanding(8, 150)).toBeLessThanOrEqual(3);
  });

  it("throw a failure when its turn comes", async () => {
    const inflight = new Inflight();
    await inflight.add(Promise.reject(new Error("broken")));
    await expect(inflight.drain()).rejects.toThrow("broken");
  });
});
