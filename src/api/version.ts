import { readFileSync } from "node:fs";

/** The version in `package.json`, two levels above this file in `src/api` as in `dist/api`. */
export function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const found = /"version":\s*"([^"]+)"/.exec(text);
  return found?.[1] ?? "unknown";
}
