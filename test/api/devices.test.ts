/** Opening a device begins what running needs, and nothing where it is only asked what it is. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { chooseDevice, describeDevice } from "../../src/api/devices.ts";
import { NO_CACHE } from "../../src/base/cache.ts";

let started = 0;
const count = () => started++;
/** The event comes with the next turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  started = 0;
  process.on("worker", count);
});

afterEach(() => {
  process.off("worker", count);
});

test("threads start when a device is opened to run something", async () => {
  const { backend } = await chooseDevice({ device: "cpu", threads: 3 }, NO_CACHE);
  await turn();
  expect(started).toBe(2);
  backend.close();
});

test("a description starts none", async () => {
  const { target, description } = await describeDevice({ device: "cpu", threads: 3 });
  expect(target).toMatchObject({ name: "cpu" });
  expect(description).toContain("WebAssembly");
  await turn();
  expect(started).toBe(0);
});
