/** `mird doctor`: which device is used, why, and how to get a better one. */

import type { DeviceReport } from "../api/devices.ts";
import { surveyDevices } from "../api/devices.ts";
import { version } from "../api/version.ts";
import { wrap } from "../diagnostics/text.ts";
import type { Register } from "./command.ts";
import { EXIT } from "./failure.ts";

const ADVICE: Readonly<Record<string, string>> = {
  linux:
    "For a GPU on Linux, install its Vulkan driver and the Vulkan loader (libvulkan1); Mesa must be 23 or newer. `vulkaninfo --summary` shows what there is.",
  darwin: "On macOS Dawn uses Metal, which every Mac since 2012 has; a GPU should have been found.",
  win32: "On Windows Dawn uses Direct3D 12; update the graphics driver.",
};

const NAMES: Readonly<Record<DeviceReport["kind"], string>> = {
  gpu: "webgpu, GPU",
  cpu: "cpu",
  software: "webgpu, software driver",
};

export const registerDoctor: Register = (program, session) => {
  program
    .command("doctor")
    .summary("show which device is used, and why")
    .description("Shows which devices there are, which one is used, why, and how to get a better one.")
    .option("--json", "print JSON: {devices, chosen, reason}")
    .action(async (options: { json?: boolean }) => {
      session.json = options.json === true;
      const devices = await surveyDevices();
      const chosen = devices.find(({ available }) => available) ?? null;
      const reason = chosen === null ? "No device can run WebGPU." : reasonFor(chosen, devices);
      const { out } = session.io;
      if (session.json) {
        out.write(`${JSON.stringify({ devices, chosen: chosen?.description ?? null, reason }, null, 1)}\n`);
      } else out.write(describe(devices, chosen, reason));
      session.exitCode = chosen === null ? EXIT.device : EXIT.ok;
    });
};

function reasonFor(chosen: DeviceReport, devices: readonly DeviceReport[]): string {
  if (chosen.kind === "gpu") return chosen.reason;
  const gpu = devices.find(({ kind }) => kind === "gpu");
  return gpu === undefined ? chosen.reason : `No GPU can be used: ${oneLine(gpu.reason)}`;
}

/** The text of a message without its first line, which says that there is no device, in one line. */
function oneLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return (lines.length > 1 ? lines.slice(1) : lines).join(" ");
}

function describe(devices: readonly DeviceReport[], chosen: DeviceReport | null, reason: string): string {
  const lines = [`mird ${version()}, Node ${process.version}, ${process.platform} ${process.arch}`, ""];
  for (const device of devices) {
    const mark = device === chosen ? "→" : " ";
    const found = device.available ? device.description : "none";
    lines.push(`${mark} ${NAMES[device.kind]}: ${found}${device.kind === "cpu" ? `. ${device.reason}` : ""}`);
    if (!device.available) lines.push(wrap(`    ${oneLine(device.reason)}`, 100));
  }
  lines.push("", wrap(chosen === null ? reason : `Used: ${chosen.description}. ${reason}`, 100));
  if (chosen?.kind !== "gpu") lines.push("", wrap(ADVICE[process.platform] ?? "", 100));
  return `${lines.join("\n").trimEnd()}\n`;
}
