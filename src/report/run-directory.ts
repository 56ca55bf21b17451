/**
 * A run's folder: `run.json`, `metrics.jsonl`, checkpoints, predictions and the final metrics. Every file but the log is written under a
 * temporary name, synced and renamed, so that whatever stops the program leaves whole files behind.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { reason, removeUnfinished, writeFileAtomic } from "../data/files.ts";
import type { SafetensorsFile, Tensor } from "../data/safetensors.ts";
import { readSafetensors, writeSafetensors } from "../data/safetensors.ts";
import { lockFolder } from "./lock.ts";
import type { LogEntry } from "./log.ts";
import { Log } from "./log.ts";
import { runError } from "./run-error.ts";
import type { RunInfo, RunStatus } from "./run-info.ts";
import { printRunInfo, RUN_FILE, readRunInfo } from "./run-info.ts";

/** `last` is what a run goes on from; `best` holds the selected parameters. */
type CheckpointName = "last" | "best";

/** A run folder that this process writes to. */
export class RunDirectory {
  readonly folder: string;
  info: RunInfo;
  private readonly log: Log;
  private readonly unlock: () => void;

  private constructor(folder: string, info: RunInfo, unlock: () => void) {
    this.folder = folder;
    this.info = info;
    this.unlock = unlock;
    this.log = new Log(join(folder, "metrics.jsonl"));
  }

  /** Makes a new run folder; the folder must not exist or be empty. `force` removes a run that is there. */
  static create(folder: string, info: RunInfo, force = false): RunDirectory {
    checkRunFolder(folder, force);
    if (existsSync(join(folder, RUN_FILE))) {
      // Whoever writes to it must end first; the lock goes with the folder.
      lockFolder(folder);
      rmSync(folder, { recursive: true });
    }
    try {
      mkdirSync(join(folder, "checkpoints"), { recursive: true });
    } catch (error) {
      throw runError("run-unreadable", folder, `The folder cannot be made: ${reason(error)}.`);
    }
    const run = new RunDirectory(folder, info, lockFolder(folder));
    run.writeInfo();
    return run;
  }

  /** Opens an existing run to go on with it. */
  static open(folder: string): RunDirectory {
    const info = readRun(folder);
    const run = new RunDirectory(folder, info, lockFolder(folder));
    for (const part of [folder, join(folder, "checkpoints")]) removeUnfinished(part);
    return run;
  }

  setStatus(status: RunStatus): void {
    const ended = status === "running" ? null : new Date().toISOString();
    this.info = { ...this.info, status, ended };
    this.writeInfo();
  }

  private writeInfo(): void {
    this.writeText(RUN_FILE, printRunInfo(this.info));
  }

  addToLog(entry: LogEntry): void {
    this.log.add(entry);
  }

  flushLog(): void {
    this.log.flush();
  }

  /** Drops log lines that a resumed run will write again. */
  trimLog(keep: (entry: LogEntry) => boolean): void {
    this.log.rewrite(keep);
  }

  /** Writes a checkpoint, the log first: a checkpoint never knows more than the log. */
  writeCheckpoint(
    name: CheckpointName,
    tensors: ReadonlyMap<string, Tensor>,
    metadata: Readonly<Record<string, string>>,
  ): void {
    this.log.flush();
    writeSafetensors(checkpointPath(this.folder, name), tensors, metadata);
  }

  writeJson(name: string, value: unknown): void {
    this.writeText(name, `${JSON.stringify(value, null, 1)}\n`);
  }

  writeText(name: string, text: string): void {
    writeFileAtomic(join(this.folder, name), [new TextEncoder().encode(text)]);
  }

  /** Flushes the log and gives the folder back. */
  close(): void {
    this.log.flush();
    this.unlock();
  }
}

/** Reads what a run folder says about itself; throws a UserError when it is none. */
export function readRun(folder: string): RunInfo {
  if (!existsSync(join(folder, RUN_FILE))) {
    const what = existsSync(folder) ? `The folder has no \`${RUN_FILE}\`.` : "There is no such folder.";
    throw runError(
      "not-a-run",
      folder,
      what,
      "Give the folder that `mird train` has printed, for example `runs/mird-…`.",
    );
  }
  return readRunInfo(folder);
}

/** Reads a checkpoint; null when the run has none of that name yet. */
export function readCheckpoint(folder: string, name: CheckpointName): SafetensorsFile | null {
  const path = checkpointPath(folder, name);
  return existsSync(path) ? readSafetensors(path) : null;
}

/** The file of a checkpoint. */
export function checkpointPath(folder: string, name: CheckpointName): string {
  return join(folder, "checkpoints", `${name}.safetensors`);
}

/** Refuses a folder that has something in it; with `force` anything but a run. */
export function checkRunFolder(folder: string, force: boolean): void {
  if (!existsSync(folder)) return;
  let entries: string[];
  try {
    entries = readdirSync(folder);
  } catch (error) {
    throw runError("run-exists", folder, `This cannot become a run folder: ${reason(error)}.`);
  }
  if (entries.length === 0) return;
  const isRun = entries.includes(RUN_FILE);
  if (isRun && force) return;
  const hint = isRun
    ? `Go on with it by \`--resume ${folder}\`, replace it by \`--force\`, or give another folder.`
    : "Give another folder.";
  throw runError(
    "run-exists",
    folder,
    isRun ? "The folder holds another run." : "The folder is not empty.",
    hint,
  );
}

/** A new folder name under `parent`: the spec's name and the time, with a number where that is taken. */
export function newRunFolder(parent: string, spec: string, now: Date): string {
  const stamp = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  const name = `${basename(spec).replace(/\.mird$/, "")}-${stamp}`;
  let folder = join(parent, name);
  for (let number = 2; existsSync(folder); number++) folder = join(parent, `${name}-${number}`);
  return folder;
}
