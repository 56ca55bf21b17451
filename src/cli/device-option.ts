/** The options `--device` and `--threads`. */
import type { Command } from "commander";
import { Option } from "commander";
import type { DeviceChoice } from "../api/devices.ts";
import { parseDevice } from "../api/devices.ts";
import { wholeNumber } from "./command.ts";

/** Adds `--device` and `--threads`, which give `DeviceFlags`; `preset` is what holds without them. */
export function addDeviceOption(command: Command, preset: DeviceChoice = "auto"): Command {
  const option = new Option(
    "--device <device>",
    "auto: a GPU if there is one, otherwise the CPU; webgpu: through Dawn, on a software driver where there is no GPU; cpu: WebAssembly on the CPU's cores; reference: float64 in plain TypeScript, for tiny models",
  );
  return command
    .addOption(option.argParser(parseDevice).default(preset).implies({ asked: true }))
    .option("--threads <n>", "threads of the device cpu (default: all cores)", wholeNumber(1));
}
