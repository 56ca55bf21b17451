/** Kernels on the CPU and under the schedules of both kinds of WebGPU device, against the reference. */
import { expect } from "vitest";
import { at, invariant } from "../../src/base/invariant.ts";
import type { DawnDevice } from "../../src/runtime/dawn/device.ts";
import type { Way } from "./dawn.ts";
import { CPU_WAYS, runKernels } from "./dawn.ts";
import { runReference } from "./kernel-reference.ts";
import type { KernelRun } from "./kernel-run.ts";
import { worstError } from "./kernel-run.ts";

/** Fails with the names and errors of all kernels whose operands differ from the reference by more than `tolerance`. */
export async function compareKernels(
  opened: DawnDevice,
  runs: readonly KernelRun[],
  tolerance = 2e-6,
  schedules: readonly Way[] = ["software", "discrete"],
): Promise<void> {
  const wanted = runs.map(({ kernel, buffers }) => {
    const copies = buffers.map((buffer) => buffer.slice());
    invariant(kernel.kind !== "library", "library kernels have a reference of their own");
    runReference(kernel, copies);
    return copies;
  });
  for (const way of [...schedules, ...CPU_WAYS]) {
    const got = await runKernels(opened, runs, way);
    const errors = runs.map(({ kernel }, run) => ({
      way,
      kernel: kernel.name,
      worst: Math.max(...at(wanted, run).map((want, operand) => worstError(at(at(got, run), operand), want))),
    }));
    expect(errors.filter(({ worst }) => !(worst <= tolerance))).toEqual([]);
  }
}
