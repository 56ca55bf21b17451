/** How to get a GPU on this machine: what the system shows of its graphics hardware, and the packages that its kind of system needs for it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface GraphicsFacts {
  readonly platform: string;
  /** Makers of the graphics hardware that the system shows, whatever its drivers: `NVIDIA`, `AMD`, `Intel`. */
  readonly makers: readonly string[];
  /** Words of /etc/os-release that name the distribution and those that it is like: `ubuntu`, `debian`. */
  readonly distribution: readonly string[];
  readonly container: boolean;
  /** Whether any device file of a GPU can be seen. */
  readonly deviceFiles: boolean;
}

const MAKERS: Readonly<Record<string, string>> = { "0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel" };
/** PCI class of display controllers. */
const DISPLAY = "0x03";

/** What can be found out by looking at files. */
export function graphicsFacts(platform: string = process.platform): GraphicsFacts {
  const linux = platform === "linux";
  return {
    platform,
    makers: linux ? pciMakers("/sys/bus/pci/devices") : [],
    distribution: linux ? distribution("/etc/os-release") : [],
    container: existsSync("/.dockerenv") || existsSync("/run/.containerenv"),
    deviceFiles: ["/dev/dri", "/dev/nvidiactl", "/dev/dxg"].some((path) => existsSync(path)),
  };
}

function pciMakers(folder: string): string[] {
  const found = new Set<string>();
  for (const device of listed(folder)) {
    if (!content(join(folder, device, "class")).startsWith(DISPLAY)) continue;
    const maker = MAKERS[content(join(folder, device, "vendor"))];
    if (maker !== undefined) found.add(maker);
  }
  return [...found];
}

function distribution(path: string): string[] {
  const fields = content(path).matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm);
  return [...fields].flatMap(([, words = ""]) => words.split(" ")).filter((word) => word !== "");
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function content(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

/** What to do for a GPU, in a few sentences. */
export function gpuHint(facts: GraphicsFacts): string {
  if (facts.platform === "darwin")
    return "On macOS Dawn uses Metal, which every Mac since 2012 has; a GPU should have been found. In a virtual machine there is often none.";
  if (facts.platform === "win32")
    return "On Windows Dawn uses Direct3D 12. Update the graphics driver from its maker's page; a remote session or a virtual machine may hide the GPU.";
  if (facts.platform !== "linux")
    return "Dawn has no GPU driver for this system; the CPU is the device to use.";
  return linuxHint(facts);
}

function linuxHint({ makers, distribution: names, container, deviceFiles }: GraphicsFacts): string {
  const [maker] = makers;
  if (maker === undefined && !deviceFiles)
    return container
      ? "This container sees no GPU. If the machine has one, hand it in: `docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=all …` for NVIDIA, `--device /dev/dri` for others."
      : "This machine shows no GPU, so there is nothing to install; the CPU is the device to use.";
  const found =
    maker === undefined ? "There is a GPU here." : `There is a GPU by ${makers.join(" and ")} here.`;
  const handed =
    container && !deviceFiles
      ? " This container has not been given it: `--gpus all -e NVIDIA_DRIVER_CAPABILITIES=all` for NVIDIA, `--device /dev/dri` for others."
      : "";
  const driver = maker === "NVIDIA" ? "NVIDIA's driver" : "Mesa's Vulkan drivers (23 or newer)";
  return `${found}${handed} Dawn needs the Vulkan loader and ${driver}: ${packages(names, maker)}. \`vulkaninfo --summary\` then lists it.`;
}

/** The command that installs loader and driver. */
function packages(names: readonly string[], maker: string | undefined): string {
  const nvidia = maker === "NVIDIA";
  const is = (...words: readonly string[]) => words.some((word) => names.includes(word));
  if (is("debian", "ubuntu"))
    return `\`sudo apt install libvulkan1 ${nvidia ? "nvidia-driver" : "mesa-vulkan-drivers"}\`${nvidia ? " (on Ubuntu `sudo ubuntu-drivers install`)" : ""}`;
  if (is("fedora", "rhel", "centos"))
    return nvidia
      ? "`sudo dnf install vulkan-loader akmod-nvidia` (from RPM Fusion)"
      : "`sudo dnf install vulkan-loader mesa-vulkan-drivers`";
  if (is("arch"))
    return `\`sudo pacman -S vulkan-icd-loader ${nvidia ? "nvidia-utils" : maker === "AMD" ? "vulkan-radeon" : "vulkan-intel"}\``;
  if (is("suse", "opensuse"))
    return nvidia
      ? "`sudo zypper install libvulkan1` and the driver from NVIDIA's repository"
      : `\`sudo zypper install libvulkan1 ${maker === "AMD" ? "libvulkan_radeon" : "libvulkan_intel"}\``;
  return "the packages of your distribution, often called `libvulkan1` or `vulkan-loader`, and the driver";
}
