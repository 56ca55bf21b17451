/** What the emitters of the kernel classes give to emit.ts. */
import type { LanePlan } from "./lanes.ts";

/** Everything of a WGSL module but its bindings and prelude functions. */
export interface KernelBody {
  readonly code: string;
  /** Invocations of a workgroup; the code has `entryPoint` of it. */
  readonly workgroupSize: number;
  readonly workgroups: readonly [number, number, number];
  /** Operands that the code reads or writes as vec4. */
  readonly vectorOperands: LanePlan["vectorOperands"];
}
