/** The identity of a kernel: kernels with equal keys are the same code and share a pipeline. Names play no part. */
import type { Kernel } from "./kernel.ts";

/** Text that is equal exactly for kernels that compute the same in the same way. */
export function kernelKey(kernel: Kernel): string {
  return JSON.stringify(kernel, (field, value: unknown) => {
    if (field === "name") return undefined;
    // JSON has no words for these.
    if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)))
      return Object.is(value, -0) ? "-0" : String(value);
    return value;
  });
}
