/** `mird eval` of several runs: mean and deviation over seeds, in every form; runs of different kinds are refused. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";

let folder: string;
const run = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-eval-"));
  const rows = ["--train", "20", "--unlabelled", "0", "--valid", "6", "--test", "5"];
  expect((await runCli("data", "synth", "--out", run("data"), ...rows)).code).toBe(0);
  for (const [name, ...more] of [
    ["a", "--seed", "0"],
    ["b", "--seed", "1"],
    ["c", "--seed", "2", "--set", "d=3"],
  ]) {
    const spec = "test/cli/fixtures/tiny.mird";
    const train = ["train", spec, "--data", run("data"), "--out", run(String(name)), "--device", "cpu"];
    expect(await runCli(...train, ...more)).toMatchObject({ code: 0 });
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const evaluated = (...args: string[]) => runCli("eval", ...args, "--split", "test", "--device", "cpu");

it("gives the mean and the deviation over seeds, from the numbers of the runs", async () => {
  const [a, b] = ["a", "b"].map(
    (name) => JSON.parse(readFileSync(join(run(name), "metrics.json"), "utf8")).splits.test.metrics.mae,
  );
  const { rows, seeds } = JSON.parse((await evaluated(run("a"), run("b"), "--json")).out);
  expect(seeds).toEqual([0, 1]);
  const cell = rows[0].cells.find(({ metric }: { metric: string }) => metric === "mae");
  expect(cell.values).toEqual([a, b]);
  expect(cell.mean).toBeCloseTo((a + b) / 2, 12);
  expect(cell.deviation).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
  const { out } = await evaluated(run("a"), run("b"));
  expect(out).toContain("test: mean ± standard deviation over 2 seeds");
  expect(out).toMatch(/^Tiny +\d\.\d{4} ± \d\.\d{4} /m);
});

it("prints Markdown, LaTeX and CSV", async () => {
  const form = async (format: string) => (await evaluated(run("a"), run("b"), "--format", format)).out;
  expect(await form("markdown")).toMatch(/^\| Tiny \| \d\.\d{4} ± \d/m);
  expect(await form("latex")).toMatch(/^Tiny & \d\.\d{4} \$\\pm\$ \d/m);
  expect(await form("csv")).toMatch(/^Tiny,test,mae,2,/m);
});

it("refuses runs that differ in more than the seed, and one run twice", async () => {
  const other = await evaluated(run("a"), run("c"));
  expect(other.code).toBe(1);
  expect(other.err.replaceAll(/\s+/g, " ")).toContain("these differ: settings.");
  const twice = await evaluated(run("a"), run("a"));
  expect(twice.code).toBe(1);
  expect(twice.err.replaceAll(/\s+/g, " ")).toContain("has the seed 0, as");
});
