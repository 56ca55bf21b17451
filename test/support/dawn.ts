/** Runs kernels on the software driver with the schedules of any kind of device, and on the CPU. */
import { afterAll, beforeAll } from "vitest";
import { invariant } from "../../src/base/invariant.ts";
import type { TargetDescriptor } from "../../src/codegen/descriptor.ts";
import type { Backend } from "../../src/runtime/backend.ts";
import type { DawnDevice } from "../../src/runtime/dawn/device.ts";
import { openDevice } from "../../src/runtime/dawn/device.ts";
import { dawnBackend } from "../../src/runtime/dawn/execute.ts";
import { loadKernelSource } from "../../src/runtime/kernel-sources.ts";
import { wasmBackend } from "../../src/runtime/wasm/execute.ts";
import type { Buffers } from "./kernel-reference.ts";
import type { KernelRun } from "./kernel-run.ts";
import { runOn } from "./kernel-run.ts";

/** Ways to run a kernel: the schedules of WGSL, and the CPU with and without relaxed SIMD. */
export type Way = TargetDescriptor["kind"] | "cpu" | "cpu, 2 threads" | "cpu, plain, 2 threads";

/** All ways of the CPU target. */
export const CPU_WAYS = ["cpu", "cpu, 2 threads", "cpu, plain, 2 threads"] as const satisfies readonly Way[];

const cpus = new Map<Way, Backend>();

function backendFor(opened: DawnDevice, way: Way): Backend {
  if (way === "software" || way === "integrated" || way === "discrete")
    return dawnBackend({ ...opened, kind: way }, loadKernelSource);
  const backend =
    cpus.get(way) ?? wasmBackend({ threads: way === "cpu" ? 1 : 2, fused: !way.includes("plain") });
  cpus.set(way, backend);
  return backend;
}

/** Opens the software driver for the tests of one file. */
export function softwareDevice(): () => DawnDevice {
  let opened: DawnDevice | null = null;
  beforeAll(async () => {
    opened = await openDevice({ software: "only" });
  });
  afterAll(() => {
    opened?.close();
    for (const backend of cpus.values()) backend.close();
    cpus.clear();
  });
  return () => {
    invariant(opened !== null, "the device is open while tests run");
    return opened;
  };
}

/** Runs kernels in one program; returns the operands of each as they are afterwards. */
export function runKernels(
  opened: DawnDevice,
  runs: readonly KernelRun[],
  way: Way = "software",
): Promise<Buffers[]> {
  return runOn({ backend: backendFor(opened, way) }, runs);
}
