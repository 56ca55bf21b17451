/** Devices by the name that `MIRD_DEVICE` gives. */
import type { OracleDevice } from "./device.ts";
import { referenceDevice } from "./reference.ts";
import { webgpuDevice } from "./webgpu.ts";

export async function openDevice(name: string): Promise<OracleDevice> {
  if (name === "reference") return referenceDevice();
  if (name === "webgpu") return webgpuDevice();
  throw new Error(`MIRD_DEVICE is ${name}; it can be webgpu or reference`);
}
