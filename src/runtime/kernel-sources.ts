/** The hand-written WGSL of `kernels/`, which is shipped beside `dist/`. */
import { readFileSync } from "node:fs";

const texts = new Map<string, string>();

/** Text of `kernels/NAME`. The folder lies two levels above this file, both in `src/runtime` and in `dist/runtime`. */
export function loadKernelSource(name: string): string {
  let text = texts.get(name);
  if (text === undefined) {
    text = readFileSync(new URL(`../../kernels/${name}`, import.meta.url), "utf8");
    texts.set(name, text);
  }
  return text;
}
