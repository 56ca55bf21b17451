/** The cache of compiled models and code of this user. */
import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Cache } from "../base/cache.ts";
import { NO_CACHE } from "../base/cache.ts";
import { cacheFolder } from "../base/cache-folder.ts";
import { codeFolder } from "../base/package-folder.ts";
import { DiskCache } from "../driver/disk-cache.ts";
import { LibraryCache } from "./library-syntax.ts";

/** Some hundred models of the size of `specs/mird.mird`. */
const MOST_BYTES = 256 * 2 ** 20;

/** Where compiled models lie. */
export function compiledFolder(): string {
  return join(cacheFolder(), "compiled");
}

/** Whether the user does without (`MIRD_CACHE=off`). */
export function cacheIsOff(): boolean {
  return process.env.MIRD_CACHE === "off";
}

/** The cache that the environment asks for, and before it what was built with mird. */
export function openCache(): Cache {
  return new LibraryCache(cacheIsOff() ? NO_CACHE : userCache());
}

function userCache(): Cache {
  return new DiskCache({ folder: compiledFolder(), writer: compilerIdentity(), mostBytes: MOST_BYTES });
}

let identity: string | null = null;

/** What changes whenever the compiler or the engine under it does: what they make may then differ. It is found once, since a process never changes its code. */
function compilerIdentity(): string {
  identity ??= readIdentity();
  return identity;
}

function readIdentity(): string {
  const hash = createHash("sha256").update(`${process.version} ${process.arch}`);
  for (const name of readdirSync(codeFolder, { recursive: true, encoding: "utf8" }).sort()) {
    if (name.endsWith(".d.ts")) continue;
    const { size, mtimeMs } = statSync(join(codeFolder, name));
    hash.update(`${name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}
