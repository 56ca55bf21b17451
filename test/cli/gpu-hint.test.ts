/** How to get a GPU, for every kind of system. */
import { expect, test } from "vitest";
import type { GraphicsFacts } from "../../src/cli/gpu-hint.ts";
import { gpuHint, graphicsFacts } from "../../src/cli/gpu-hint.ts";

const LINUX: GraphicsFacts = {
  platform: "linux",
  makers: ["AMD"],
  distribution: ["ubuntu", "debian"],
  container: false,
  deviceFiles: true,
};

test.each<[what: string, facts: Partial<GraphicsFacts>, says: readonly string[]]>([
  ["a Mac", { platform: "darwin" }, ["Metal"]],
  ["Windows", { platform: "win32" }, ["Direct3D 12"]],
  ["another system", { platform: "freebsd" }, ["no GPU driver"]],
  ["AMD on Ubuntu", {}, ["a GPU by AMD", "apt install libvulkan1 mesa-vulkan-drivers", "vulkaninfo"]],
  [
    "NVIDIA on Debian",
    { makers: ["NVIDIA"], distribution: ["debian"] },
    ["NVIDIA's driver", "nvidia-driver"],
  ],
  [
    "Intel on Fedora",
    { makers: ["Intel"], distribution: ["fedora"] },
    ["dnf install vulkan-loader mesa-vulkan-drivers"],
  ],
  ["NVIDIA on Fedora", { makers: ["NVIDIA"], distribution: ["fedora"] }, ["akmod-nvidia"]],
  [
    "Intel on Arch",
    { makers: ["Intel"], distribution: ["arch"] },
    ["pacman -S vulkan-icd-loader vulkan-intel"],
  ],
  [
    "AMD on SUSE",
    { distribution: ["opensuse-leap", "suse", "opensuse"] },
    ["zypper install libvulkan1 libvulkan_radeon"],
  ],
  ["an unknown distribution", { distribution: ["nixos"] }, ["the packages of your distribution"]],
  [
    "a container without the GPU",
    { container: true, deviceFiles: false },
    ["has not been given it", "--gpus all"],
  ],
  ["a container without any", { container: true, deviceFiles: false, makers: [] }, ["sees no GPU"]],
  ["no GPU at all", { makers: [], deviceFiles: false }, ["nothing to install"]],
])("%s", (_, facts, says) => {
  const hint = gpuHint({ ...LINUX, ...facts });
  for (const words of says) expect(hint).toContain(words);
});

test("this machine can be looked at", () => {
  const facts = graphicsFacts();
  expect(facts.platform).toBe(process.platform);
  expect(gpuHint(facts)).toMatch(/\.$/);
});
