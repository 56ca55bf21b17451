/** What the functions for programs take, and how it becomes what commands take. */
import type { DeviceChoice, DeviceFlags } from "./devices.ts";
import { parseDevice } from "./devices.ts";
import type { GivenSpec } from "./sources.ts";

export interface SpecOptions {
  /** The path of a `.mird` file, or its text. */
  readonly spec: GivenSpec;
  /** The model to work on; default: the first one of the file. */
  readonly model?: string;
  /** Other values for sizes, numbers, flags and slots, written as in the language: `{ d: 32, penalty: "Club(hidden = 16)" }`. */
  readonly set?: Readonly<Record<string, string | number | boolean>>;
}

export interface DeviceOptions {
  /** Default: `auto`, a GPU if there is one, otherwise the CPU. */
  readonly device?: DeviceChoice;
  /** Threads of the CPU target; default: all cores. */
  readonly threads?: number;
}

/** Settings as text. */
export function settingsOf({ set = {} }: SpecOptions): Record<string, string> {
  return Object.fromEntries(Object.entries(set).map(([name, value]) => [name, String(value)]));
}

/** The device that is asked for, otherwise `preset`. Throws a UserError when there is none of that name. */
export function deviceOf({ device, threads }: DeviceOptions, preset: DeviceChoice = "auto"): DeviceFlags {
  const asked = device !== undefined;
  return { device: parseDevice(device ?? preset), asked, ...(threads === undefined ? {} : { threads }) };
}
