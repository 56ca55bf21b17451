/** Word vectors of a dataset as the first values of an embedding, frozen, through the command line. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readSafetensors } from "../../src/data/safetensors.ts";
import { readRun } from "../../src/report/run-directory.ts";
import { runCli } from "../support/cli.ts";

let folder: string;
let data: string;
let spec: string;

const SPEC = (width: string, updates: string) => `
import std.loss (mse)
import std.nn (Embedding, Linear)
model Words {
  size width = ${width}
  input text : ids[B, L~] < V
  label y : f32[B]
  embed = Embedding(width)
  score = at(Linear(1)(mean(embed(text), axis = L)), axis = 1, index = 0)
  loss task = mse(score, y)
  output score predicts y
}
train Words {
  batch 2
  load vectors of text into embed
  phase model {
    minimize task
    updates ${updates}
    with Adam(lr = 1e-2)
  }
  epochs 1
}
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-words-"));
  data = join(folder, "data");
  spec = join(folder, "words.mird");
  const lines = [
    "id,text,y,split",
    "1,good film,1,train",
    "2,bad film,-1,train",
    "3,strange plot,0,train",
    "4,good plot,1,valid",
  ];
  writeFileSync(join(folder, "rows.csv"), `${lines.join("\n")}\n`);
  writeFileSync(join(folder, "glove.txt"), "good 1 2 3\nfilm 4 5 6\nbad -1 -2 -3\nother 7 7 7\n");
  const imported = await runCli(
    "data",
    "import",
    join(folder, "rows.csv"),
    "--vectors",
    `text=${join(folder, "glove.txt")}`,
    "--out",
    data,
  );
  expect(imported).toMatchObject({ code: 0 });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const train = (out: string, ...more: string[]) =>
  runCli("train", spec, "--data", data, "--device", "cpu", "--out", join(folder, out), ...more);

it("starts from the vectors and keeps those that nothing updates", async () => {
  writeFileSync(spec, SPEC("3", "all except embed"));
  const result = await train("frozen");
  expect(result).toMatchObject({ code: 0 });
  // <pad>, <unk>, strange and plot have no vector.
  expect(result.out).toMatch(
    /^Word vectors of text: 3 words of embed\.\n {2}4 words have none and start from drawn numbers: <pad>, <unk>, .*\.$/m,
  );
  const best = readSafetensors(join(folder, "frozen", "checkpoints", "best.safetensors")).tensors.get(
    "embed.weight",
  );
  const rows = Array.from({ length: 7 }, (_, row) =>
    Array.from(best?.data ?? [], Number).slice(3 * row, 3 * row + 3),
  );
  expect(rows).toEqual(
    expect.arrayContaining([
      [1, 2, 3],
      [4, 5, 6],
      [-1, -2, -3],
    ]),
  );
  expect(rows.flat().filter((value) => value === 0)).toEqual([]);
  expect(readRun(join(folder, "frozen")).loaded.vectors).toMatchObject([
    { field: "text", found: 3, missing: 4 },
  ]);
}, 60_000);

it("moves them where the spec says so", async () => {
  writeFileSync(spec, SPEC("3", "all"));
  expect(await train("moved")).toMatchObject({ code: 0 });
  const moved = readSafetensors(join(folder, "moved", "checkpoints", "best.safetensors")).tensors.get(
    "embed.weight",
  );
  const frozen = readSafetensors(join(folder, "frozen", "checkpoints", "best.safetensors")).tensors.get(
    "embed.weight",
  );
  const far = Float32Array.from(moved?.data ?? [], Number).map((value, index) =>
    Math.abs(value - Number(frozen?.data[index])),
  );
  expect(Math.max(...far)).toBeGreaterThan(0.001);
  expect(Math.max(...far)).toBeLessThan(0.1);
}, 60_000);

it("refuses vectors of another width, and data without vectors", async () => {
  writeFileSync(spec, SPEC("5", "all"));
  const width = await train("width");
  expect(width.code).toBe(1);
  expect(width.err.replaceAll(/\s+/g, " ")).toContain(
    "vectors of 3 numbers for the 7 words of `text`; `embed.weight` is [7, 5]",
  );
  const plain = join(folder, "plain");
  expect((await runCli("data", "import", join(folder, "rows.csv"), "--out", plain)).code).toBe(0);
  const none = await runCli("train", spec, "--data", plain, "--device", "cpu", "--out", join(folder, "none"));
  expect(none.code).toBe(1);
  expect(none.err).toContain("missing-vectors");
}, 60_000);
