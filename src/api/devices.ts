/** Which device does the work: the choice of `--device`, opened and explained. */
import type { Cache } from "../base/cache.ts";
import { NO_CACHE } from "../base/cache.ts";
import type { DeviceFacts } from "../codegen/descriptor.ts";
import { describeTarget } from "../codegen/descriptor.ts";
import { CPU } from "../codegen/wasm/descriptor.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { FusionTarget } from "../fuse/target.ts";
import { amount } from "../report/quantity.ts";
import type { Backend } from "../runtime/backend.ts";
import type { OpenOptions } from "../runtime/dawn/device.ts";
import { deviceFacts, openDevice } from "../runtime/dawn/device.ts";
import { dawnBackend } from "../runtime/dawn/execute.ts";
import { loadKernelSource } from "../runtime/kernel-sources.ts";
import { referenceBackend } from "../runtime/reference/backend.ts";
import { threadCount, wasmBackend } from "../runtime/wasm/execute.ts";
import { openCache } from "./cache.ts";

/** What kernels are made for where no device says what it can do: the least that WebGPU guarantees. */
export const SOFTWARE: DeviceFacts = {
  kind: "software",
  maxStorageBuffers: 8,
  maxInvocations: 256,
  maxWorkgroups: 65535,
};

const CHOICES = ["auto", "webgpu", "cpu", "reference"] as const;
export type DeviceChoice = (typeof CHOICES)[number];

/** What is asked of the device. */
export interface DeviceFlags {
  readonly device: DeviceChoice;
  /** Whether somebody named the device; otherwise it is what the command or function takes by itself. */
  readonly asked?: boolean;
  /** Threads of the CPU target; default: all that there are. */
  readonly threads?: number;
}

/** An opened device and why it was taken. */
export interface ChosenDevice {
  readonly backend: Backend;
  /** What fusion has to know about it. */
  readonly target: FusionTarget & { readonly name: string };
  readonly reason: string;
  /** Models and code that were compiled before. */
  readonly cache: Cache;
}

/** The device of that name. Throws a UserError that lists the names. */
export function parseDevice(text: string): DeviceChoice {
  const choice = CHOICES.find((known) => known === text);
  if (choice !== undefined) return choice;
  const known = CHOICES.map((name) => `\`${name}\``).join(", ");
  throw new UserError([
    {
      code: "unknown-device",
      severity: "error",
      title: "Device cannot be chosen",
      primary: null,
      related: [],
      place: { file: `--device ${text}` },
      text: `There is no device \`${text}\`.`,
      hint: `The devices are ${known}.`,
    },
  ]);
}

/**
 * Opens the device to run something on it; code for it is kept in `cache`. Whoever opens it closes the backend. Throws a UserError with exit code 3 when
 * there is none.
 */
export async function chooseDevice(flags: DeviceFlags, cache: Cache = openCache()): Promise<ChosenDevice> {
  const chosen = await findDevice(flags, cache);
  chosen.backend.start?.();
  return chosen;
}

/** What kernels are made for, and what the device can hold. Throws a UserError with exit code 3 when there is none. */
export async function describeDevice(
  flags: DeviceFlags,
): Promise<Pick<ChosenDevice, "target"> & Pick<Backend, "limits" | "description">> {
  const { backend, target } = await findDevice(flags, NO_CACHE);
  const { limits, description } = backend;
  backend.close();
  return { target, limits, description };
}

async function findDevice(
  { device, asked = false, threads }: DeviceFlags,
  cache: Cache,
): Promise<ChosenDevice> {
  const reason = asked ? "It was asked for." : "It is used unless another device is asked for.";
  switch (device) {
    case "reference":
      return {
        backend: referenceBackend(),
        target: describeTarget(SOFTWARE),
        reason,
        cache,
      };
    case "cpu":
      return chooseCpu(threads, reason, cache);
    case "webgpu":
      return chooseDawn({}, cache);
    case "auto":
      try {
        return await chooseDawn({ software: "never" }, cache);
      } catch (error) {
        if (!(error instanceof UserError) || error.exitCode !== 3) throw error;
        return chooseCpu(threads, whyNoGpu(error), cache);
      }
  }
}

async function chooseDawn(options: OpenOptions, cache: Cache): Promise<ChosenDevice> {
  const opened = await openDevice(options);
  const target = describeTarget(deviceFacts(opened));
  const backend = dawnBackend(opened, loadKernelSource);
  return { backend, target, reason: opened.reason, cache };
}

function chooseCpu(threads: number | undefined, reason: string, cache: Cache): ChosenDevice {
  const backend = wasmBackend({ cache, ...(threads === undefined ? {} : { threads }) });
  const count = threadCount(threads);
  return {
    backend,
    target: CPU,
    reason: `${amount(count, "thread")}. ${reason}`,
    cache,
  };
}

/** What was tried, in one line, without the statement that there is nothing. */
function whyNoGpu(error: UserError): string {
  const lines = error.problems.flatMap(({ text }) => text.split("\n").slice(1));
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}

/** What `mird doctor` tells about one device. */
export interface DeviceReport {
  readonly target: "webgpu" | "cpu";
  readonly kind: "gpu" | "cpu" | "software";
  readonly available: boolean;
  readonly description: string;
  readonly reason: string;
}

/** Tries each kind of device, the best first. */
export async function surveyDevices(): Promise<DeviceReport[]> {
  return [await survey("gpu"), await survey("cpu"), await survey("software")];
}

/** Opens a kind of device. Throws a UserError with exit code 3 when there is none. */
export async function openSurveyed(kind: DeviceReport["kind"]): Promise<ChosenDevice> {
  if (kind === "cpu") return chooseCpu(undefined, "Every machine with Node has it.", NO_CACHE);
  return chooseDawn({ software: kind === "gpu" ? "never" : "only" }, NO_CACHE);
}

async function survey(kind: DeviceReport["kind"]): Promise<DeviceReport> {
  const target = kind === "cpu" ? "cpu" : "webgpu";
  try {
    const { backend, reason } = await openSurveyed(kind);
    const { description } = backend;
    backend.close();
    return { target, kind, available: true, description, reason };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const reason = error.problems.map((problem) => problem.text).join("\n");
    return { target, kind, available: false, description: "", reason };
  }
}
