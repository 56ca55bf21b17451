/** What shuffles in evaluation: anew for every batch, and the same each time that a split is evaluated. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Run } from "../../src/api/index.ts";
import { datasetFromArrays, predict, train, writeDataset } from "../../src/api/index.ts";

const SPEC = `import std.loss (mse)

model Shuffled {
  input x : f32[B]
  label y : f32[B]
  param scale : f32 = 1
  y_hat = scale * x
  moved = shuffle(x)
  loss task = mse(y_hat, y)
  loss paired = mean(x * moved)
  output y_hat predicts y
  output moved
}

train Shuffled {
  batch 8
  phase model {
    minimize task
    updates all
    with Sgd(lr = 1e-3)
  }
  epochs 3
  report paired
}
`;

/** Two batches with the same rows. */
const x = Array.from({ length: 16 }, (_, row) => row % 8);
const rows = { x, y: x.map((value) => value + 1) };
const data = datasetFromArrays({
  fields: { x: { kind: "score" }, y: { kind: "score" } },
  label: "y",
  splits: { train: rows, valid: rows, test: rows },
});

let folder: string;
let run: Run;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-shuffled-"));
  writeDataset(data, join(folder, "data"));
  run = await train({
    spec: { text: SPEC },
    data: join(folder, "data"),
    seed: 3,
    device: "cpu",
    out: join(folder, "run"),
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

it("draws other numbers for every batch", async () => {
  const test = (await predict(run, { splits: ["test"], device: "cpu" })).get("test");
  const values = [...(test?.outputs.get("moved")?.values ?? [])];
  const batches = [values.slice(0, 8), values.slice(8)];
  for (const batch of batches) expect([...batch].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(batches[0]).not.toEqual(batches[1]);
});

it("gives what training said, for every split, at any time later", async () => {
  const stored = JSON.parse(readFileSync(join(run.folder, "metrics.json"), "utf8")) as {
    readonly splits: Readonly<Record<string, { readonly losses: Readonly<Record<string, number>> }>>;
  };
  const later = await predict(run, { splits: ["valid", "test"], device: "cpu" });
  for (const split of ["valid", "test"]) {
    const paired = stored.splits[split]?.losses.paired;
    expect(paired).toBeGreaterThan(0);
    expect(later.get(split)?.losses.get("paired"), split).toBe(paired);
  }
});
