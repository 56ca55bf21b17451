import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageFolder } from "../base/package-folder.ts";

/** The version in `package.json`. */
export function version(): string {
  const text = readFileSync(join(packageFolder, "package.json"), "utf8");
  const found = /"version":\s*"([^"]+)"/.exec(text);
  return found?.[1] ?? "unknown";
}
