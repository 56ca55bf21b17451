/** Where mird itself lies: its package, with specs and kernels beside the code, and the folder in it that the code runs from. */
import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { CompilerBug } from "./invariant.ts";

const here = dirname(fileURLToPath(import.meta.url));

/** The folder with `package.json`. */
export const packageFolder: string = nearestPackage(here);

/** `src` when the sources run, `dist` when what was built of them does. */
export const codeFolder: string = join(packageFolder, relative(packageFolder, here).split(sep)[0] ?? "");

function nearestPackage(folder: string): string {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder)
    throw new CompilerBug("mird runs outside its package: there is no package.json above its code");
  return nearestPackage(parent);
}
