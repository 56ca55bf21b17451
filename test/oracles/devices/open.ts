/** Devices by the name that `MIRD_DEVICE` gives. */
import type { OracleDevice } from "./device.ts";
import { referenceDevice } from "./reference.ts";

export async function openDevice(name: string): Promise<OracleDevice> {
  if (name === "reference") return referenceDevice();
  throw new Error(`MIRD_DEVICE is ${name}; it can be webgpu or reference`);
}
