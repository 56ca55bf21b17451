/** A training on all threads that is ended by a signal at any time: no process, lock or broken file stays behind, and it goes on to the same bits. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLog } from "../../src/report/log.ts";
import { readCheckpoint, readRun } from "../../src/report/run-directory.ts";
import { runCli } from "../support/cli.ts";

const TINY = "test/cli/fixtures/tiny.mird";
const DEVICE = ["--device", "cpu", "--threads", "2"];
const EPOCHS = 150;
let folder: string;
let args: (run: string) => string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-signals-"));
  const data = join(folder, "data");
  const rows = ["--train", "40", "--unlabelled", "0", "--valid", "6", "--test", "5"];
  const sizes = ["--text-length", "3", "--audio-length", "5", "--vision-length", "3", "--audio-width", "3"];
  expect((await runCli("data", "synth", "--out", data, ...rows, ...sizes)).code).toBe(0);
  args = (run) => ["train", TINY, "--data", data, "--out", run, "--epochs", String(EPOCHS), ...DEVICE];
  expect((await runCli(...args(join(folder, "whole")))).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** When a signal is sent: so long after some words have been printed. */
const MOMENTS = {
  "as the run begins": { words: "Run folder:", milliseconds: 0 },
  "in the middle": { words: "epoch 20/", milliseconds: 7 },
  "a little later": { words: "epoch 40/", milliseconds: 23 },
} as const;

const CASES: readonly (readonly [NodeJS.Signals, keyof typeof MOMENTS])[] = [
  ["SIGKILL", "as the run begins"],
  ["SIGKILL", "in the middle"],
  ["SIGKILL", "a little later"],
  ["SIGTERM", "as the run begins"],
  ["SIGTERM", "in the middle"],
  ["SIGINT", "a little later"],
];

describe.each(CASES)("%s %s", (signal, moment) => {
  it("leaves a whole run folder, from which it goes on bit for bit", async () => {
    const run = join(folder, `${signal}-${moment.replaceAll(" ", "-")}`);
    const { pid, code, killedBy } = await stopped(args(run), MOMENTS[moment], signal);
    // Its threads end with the process, and it has no other processes.
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    if (signal === "SIGKILL") expect(killedBy).toBe("SIGKILL");
    else {
      expect(code).toBe(130);
      expect(existsSync(join(run, "run.lock"))).toBe(false);
      expect(readRun(run).status).toBe("interrupted");
    }
    // Whatever there is can be read.
    readRun(run);
    for (const name of ["last", "best"] as const) readCheckpoint(run, name);
    if (existsSync(join(run, "metrics.jsonl"))) readLog(join(run, "metrics.jsonl"));

    const resumed = await runCli("train", "--resume", run, ...DEVICE);
    expect(resumed).toMatchObject({ code: 0 });
    const files = (of: string) => readdirSync(of, { recursive: true, encoding: "utf8" }).sort();
    expect(files(run)).toEqual(files(join(folder, "whole")));
    for (const file of ["checkpoints/last.safetensors", "checkpoints/best.safetensors", "predictions.csv"])
      expect(readFileSync(join(run, file)).equals(readFileSync(join(folder, "whole", file))), file).toBe(
        true,
      );
  });
});

/** Runs the program in a process of its own and sends the signal at the moment. */
function stopped(
  command: readonly string[],
  { words, milliseconds }: { readonly words: string; readonly milliseconds: number },
  signal: NodeJS.Signals,
) {
  return new Promise<{ pid: number; code: number | null; killedBy: string | null }>((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", "src/cli/main.ts", ...command]);
    let printed = "";
    let sent = false;
    const listen = (chunk: Buffer) => {
      printed += chunk.toString();
      if (sent || !printed.includes(words)) return;
      sent = true;
      setTimeout(() => child.kill(signal), milliseconds);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.on("error", reject);
    child.on("close", (code, killedBy) => resolve({ pid: child.pid ?? 0, code, killedBy }));
  });
}
