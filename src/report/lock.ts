/** One writer per run folder: a lock file with the process that holds it. A lock whose process is gone is taken over. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { runError } from "./run-error.ts";

const LOCK_FILE = "run.lock";

/** Takes the lock of a folder and returns the function that gives it back. Throws a UserError when another process holds it. */
export function lockFolder(folder: string): () => void {
  const path = join(folder, LOCK_FILE);
  const mine = `${process.pid} ${hostname()}\n`;
  // The second try follows the removal of a dead lock; a third writer that came in between keeps it.
  for (const last of [false, true]) {
    try {
      writeFileSync(path, mine, { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
    const holder = holderOf(path);
    if (last || holder.alive) {
      const hint = `If that process is gone, remove \`${path}\`.`;
      throw runError("run-locked", folder, `Process ${holder.name} is writing to this run.`, hint);
    }
    rmSync(path, { force: true });
  }
  throw runError("run-locked", folder, "Another process is writing to this run.");
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}

/** A process on another machine counts as alive, since nothing here can tell. */
function holderOf(path: string): { readonly name: string; readonly alive: boolean } {
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch {
    return { name: "unknown", alive: false };
  }
  const [pid, host] = text.split(" ");
  if (host !== hostname()) return { name: `${pid} on ${host}`, alive: true };
  return { name: String(pid), alive: isAlive(Number(pid)) };
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
