/**
 * Finds a device: a GPU where the system offers one through Dawn, else SwiftShader on the CPU.
 *
 * Hardware is probed in this process, without a child: an instance of Dawn that finds nothing does no harm, and a later instance searches
 * anew (measured with Dawn of webgpu 0.6.2). On Linux an instance is made only if a Vulkan loader can be opened, because Dawn prints a
 * warning on stderr otherwise.
 */
import { CompilerBug } from "../../base/invariant.ts";
import type { DeviceFacts } from "../../codegen/descriptor.ts";
import { DeviceFaults, deviceError } from "./faults.ts";
import { Pace } from "./pace.ts";
import { hasBundledDriver, hasSystemLoader, useBundledDriver } from "./software-adapter.ts";

export interface DawnDevice {
  readonly device: GPUDevice;
  readonly kind: DeviceFacts["kind"];
  /** Vendor, name and driver, in one line. */
  readonly description: string;
  readonly limits: GPUSupportedLimits;
  readonly features: ReadonlySet<string>;
  /** Why this adapter and no other. */
  readonly reason: string;
  readonly faults: DeviceFaults;
  /** What every wait for the device goes through. */
  readonly pace: Pace;
  /** Gives the device back. */
  close(): void;
}

export interface OpenOptions {
  /** `auto`: hardware if there is any; `only`: the software driver; `never`: hardware or an error. */
  readonly software?: "only" | "never" | "auto";
}

const LIMITS = [
  "maxStorageBuffersPerShaderStage",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupsPerDimension",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

const FEATURES = ["timestamp-query", "subgroups"] as const satisfies readonly GPUFeatureName[];

/** Profiles need times below 0.1 ms, to which Dawn would round them against malicious web pages. */
const DAWN_OPTIONS = ["disable-dawn-features=timestamp_quantization"];

/**
 * Kernels stay inside their operands by themselves, on every target. Dawn adds checks of it, for web pages that it cannot trust; on a software
 * driver they cost a sixth of the time that pipelines take and a third of an iteration.
 */
const SOFTWARE_OPTIONS = [...DAWN_OPTIONS, "enable-dawn-features=disable_robustness"];

/**
 * Opens a device with the adapter's largest limits. Throws a UserError (`no-adapter`, exit code 3) that says what was tried.
 */
export async function openDevice(options: OpenOptions = {}): Promise<DawnDevice> {
  const software = options.software ?? "auto";
  const tried: string[] = [];
  if (software !== "only") {
    const adapter = await systemAdapter(tried);
    if (adapter !== null) return openAdapter(adapter, "The system offers a GPU.");
  }
  if (software !== "never") {
    const adapter = await softwareAdapter(tried);
    if (adapter !== null) return openAdapter(adapter, tried.join(" "));
  }
  const text = ["No device can run WebGPU.", ...tried.map((line) => `    ${line}`)].join("\n");
  throw deviceError(
    "no-adapter",
    "No device found",
    text,
    "`mird doctor` shows what was tried and how to get a device.",
  );
}

async function systemAdapter(tried: string[]): Promise<GPUAdapter | null> {
  if (process.platform === "linux" && !hasSystemLoader()) {
    tried.push("This system has no Vulkan loader (libvulkan.so.1), so no GPU driver can be reached.");
    return null;
  }
  const adapter = await requestAdapter({ powerPreference: "high-performance" }, tried);
  if (adapter !== null && !adapter.info.isFallbackAdapter) return adapter;
  tried.push(
    adapter === null
      ? "Dawn found no GPU."
      : `Dawn found no GPU, only the software driver ${describe(adapter)}.`,
  );
  return null;
}

async function softwareAdapter(tried: string[]): Promise<GPUAdapter | null> {
  if (!hasBundledDriver()) {
    // Windows has a software driver of its own.
    const adapter = await requestAdapter({ forceFallbackAdapter: true }, tried, SOFTWARE_OPTIONS);
    tried.push(
      adapter === null
        ? `There is no software driver for ${process.platform} on ${process.arch}.`
        : "The system's software driver is used.",
    );
    return adapter;
  }
  try {
    await useBundledDriver();
  } catch (error) {
    tried.push(
      `The bundled software driver could not be loaded: ${error instanceof Error ? error.message : String(error)}.`,
    );
    return null;
  }
  const adapter = await requestAdapter({}, tried, SOFTWARE_OPTIONS);
  tried.push(
    adapter === null ? "Dawn refused the bundled software driver." : "The bundled software driver is used.",
  );
  return adapter;
}

async function requestAdapter(
  options: GPURequestAdapterOptions,
  tried: string[],
  dawnOptions: readonly string[] = DAWN_OPTIONS,
): Promise<GPUAdapter | null> {
  try {
    const { create } = await import("webgpu");
    const instance = create([...dawnOptions]);
    keepAlive(instance);
    return await instance.requestAdapter(options);
  } catch (error) {
    tried.push(`Dawn could not be loaded: ${error instanceof Error ? error.message : String(error)}.`);
    return null;
  }
}

/**
 * Keeps an instance for the life of the process: when it is collected, even after its last use, the process aborts with "The futex
 * facility returned an unexpected error code".
 */
function keepAlive(instance: GPU): void {
  const key = Symbol.for("mird.dawn.instances");
  const holder: Record<symbol, unknown> = Object(globalThis);
  const kept = holder[key];
  if (Array.isArray(kept)) kept.push(instance);
  else holder[key] = [instance];
}

async function openAdapter(adapter: GPUAdapter, reason: string): Promise<DawnDevice> {
  const requiredFeatures = FEATURES.filter((feature) => adapter.features.has(feature));
  const requiredLimits: Record<string, number> = {};
  for (const limit of LIMITS) requiredLimits[limit] = adapter.limits[limit];
  const device = await adapter.requestDevice({ requiredFeatures, requiredLimits }).catch((error: unknown) => {
    throw new CompilerBug(
      `${describe(adapter)} refused its own limits: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  const faults = new DeviceFaults(device);
  const kind = kindOf(adapter.info);
  return {
    device,
    faults,
    pace: new Pace(kind === "software"),
    reason,
    kind,
    description: describe(adapter),
    limits: device.limits,
    features: new Set(requiredFeatures),
    close: () => {
      faults.expectLoss();
      device.destroy();
    },
  };
}

function describe(adapter: GPUAdapter): string {
  const { vendor, architecture, device, description } = adapter.info;
  return [vendor, architecture, device, description && `(${description})`]
    .filter((part) => part !== "")
    .join(" ");
}

/** WebGPU does not say whether a GPU shares its memory with the CPU; its vendor and generation do, mostly. */
function kindOf(info: GPUAdapterInfo): DawnDevice["kind"] {
  if (info.isFallbackAdapter) return "software";
  if (info.vendor === "nvidia" || info.vendor === "amd") return "discrete";
  return info.vendor === "intel" && info.architecture.endsWith("hpg") ? "discrete" : "integrated";
}

/** What code generation asks about a device. */
export function deviceFacts(opened: DawnDevice): DeviceFacts {
  const { limits, kind } = opened;
  return {
    kind,
    maxStorageBuffers: limits.maxStorageBuffersPerShaderStage,
    maxInvocations: Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
    maxWorkgroups: limits.maxComputeWorkgroupsPerDimension,
  };
}
