/** `mird doctor`: which device is used, why, how fast each is, and how to get a better one. */
import { cacheIsOff, compiledFolder } from "../api/cache.ts";
import type { DeviceReport } from "../api/devices.ts";
import { surveyDevices } from "../api/devices.ts";
import { version } from "../api/version.ts";
import { wrap } from "../diagnostics/text.ts";
import { milliseconds, quantity } from "../report/quantity.ts";
import type { Register } from "./command.ts";
import type { DeviceSpeed } from "./device-speed.ts";
import { measureDevice } from "./device-speed.ts";
import { EXIT } from "./failure.ts";
import { gpuHint, graphicsFacts } from "./gpu-hint.ts";

const NAMES: Readonly<Record<DeviceReport["kind"], string>> = {
  gpu: "GPU (--device webgpu)",
  cpu: "CPU (--device cpu)",
  software: "software driver (--device webgpu without a GPU)",
};
const WIDTH = 100;

/** A device, and how fast it is; null where it is not available. */
interface Examined extends DeviceReport {
  readonly speed: DeviceSpeed | null;
}

export const registerDoctor: Register = (program, session) => {
  program
    .command("doctor")
    .summary("show which device is used, and why")
    .description(
      "Shows which devices there are, how fast each is, which one is used, why, and how to get a better one.",
    )
    .option("--json", "print JSON: {devices, chosen, reason, hint, cache}")
    .action(async (options: { json?: boolean }) => {
      session.json = options.json === true;
      const devices: Examined[] = [];
      for (const report of await surveyDevices())
        devices.push({ ...report, speed: report.available ? await measureDevice(report.kind) : null });
      const chosen = devices.find(({ available }) => available) ?? null;
      const reason = chosen === null ? "No device can run WebGPU." : reasonFor(chosen, devices);
      const hint = chosen?.kind === "gpu" ? null : gpuHint(graphicsFacts());
      const cache = cacheIsOff() ? null : compiledFolder();
      const { out } = session.io;
      if (session.json) {
        const facts = { devices, chosen: chosen?.description ?? null, reason, hint, cache };
        out.write(`${JSON.stringify(facts, null, 1)}\n`);
      } else out.write(describe(devices, chosen, reason, hint, cache));
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

function describe(
  devices: readonly Examined[],
  chosen: Examined | null,
  reason: string,
  hint: string | null,
  cache: string | null,
): string {
  const lines = [`mird ${version()}, Node ${process.version}, ${process.platform} ${process.arch}`, ""];
  for (const device of devices) {
    const mark = device === chosen ? "→" : " ";
    lines.push(`${mark} ${NAMES[device.kind]}: ${device.available ? device.description : "none"}`);
    if (!device.available) lines.push(wrap(`    ${oneLine(device.reason)}`, WIDTH));
    else if (device.kind === "cpu") lines.push(`    ${device.reason}`);
    if (device.speed !== null) lines.push(`    ${describeSpeed(device.speed)}`);
  }
  lines.push("", wrap(chosen === null ? reason : `Used: ${chosen.description}. ${reason}`, WIDTH));
  if (hint !== null) lines.push("", wrap(hint, WIDTH));
  const kept =
    cache === null
      ? "Compiled models are not kept (MIRD_CACHE=off)."
      : `Compiled models are kept in ${cache}; MIRD_CACHE=off does without.`;
  lines.push("", wrap(kept, WIDTH));
  return `${lines.join("\n").trimEnd()}\n`;
}

function describeSpeed(speed: DeviceSpeed): string {
  if ("failure" in speed) return `It did not work: ${speed.failure}`;
  return `${quantity(speed.flopsPerSecond, "FLOP/s")} in a matrix product of ${speed.size}; a small training step takes ${milliseconds(speed.stepMilliseconds)} ms`;
}
