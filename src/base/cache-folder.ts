/** Where files lie that every run of mird may use again. */
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder of this user; it need not exist. */
export function cacheFolder(): string {
  const base = process.env.MIRD_CACHE_DIR ?? process.env.XDG_CACHE_HOME;
  return join(base !== undefined && base !== "" ? base : join(homedir(), ".cache"), "mird");
}
