/** Devices by the name that `MIRD_DEVICE` gives. */
import { compiledDevice } from "./compiled.ts";
import type { OracleDevice } from "./device.ts";
import { referenceDevice } from "./reference.ts";

export async function openDevice(name: string): Promise<OracleDevice> {
  if (name === "reference") return referenceDevice();
  if (name === "webgpu" || name === "cpu") return compiledDevice(name);
  throw new Error(`MIRD_DEVICE is ${name}; it can be webgpu, cpu or reference`);
}
