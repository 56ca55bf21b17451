/** Whole runs through the command line, on WebGPU and on the reference: training, stopping, going on, evaluating, predicting. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/data/safetensors.ts";
import { readLog } from "../../src/report/log.ts";
import { readRun } from "../../src/report/run-directory.ts";
import { runCli } from "../support/cli.ts";

const TINY = "test/cli/fixtures/tiny.mird";
let folder: string;
let data: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-train-"));
  data = join(folder, "data");
  const rows = ["--train", "20", "--unlabelled", "0", "--valid", "6", "--test", "5"];
  const sizes = ["--text-length", "3", "--audio-length", "5", "--vision-length", "3", "--audio-width", "3"];
  expect((await runCli("data", "synth", "--out", data, ...rows, ...sizes)).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function trained(out: string, ...more: string[]): Promise<string> {
  const run = join(folder, out);
  const result = await runCli("train", TINY, "--data", data, "--out", run, ...more);
  expect(result).toMatchObject({ code: 0 });
  return result.out;
}

/** Everything in a log but the time that it took. */
const logOf = (run: string) =>
  readLog(join(folder, run, "metrics.jsonl")).map(({ seconds: _, ...entry }) => entry);
const bytesOf = (run: string, file: string) => readFileSync(join(folder, run, file));

describe("a run", () => {
  let printed: string;
  beforeAll(async () => {
    printed = await trained("web", "--set", "d=3", "--seed", "7");
  });

  it("says which device ran and why, and ends with a table", () => {
    expect(printed).toMatch(/^Device: .+\. .+\.\nRun folder: .+\n/);
    expect(printed).toMatch(/Trained 4 epochs in .* s\. Epoch \d has the best valid\.mae: [\d.]+\.\n/);
    expect(printed).toMatch(/^mae +[\d.]+ +[\d.]+$/m);
  });

  it("leaves a folder with everything", () => {
    const files = readdirSync(join(folder, "web"), { recursive: true, encoding: "utf8" });
    expect(files.sort()).toEqual([
      "checkpoints",
      "checkpoints/best.safetensors",
      "checkpoints/last.safetensors",
      "metrics.json",
      "metrics.jsonl",
      "predictions.csv",
      "report.html",
      "run.json",
    ]);
    const info = readRun(join(folder, "web"));
    expect(info).toMatchObject({
      status: "finished",
      model: "Tiny",
      settings: { d: "3" },
      seed: 7,
      epochs: 4,
    });
    expect(info.sizes).toMatchObject({ d: 3, D: 3, T: 5, B: 8 });
    expect(Object.keys(info.sources)).toEqual(expect.arrayContaining([TINY, "std.nn", "std.loss"]));
  });

  it("names parameters by their path", () => {
    const { tensors } = readSafetensors(join(folder, "web", "checkpoints", "best.safetensors"));
    expect(Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape]))).toEqual({
      "h.weight": [3, 3],
      "h.offset": [3],
      "y_hat.weight": [1, 3],
      "y_hat.offset": [1],
    });
  });

  it("is logged iteration by iteration, epoch by epoch", () => {
    const log = logOf("web");
    expect(log.filter(({ kind }) => kind === "iteration").map(({ iteration }) => iteration)).toEqual([
      ...Array(12).keys(),
    ]);
    expect(log.filter(({ kind }) => kind === "epoch")).toHaveLength(4);
    expect(log.at(-1)).toMatchObject({ valid: { metrics: { mae: expect.any(Number) } } });
  });

  it("predicts every row of the validation and test splits", () => {
    const lines = readFileSync(join(folder, "web", "predictions.csv"), "utf8")
      .trim()
      .split("\n");
    expect(lines).toHaveLength(1 + 6 + 5);
    expect(lines[0]).toBe("split,row,id,label,prediction");
  });

  it("is evaluated to the same numbers again", async () => {
    const { splits } = JSON.parse(readFileSync(join(folder, "web", "metrics.json"), "utf8"));
    const again = await runCli("eval", join(folder, "web"), "--json");
    expect(JSON.parse(again.out)).toEqual(splits);
    const test = await runCli("eval", join(folder, "web"), "--split", "test", "--json");
    expect(Object.keys(JSON.parse(test.out))).toEqual(["test"]);
    expect((await runCli("eval", join(folder, "web"), "--split", "tset")).code).toBe(1);
  });

  it("gives predictions and latents as CSV and as tensors", async () => {
    const csv = join(folder, "all.csv");
    expect((await runCli("predict", join(folder, "web"), "--out", csv)).code).toBe(0);
    const lines = readFileSync(csv, "utf8").trim().split("\n");
    expect(lines[0]).toBe("split,row,id,label,y_hat,h.0,h.1,h.2");
    expect(lines).toHaveLength(1 + 20 + 6 + 5);
    const file = join(folder, "test.safetensors");
    const args = ["predict", join(folder, "web"), "--out", file, "--split", "test", "--data", data];
    expect((await runCli(...args)).code).toBe(0);
    const { tensors } = readSafetensors(file);
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ["test.y_hat", [5, 1]],
      ["test.h", [5, 3]],
    ]);
  });

  it("has the same bits with the same seed, others with another", async () => {
    await trained("again", "--set", "d=3", "--seed", "7");
    await trained("other", "--set", "d=3", "--seed", "8");
    const best = "checkpoints/best.safetensors";
    expect(bytesOf("again", best).equals(bytesOf("web", best))).toBe(true);
    expect(bytesOf("other", best).equals(bytesOf("web", best))).toBe(false);
  });

  it("comes out alike on the reference", async () => {
    await trained("reference", "--set", "d=3", "--seed", "7", "--device", "reference");
    const [web, reference] = ["web", "reference"].map(
      (run) => JSON.parse(bytesOf(run, "metrics.json").toString()).splits.test.metrics.mae,
    );
    expect(Math.abs(web - reference)).toBeLessThan(1e-4);
  });

  it("that has ended cannot be resumed, and is not written over", async () => {
    expect((await runCli("train", "--resume", join(folder, "web"))).err).toContain("The run has ended");
    expect((await runCli("train", TINY, "--data", data, "--out", join(folder, "web"))).code).toBe(1);
  });
});

describe("a run that is stopped", () => {
  const EPOCHS = ["--epochs", "60", "--device", "reference"];
  beforeAll(() => trained("whole", ...EPOCHS));

  it.each(["SIGINT", "SIGKILL"] as const)("by %s goes on bit for bit", async (signal) => {
    const stopped = `stopped-${signal}`;
    const run = join(folder, stopped);
    const { code, err } = await stopAfterEpoch(3, signal, [
      "train",
      TINY,
      "--data",
      data,
      "--out",
      run,
      ...EPOCHS,
    ]);
    if (signal === "SIGINT") {
      expect(code).toBe(130);
      expect(err).toContain(`mird train --resume ${run}\n`);
      expect(readRun(run).status).toBe("interrupted");
    }
    expect(existsSync(join(run, "predictions.csv"))).toBe(false);
    expect((await runCli("train", "--resume", run, "--device", "reference")).code).toBe(0);
    for (const file of ["checkpoints/last.safetensors", "checkpoints/best.safetensors", "predictions.csv"]) {
      expect(bytesOf(stopped, file).equals(bytesOf("whole", file)), file).toBe(true);
    }
    expect(logOf(stopped)).toEqual(logOf("whole"));
  });

  it("goes on with the same data only", async () => {
    const run = join(folder, "moved");
    await stopAfterEpoch(2, "SIGKILL", ["train", TINY, "--data", data, "--out", run, ...EPOCHS]);
    const other = await runCli("train", "--resume", run, "--data", "synth");
    expect(other).toMatchObject({ code: 1 });
    expect(other.err).toContain("is not the one that the run was");
  });
});

/** Runs the program in a process of its own and sends a signal when an epoch is reported. */
function stopAfterEpoch(epoch: number, signal: NodeJS.Signals, args: readonly string[]) {
  return new Promise<{ code: number | null; err: string }>((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", "src/cli/main.ts", ...args]);
    let err = "";
    let sent = false;
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString();
      if (sent || !err.includes(`epoch ${epoch}/`)) return;
      sent = true;
      child.kill(signal);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, err }));
  });
}
