/** Kernels under the schedules of both kinds of device, against the reference. */
import { expect } from "vitest";
import { at, invariant } from "../../src/base/invariant.ts";
import type { TargetDescriptor } from "../../src/codegen/descriptor.ts";
import type { DawnDevice } from "../../src/runtime/dawn/device.ts";
import type { KernelRun } from "./dawn.ts";
import { runKernels, worstError } from "./dawn.ts";
import { runReference } from "./kernel-reference.ts";

/** Fails with the names and errors of all kernels whose operands differ from the reference by more than `tolerance`. */
export async function compareKernels(
  opened: DawnDevice,
  runs: readonly KernelRun[],
  tolerance = 2e-6,
  kinds: readonly TargetDescriptor["kind"][] = ["software", "discrete"],
): Promise<void> {
  const wanted = runs.map(({ kernel, buffers }) => {
    const copies = buffers.map((buffer) => buffer.slice());
    invariant(kernel.kind !== "library", "library kernels have a reference of their own");
    runReference(kernel, copies);
    return copies;
  });
  for (const kind of kinds) {
    const got = await runKernels(opened, runs, kind);
    const errors = runs.map(({ kernel }, run) => ({
      kind,
      kernel: kernel.name,
      worst: Math.max(...at(wanted, run).map((want, operand) => worstError(at(at(got, run), operand), want))),
    }));
    expect(errors.filter(({ worst }) => !(worst <= tolerance))).toEqual([]);
  }
}
