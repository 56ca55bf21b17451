/** Opening a device begins what running needs, and nothing where it is only asked what it is. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { chooseDevice, type DeviceFlags, describeDevice } from "../../src/api/devices.ts";
import { deviceOf } from "../../src/api/options.ts";
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

test.each([
  ["cpu", "1 thread. "],
  ["reference", ""],
] as const)("the reason of %s says whether somebody asked for it", async (device, threads) => {
  const reasonOf = async (flags: DeviceFlags): Promise<string> => {
    const { backend, reason } = await chooseDevice({ threads: 1, ...flags }, NO_CACHE);
    backend.close();
    return reason;
  };
  expect(await reasonOf(deviceOf({ device }))).toBe(`${threads}It was asked for.`);
  expect(await reasonOf(deviceOf({}, device))).toBe(
    `${threads}It is used unless another device is asked for.`,
  );
});
