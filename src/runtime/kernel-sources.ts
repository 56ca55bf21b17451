/** The hand-written WGSL of `kernels/`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolder } from "../base/package-folder.ts";

const texts = new Map<string, string>();

/** Text of `kernels/NAME`. */
export function loadKernelSource(name: string): string {
  let text = texts.get(name);
  if (text === undefined) {
    text = readFileSync(join(packageFolder, "kernels", name), "utf8");
    texts.set(name, text);
  }
  return text;
}
