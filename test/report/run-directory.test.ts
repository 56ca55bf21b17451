import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../src/diagnostics/problems.ts";
import { readLog } from "../../src/report/log.ts";
import { newRunFolder, RunDirectory, readCheckpoint, readRun } from "../../src/report/run-directory.ts";
import type { RunInfo } from "../../src/report/run-info.ts";

const INFO: RunInfo = {
  status: "running",
  command: "mird train small.mird --seed 3",
  spec: "small.mird",
  sources: { "small.mird": "model Small { }\n" },
  model: "Small",
  settings: { d: "32" },
  sizes: { d: 32, B: 4 },
  seed: 3,
  drop: {},
  epochs: 10,
  dataset: { folder: "data/small", name: "small", fingerprint: "00ff" },
  pretrained: { bert: "models/bert" },
  loaded: { weights: [], vectors: [] },
  device: { target: "webgpu", name: "a device", reason: "the only one" },
  versions: { mird: "0.1.0", node: "20.20.0" },
  started: "2026-01-02T03:04:05.000Z",
  ended: null,
};

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "mird-run-"));
});
afterEach(() => rmSync(parent, { recursive: true }));

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error.problems[0]?.code;
    throw error;
  }
  return undefined;
}

describe("a run folder", () => {
  it("remembers everything about the run", () => {
    const folder = join(parent, "run");
    const run = RunDirectory.create(folder, INFO);
    expect(readRun(folder)).toEqual(INFO);
    run.setStatus("finished");
    run.close();
    const after = readRun(folder);
    expect(after.status).toBe("finished");
    expect(Date.parse(after.ended ?? "")).toBeGreaterThan(Date.parse(INFO.started));
  });

  it("keeps log lines in order, drops a torn one, and forgets those to be written again", () => {
    const folder = join(parent, "run");
    const run = RunDirectory.create(folder, INFO);
    for (let iteration = 0; iteration < 4; iteration++)
      run.addToLog({ iteration, loss: iteration === 2 ? Number.NaN : 1 });
    run.close();
    const path = join(folder, "metrics.jsonl");
    appendFileSync(path, '{"iteration":4,"lo');
    expect(readLog(path).map((entry) => entry.loss)).toEqual([1, 1, null, 1]);
    const again = RunDirectory.open(folder);
    again.trimLog((entry) => Number(entry.iteration) < 2);
    again.addToLog({ iteration: 2, loss: 5 });
    again.close();
    expect(readLog(path)).toEqual([
      { iteration: 0, loss: 1 },
      { iteration: 1, loss: 1 },
      { iteration: 2, loss: 5 },
    ]);
  });

  it("stores checkpoints whole, without leaving temporary files", () => {
    const folder = join(parent, "run");
    const run = RunDirectory.create(folder, INFO);
    expect(readCheckpoint(folder, "best")).toBeNull();
    const data = Float32Array.of(1, 2, 3);
    run.addToLog({ iteration: 0 });
    run.writeCheckpoint("best", new Map([["a.b", { dtype: "F32", shape: [3], data }]]), { epoch: "1" });
    expect(readLog(join(folder, "metrics.jsonl"))).toHaveLength(1);
    const back = readCheckpoint(folder, "best");
    expect(back?.tensors.get("a.b")?.data).toEqual(data);
    expect(back?.metadata).toEqual({ epoch: "1" });
    expect(readdirSync(join(folder, "checkpoints"))).toEqual(["best.safetensors"]);
    run.close();
  });

  it("has one writer at a time", () => {
    const folder = join(parent, "run");
    const run = RunDirectory.create(folder, INFO);
    expect(codeOf(() => RunDirectory.open(folder))).toBe("run-locked");
    run.close();
    RunDirectory.open(folder).close();
    expect(existsSync(join(folder, "run.lock"))).toBe(false);
  });

  it("forgets what a process that was killed has not finished writing", () => {
    const folder = join(parent, "run");
    RunDirectory.create(folder, INFO).close();
    const unfinished = [".run.json.7643.tmp", "checkpoints/.last.safetensors.7643.tmp"];
    for (const name of unfinished) writeFileSync(join(folder, name), "half");
    RunDirectory.open(folder).close();
    for (const name of unfinished) expect(existsSync(join(folder, name))).toBe(false);
    expect(existsSync(join(folder, "run.json"))).toBe(true);
  });

  it("takes over the lock of a process that is gone, not one of another machine", () => {
    const folder = join(parent, "run");
    RunDirectory.create(folder, INFO).close();
    writeFileSync(join(folder, "run.lock"), `2147483646 ${hostname()}\n`);
    RunDirectory.open(folder).close();
    writeFileSync(join(folder, "run.lock"), "1 elsewhere\n");
    expect(codeOf(() => RunDirectory.open(folder))).toBe("run-locked");
  });

  it("is never written over", () => {
    const folder = join(parent, "run");
    RunDirectory.create(folder, INFO).close();
    expect(codeOf(() => RunDirectory.create(folder, INFO))).toBe("run-exists");
    expect(codeOf(() => RunDirectory.create(parent, INFO))).toBe("run-exists");
    expect(codeOf(() => readRun(join(parent, "none")))).toBe("not-a-run");
  });

  it("is replaced on request, if it is a run that nobody writes to", () => {
    const folder = join(parent, "run");
    const first = RunDirectory.create(folder, INFO);
    first.writeText("predictions.csv", "old\n");
    expect(codeOf(() => RunDirectory.create(folder, INFO, true))).toBe("run-locked");
    first.close();
    RunDirectory.create(folder, { ...INFO, seed: 9 }, true).close();
    expect(readRun(folder).seed).toBe(9);
    expect(existsSync(join(folder, "predictions.csv"))).toBe(false);
    expect(codeOf(() => RunDirectory.create(parent, INFO, true))).toBe("run-exists");
  });

  it("of another version is refused", () => {
    const folder = join(parent, "run");
    RunDirectory.create(folder, INFO).close();
    const path = join(folder, "run.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"version": 1', '"version": 99'));
    expect(codeOf(() => readRun(folder))).toBe("run-version");
  });

  it("is named after the spec and the time", () => {
    const now = new Date("2026-01-02T03:04:05Z");
    const first = newRunFolder(parent, "specs/mird.mird", now);
    expect(first).toBe(join(parent, "mird-20260102-030405"));
    RunDirectory.create(first, INFO).close();
    expect(newRunFolder(parent, "specs/mird.mird", now)).toBe(`${first}-2`);
  });
});
