/** A machine on which nothing can run WebGPU, where the CPU does it all, and mistakes of mird itself. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UserError } from "../../src/diagnostics/problems.ts";
import { runCli } from "../support/cli.ts";

const { openDevice } = vi.hoisted(() => ({ openDevice: vi.fn() }));
vi.mock("../../src/runtime/dawn/device.ts", () => ({ openDevice, deviceFacts: vi.fn() }));

const NO_ADAPTER = new UserError(
  [
    {
      code: "no-adapter",
      severity: "error",
      title: "No device found",
      primary: null,
      related: [],
      text: "No device can run WebGPU.\n    Dawn found no GPU.\n    There is no software driver for linux on mips.",
      hint: "`mird doctor` shows more.",
    },
  ],
  3,
);
const TINY = "test/cli/fixtures/tiny.mird";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mird-device-"));
  openDevice.mockReset();
  openDevice.mockRejectedValue(NO_ADAPTER);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("without a device", () => {
  it("training through WebGPU ends with exit code 3, and leaves no run folder", async () => {
    const out = join(folder, "run");
    const { code, err } = await runCli("train", TINY, "--data", "synth", "--out", out, "--device", "webgpu");
    expect(code).toBe(3);
    expect(err).toMatchInlineSnapshot(`
      "error[no-adapter]: No device found

      No device can run WebGPU.
          Dawn found no GPU.
          There is no software driver for linux on mips.

      Hint: \`mird doctor\` shows more.
      "
    `);
    expect(() => readFileSync(join(out, "run.json"))).toThrow("ENOENT");
  });

  it("doctor says what was tried", async () => {
    const { code, out } = await runCli("doctor", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      devices: [
        { target: "webgpu", kind: "gpu", available: false },
        { target: "cpu", kind: "cpu", available: true },
        { target: "webgpu", kind: "software", available: false },
      ],
      chosen: expect.stringContaining("CPU (WebAssembly SIMD"),
      reason: expect.stringContaining("Dawn found no GPU. There is no software driver for linux on mips."),
    });
    const text = (await runCli("doctor")).out;
    expect(text).toContain("Dawn found no GPU. There is no software driver for linux on mips.");
    expect(text).not.toContain("as asked for");
    expect(text).toMatch(
      /^→ CPU \(--device cpu\): CPU .*\n {4}\d+ threads?\. .*\n {4}[\d.]+ .?FLOP\/s in a matrix product of 256; a small training step takes [\d.]+ ms$/m,
    );
  });

  it("compiling goes on for the CPU", async () => {
    const { code, out, err } = await runCli("compile", TINY, "--set", "d=3", "--data", "synth", "--json");
    expect(code).toBe(0);
    expect(err).toBe("");
    const summary: unknown = JSON.parse(out);
    expect(summary).toMatchObject({
      parameters: 3 * 12 + 3 + 3 + 1,
      phases: [{ name: "model", repeat: 1 }],
    });
    for (const key of ["dispatches", "flops", "bytes"]) {
      expect(summary).toHaveProperty(`iteration.${key}`, expect.any(Number));
      expect(summary).toHaveProperty(`phases[0].${key}`, expect.any(Number));
    }
    expect(summary).toHaveProperty("phases[0].kernels", expect.any(Number));
    expect(summary).toHaveProperty("memory.peakBytes", expect.any(Number));
    expect(summary).toHaveProperty("memory.sumBytes", expect.any(Number));
  });
});

it("WGSL without a device is for the least that WebGPU guarantees, and says so", async () => {
  const { code, out, err } = await runCli(
    "compile",
    TINY,
    "--set",
    "d=3",
    "--data",
    "synth",
    "--emit",
    "wgsl",
  );
  expect(code).toBe(0);
  expect(out).toContain("@compute @workgroup_size");
  expect(err).toBe(
    "No device can run WebGPU.\n    Dawn found no GPU.\n    There is no software driver for linux on mips.\nThe WGSL is for the least that WebGPU guarantees.\n",
  );
});

describe("a mistake of mird itself", () => {
  it("asks for a report and keeps the details in a file", async () => {
    openDevice.mockRejectedValue(new Error("the impossible happened"));
    const { code, err } = await runCli("train", TINY, "--data", "synth", "--out", join(folder, "run"));
    expect(code).toBe(70);
    const file = /^ {4}(\/.*\.log)$/m.exec(err)?.[1] ?? "";
    expect(err).toBe(
      `mird has made a mistake of its own; your input is not to blame.\n\n    the impossible happened\n\nPlease report it, with your spec and this file:\n\n    ${file}\n`,
    );
    expect(readFileSync(file, "utf8")).toContain("no-device.test.ts");
    rmSync(file);
  });
});
