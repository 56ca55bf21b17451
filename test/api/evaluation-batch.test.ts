/** Evaluation in batches of another size than training had: only losses that compare rows with each other notice. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Run } from "../../src/api/index.ts";
import { datasetFromArrays, predict, train, writeDataset } from "../../src/api/index.ts";
import { runCli } from "../support/cli.ts";

const SPEC = `import std.loss (mse)

model Spread {
  input x : f32[B]
  label y : f32[B]
  param scale : f32 = 1
  y_hat = scale * x
  loss task = mse(y_hat, y)
  loss spread = variance(x, axis = B)
  output y_hat predicts y
}

train Spread {
  batch 4
  phase model {
    minimize task
    updates all
    with Sgd(lr = 1e-3)
  }
  epochs 1
  report spread
}
`;

const x = Array.from({ length: 8 }, (_, row) => row);
const rows = { x, y: x.map((value) => value + 1) };
const data = datasetFromArrays({
  fields: { x: { kind: "score" }, y: { kind: "score" } },
  label: "y",
  splits: { train: rows, test: rows },
});

let folder: string;
let run: Run;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-batch-"));
  writeDataset(data, join(folder, "data"));
  run = await trained(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

const trained = (seed: number) =>
  train({
    spec: { text: SPEC },
    data: join(folder, "data"),
    seed,
    device: "cpu",
    out: join(folder, `run-${seed}`),
  });

async function losses(batch?: number) {
  const given = batch === undefined ? {} : { batch };
  const test = (await predict(run, { splits: ["test"], device: "cpu", ...given })).get("test");
  return { spread: test?.losses.get("spread"), task: test?.losses.get("task"), outputs: test?.outputs };
}

/** Of the numbers 0 to 7 in groups of so many: the mean over the rows of the variance within their group. */
it.each([
  [8, 63 / 12],
  [2, 1 / 4],
  [3, (3 * (2 / 3) + 3 * (2 / 3) + 2 * (1 / 4)) / 8],
  [100, 63 / 12],
])("in batches of %i", async (batch, spread) => {
  const [given, usual] = [await losses(batch), await losses()];
  expect(given.spread).toBeCloseTo(spread, 5);
  expect(given.task).toBeCloseTo(usual.task ?? Number.NaN, 6);
  expect(given.outputs).toEqual(usual.outputs);
});

it("in batches of training where nothing is said: the same bits", async () => {
  const usual = await losses();
  expect(await losses(4)).toEqual(usual);
  expect(usual.spread).toBeCloseTo(15 / 12, 5);
});

it("from the command line, of one run and of several", async () => {
  const flags = ["--split", "test", "--device", "cpu", "--batch", "2", "--json"];
  const one = JSON.parse((await runCli("eval", run.folder, ...flags)).out);
  expect(one.test.losses.spread).toBeCloseTo(1 / 4, 5);
  const { folder: other } = await trained(1);
  const { rows: lines } = JSON.parse((await runCli("eval", run.folder, other, ...flags)).out);
  const cell = lines[0].cells.find(({ metric }: { metric: string }) => metric === "spread");
  expect(cell.mean).toBeCloseTo(1 / 4, 5);
});

it.each([0, 1.5, Number.NaN])("refuses %d rows", async (batch) => {
  await expect(losses(batch)).rejects.toThrow("number-range");
});
