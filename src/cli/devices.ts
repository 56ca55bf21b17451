/** Which device runs a command: the choice of `--device`, opened and explained. */
import type { Command } from "commander";
import { Option } from "commander";
import type { DeviceFacts, TargetDescriptor } from "../codegen/descriptor.ts";
import { describeTarget } from "../codegen/descriptor.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { Backend } from "../runtime/backend.ts";
import type { OpenOptions } from "../runtime/dawn/device.ts";
import { deviceFacts, openDevice } from "../runtime/dawn/device.ts";
import { dawnBackend } from "../runtime/dawn/execute.ts";
import { loadKernelSource } from "../runtime/kernel-sources.ts";
import { referenceBackend } from "../runtime/reference/backend.ts";

/** What kernels are made for where no device says what it can do: the least that WebGPU guarantees. */
export const SOFTWARE: DeviceFacts = {
  kind: "software",
  maxStorageBuffers: 8,
  maxInvocations: 256,
  maxWorkgroups: 65535,
};

const CHOICES = ["auto", "webgpu", "reference"] as const;
export type DeviceChoice = (typeof CHOICES)[number];

/** An opened device and why it was taken. */
export interface ChosenDevice {
  readonly backend: Backend;
  /** What the compiler has to know about it. */
  readonly target: TargetDescriptor;
  readonly reason: string;
}

/** Adds `--device`. */
export function addDeviceOption(command: Command): Command {
  const option = new Option(
    "--device <device>",
    "auto: a GPU if there is one, otherwise the software driver; webgpu: the same, through Dawn in any case; reference: float64 in plain TypeScript, for tiny models",
  );
  return command.addOption(option.argParser(parseDevice).default("auto"));
}

function parseDevice(text: string): DeviceChoice {
  const choice = CHOICES.find((known) => known === text);
  if (choice !== undefined) return choice;
  const known = CHOICES.map((name) => `\`${name}\``).join(", ");
  const planned =
    text === "cpu"
      ? "The CPU target (WebAssembly) does not exist yet; until then `auto` runs on the software driver where there is no GPU."
      : `There is no device \`${text}\`.`;
  throw new UserError([
    {
      code: "unknown-device",
      severity: "error",
      title: "Device cannot be chosen",
      primary: null,
      related: [],
      place: { file: `--device ${text}` },
      text: planned,
      hint: `The devices are ${known}.`,
    },
  ]);
}

/** Opens the device. Throws a UserError with exit code 3 when there is none. */
export async function chooseDevice(choice: DeviceChoice): Promise<ChosenDevice> {
  if (choice === "reference") {
    return { backend: referenceBackend(), target: describeTarget(SOFTWARE), reason: "It was asked for." };
  }
  const opened = await openDevice();
  const target = describeTarget(deviceFacts(opened));
  return { backend: dawnBackend(opened, loadKernelSource), target, reason: opened.reason };
}

/** What `mird doctor` tells about one device. */
export interface DeviceReport {
  readonly target: "webgpu";
  readonly kind: "gpu" | "software";
  readonly available: boolean;
  readonly description: string;
  readonly reason: string;
}

/** Tries each kind of device. */
export async function surveyDevices(): Promise<DeviceReport[]> {
  return [await survey("gpu", { software: "never" }), await survey("software", { software: "only" })];
}

async function survey(kind: DeviceReport["kind"], options: OpenOptions): Promise<DeviceReport> {
  try {
    const opened = await openDevice(options);
    const { description, reason } = opened;
    opened.close();
    return { target: "webgpu", kind, available: true, description, reason };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const reason = error.problems.map((problem) => problem.text).join("\n");
    return { target: "webgpu", kind, available: false, description: "", reason };
  }
}
