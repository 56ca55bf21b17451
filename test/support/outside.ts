/** Files that developers keep beside the repository and users have not. Tests that need them are left out where they are absent, and say so. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** Real and hostile data: `MIRD_DATA`, otherwise the developers' folder. */
const data = process.env.MIRD_DATA ?? join(import.meta.dirname, "../../../shared/data");

/** A folder of the data, whether it is there or not. */
export function dataFolder(name: string): string {
  return join(data, name);
}

/** Golden values: `MIRD_ORACLES`, otherwise the developers' folder; null after a line that says what is left out without them. */
export function oracleFolder(what: string): string | null {
  const folder = resolve(process.env.MIRD_ORACLES ?? join(import.meta.dirname, "../../../shared/oracles"));
  return isThere(what, folder) ? folder : null;
}

/** Whether all folders are there; otherwise prints what is left out, and why. */
export function isThere(what: string, ...folders: readonly string[]): boolean {
  const missing = folders.filter((folder) => !existsSync(folder));
  for (const folder of missing)
    console.log(`Left out: ${what}. There is no ${folder} (set MIRD_DATA or MIRD_ORACLES).`);
  return missing.length === 0;
}
