/** All devices in all ways in which they compute: what every numeric suite runs over. */
import { chooseDevice, SOFTWARE } from "../../src/api/devices.ts";
import { describeTarget } from "../../src/codegen/descriptor.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import type { FusionTarget } from "../../src/fuse/target.ts";
import type { Backend } from "../../src/runtime/backend.ts";
import { referenceBackend } from "../../src/runtime/reference/backend.ts";
import { wasmBackend } from "../../src/runtime/wasm/execute.ts";

export interface OpenedDevice {
  readonly backend: Backend;
  readonly target: FusionTarget;
}

export interface Configuration {
  readonly name: string;
  readonly open: () => Promise<OpenedDevice>;
}

function cpu(fused: boolean, threads: number): Configuration {
  return {
    name: `cpu, ${fused ? "relaxed" : "plain"} SIMD, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    open: async () => ({ backend: wasmBackend({ threads, fused }), target: CPU }),
  };
}

export const configurations: readonly Configuration[] = [
  {
    name: "reference",
    open: async () => ({ backend: referenceBackend(), target: describeTarget(SOFTWARE) }),
  },
  cpu(true, 1),
  cpu(true, 2),
  cpu(false, 1),
  cpu(false, 2),
  { name: "webgpu", open: () => chooseDevice({ device: "webgpu" }) },
];
