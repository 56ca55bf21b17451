/** `mird compare`: the table does not depend on how often it was stopped, and mistakes are shown before anything is trained. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseAxes, variantsOf } from "../../src/cli/axes.ts";
import { readRun } from "../../src/report/run-directory.ts";
import { runCli } from "../support/cli.ts";

const TINY = "test/cli/fixtures/tiny.mird";
const FILES = ["comparison.csv", "comparison.json", "comparison.md", "comparison.tex"];
let folder: string;
let data: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-compare-"));
  data = join(folder, "data");
  const rows = ["--train", "20", "--unlabelled", "0", "--valid", "6", "--test", "5"];
  const sizes = ["--text-length", "3", "--audio-length", "5", "--vision-length", "3", "--audio-width", "3"];
  expect((await runCli("data", "synth", "--out", data, ...rows, ...sizes)).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

const line = (out: string, ...more: string[]) => [
  ...["compare", TINY, "--data", data, "--device", "reference"],
  ...["--out", join(folder, out), ...more],
];
const PLAN = ["--over", "d=2,3", "--seeds", "2", "--epochs", "25"];
const tablesOf = (out: string) => FILES.map((file) => readFileSync(join(folder, out, file), "utf8"));

describe("axes", () => {
  it("are split at commas outside brackets", () => {
    expect(parseAxes(["penalty=Club(hidden = 16, k = [1, 2]), None", "d=1,2"])).toEqual([
      { name: "penalty", values: ["Club(hidden = 16, k = [1, 2])", "None"] },
      { name: "d", values: ["1", "2"] },
    ]);
  });

  it("are crossed, the last one fastest", () => {
    const variants = variantsOf(parseAxes(["p=A,B", "d=1,2"]));
    expect(variants.map(({ values }) => values.join())).toEqual(["A,1", "A,2", "B,1", "B,2"]);
    expect(variants[1]?.settings).toEqual({ p: "A", d: "2" });
  });

  it.each([["d"], ["d="], ["d=1,,2"], ["d=1, 1"]])("%s is none", (text) => {
    expect(() => parseAxes([text])).toThrow("bad-axis");
  });

  it("stand once", () => {
    expect(() => parseAxes(["d=1", "d=2"])).toThrow("is an axis already");
  });
});

describe("a comparison", () => {
  beforeAll(async () => {
    expect(await runCli(...line("whole", ...PLAN))).toMatchObject({ code: 0 });
  });

  it("says why it runs on the CPU, which nobody has to ask for", async () => {
    const command = ["compare", TINY, "--data", data, "--over", "d=2", "--seeds", "1", "--epochs", "1"];
    const unasked = await runCli(...command, "--out", join(folder, "unasked"));
    expect(unasked.err).toMatch(/^Device: CPU .*\. It is used unless another device is asked for\.\n/);
    const asked = await runCli(...command, "--out", join(folder, "asked"), "--device", "cpu");
    expect(asked.err).toMatch(/^Device: CPU .*\. It was asked for\.\n/);
  });

  it("leaves a run folder per variant and seed, and the tables", () => {
    const runs = ["d-2-seed-0", "d-2-seed-1", "d-3-seed-0", "d-3-seed-1"];
    expect(readdirSync(join(folder, "whole")).sort()).toEqual(
      [...FILES, ...runs, "plan.json", "report.html"].sort(),
    );
    expect(readRun(join(folder, "whole", "d-3-seed-1"))).toMatchObject({
      status: "finished",
      settings: { d: "3" },
      seed: 1,
    });
  });

  it("has the numbers of its runs", () => {
    const { rows } = JSON.parse(readFileSync(join(folder, "whole", "comparison.json"), "utf8"));
    const [first] = rows[1].cells;
    const values = [0, 1].map(
      (seed) =>
        JSON.parse(readFileSync(join(folder, "whole", `d-3-seed-${seed}`, "metrics.json"), "utf8")).splits
          .test.metrics.mae,
    );
    expect(first).toMatchObject({ split: "test", metric: "mae", values });
    expect(first.mean).toBeCloseTo((values[0] + values[1]) / 2, 12);
  });

  it("that was killed twice ends with the same tables", async () => {
    const again = line("killed", ...PLAN);
    await killAt(again, () => existsSync(join(folder, "killed", "d-2-seed-0", "metrics.json")));
    await killAt(again, () =>
      existsSync(join(folder, "killed", "d-3-seed-0", "checkpoints", "last.safetensors")),
    );
    expect(existsSync(join(folder, "killed", "comparison.md"))).toBe(false);
    const { code, err } = await runCli(...again);
    expect(code).toBe(0);
    expect(err).toMatch(/^\[1\/4\] 2, seed 0: done before; test mae [\d.]+/m);
    expect(tablesOf("killed")).toEqual(tablesOf("whole"));
  });

  it("has the same numbers from rows that come batch by batch, also where some runs are there already", async () => {
    const streamed = await runCli(...line("streamed", ...PLAN, "--stream"));
    expect(streamed).toMatchObject({ code: 0 });
    expect(streamed.err).toMatch(/^Rows are brought to the device batch by batch\.$/m);
    expect(tablesOf("streamed")).toEqual(tablesOf("whole"));
    const again = await runCli(...line("streamed", ...PLAN));
    expect(again.err).not.toContain("batch by batch");
    expect(again.err.match(/done before/g)).toHaveLength(4);
  });

  it("takes more seeds later, and prints JSON", async () => {
    const more = ["--over", "d=2,3", "--seeds", "3", "--epochs", "25", "--json"];
    const { code, out, err } = await runCli(...line("killed", ...more));
    expect(code).toBe(0);
    expect(err.match(/done before/g)).toHaveLength(4);
    const { seeds, rows } = JSON.parse(out);
    expect(seeds).toEqual([0, 1, 2]);
    expect(rows[1].cells[0].difference.low).toBeLessThanOrEqual(rows[1].cells[0].difference.high);
  });

  it("is not mixed with another", async () => {
    const other = await runCli(...line("whole", "--over", "d=2,4", "--seeds", "2", "--epochs", "24"));
    expect(other).toMatchObject({ code: 1 });
    expect(other.err).toContain("these differ: over, epochs.");
    expect((await runCli("compare", TINY, "--over", "d=1", "--out", data)).err).toContain("no comparison");
  });
});

describe("mistakes are shown before anything is trained", () => {
  it("those of all variants", async () => {
    const wrong = await runCli(...line("wrong", "--over", "d=2,true", "--over", "e=1,2"));
    expect(wrong).toMatchObject({ code: 1 });
    expect(wrong.err).toContain("wrong-override");
    expect(wrong.err).toContain("unknown-setting");
    expect(existsSync(join(folder, "wrong"))).toBe(false);
  });

  it("no seeds, no axis, an unknown metric", async () => {
    expect((await runCli(...line("wrong", "--over", "d=2", "--seeds", "0"))).code).toBe(2);
    expect((await runCli(...line("wrong"))).code).toBe(2);
    const metric = await runCli(...line("wrong", "--over", "d=2", "--metric", "maa"));
    expect(metric.err).toContain("Did you mean `mae`?");
    expect(existsSync(join(folder, "wrong"))).toBe(false);
  });
});

/** Runs the program in a process of its own and kills it as soon as something has happened. */
function killAt(args: readonly string[], happened: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "tsx", "src/cli/main.ts", ...args], {
      stdio: "ignore",
    });
    const timer = setInterval(() => {
      if (happened()) child.kill("SIGKILL");
    }, 5);
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(timer);
      if (code === null) resolve();
      else reject(new Error(`The program ended with ${code} before it was killed.`));
    });
  });
}
