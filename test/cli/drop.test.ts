/** `--drop`: training and evaluating without a modality, from the command line. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { predict } from "../../src/api/predict.ts";
import { readRun } from "../../src/report/run-directory.ts";
import { runCli } from "../support/cli.ts";

const VIEWS = "test/cli/fixtures/views.mird";
const DEVICE = ["--device", "reference"];
let folder: string;
let data: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-drop-"));
  data = join(folder, "data");
  const rows = ["--train", "40", "--unlabelled", "0", "--valid", "16", "--test", "20"];
  const sizes = ["--text-length", "3", "--audio-length", "5", "--vision-length", "3", "--audio-width", "3"];
  expect((await runCli("data", "synth", "--out", data, ...rows, ...sizes)).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

const train = (out: string, ...more: readonly string[]) =>
  runCli("train", VIEWS, "--data", data, "--out", join(folder, out), ...DEVICE, ...more);
const metrics = (out: string) => JSON.parse(readFileSync(join(folder, out, "metrics.json"), "utf8")).splits;
const evaluated = async (out: string, ...more: readonly string[]) =>
  JSON.parse((await runCli("eval", join(folder, out), "--json", ...DEVICE, ...more)).out);

describe("a run without a modality in some rows", () => {
  let printed: string;
  beforeAll(async () => {
    const { code, out } = await train("some", "--drop", "vision=0.3", "--seed", "3");
    expect(code).toBe(0);
    printed = out;
  });

  it("says how many rows lack it, and keeps what was asked for", () => {
    expect(printed).toMatch(/^Rows without vision: train \d+ of 40, valid \d+ of 16, test \d+ of 20\.$/m);
    expect(readRun(join(folder, "some")).drop).toEqual({ vision: 0.3 });
  });

  it("is the same again, also in pieces, and another by seed and share", async () => {
    await train("again", "--drop", "vision=0.3", "--seed", "3");
    expect(metrics("again")).toEqual(metrics("some"));
    await train("streamed", "--drop", "vision=0.3", "--seed", "3", "--stream");
    expect(metrics("streamed").test.losses.seen).toBeCloseTo(metrics("some").test.losses.seen, 6);
    expect(metrics("streamed").test.metrics.mae).toBeCloseTo(metrics("some").test.metrics.mae, 6);
    await train("less", "--drop", "vision=0.1", "--seed", "3");
    expect(metrics("less")).not.toEqual(metrics("some"));
  });

  it("is evaluated as it was trained, or with another share", async () => {
    const { test, valid } = await evaluated("some");
    expect({ test, valid }).toEqual(metrics("some"));
    const whole = await evaluated("some", "--drop", "none");
    const blind = await evaluated("some", "--drop", "test.vision=1");
    expect(whole.test.metrics.mae).not.toBe(test.metrics.mae);
    expect(blind.test.metrics.mae).not.toBe(whole.test.metrics.mae);
    expect(blind.valid).toEqual(whole.valid);
    // A loss that no row of the split has what it reads for says nothing.
    expect(blind.test.losses.seen).toBeUndefined();
  });

  it("has predictions for all rows and latents for those that have them", async () => {
    const result = await predict(join(folder, "some"), { device: "reference", splits: ["test"] });
    const { predictions, outputs } = result.get("test") ?? {};
    expect([...(predictions ?? [])].some(Number.isNaN)).toBe(false);
    const latent = [...(outputs?.get("h_v")?.values ?? [])];
    const missing = Number(/test (\d+) of 20/.exec(printed)?.[1]);
    expect(latent.filter(Number.isNaN).length).toBe(4 * missing);
    const file = join(folder, "latents.csv");
    await runCli("predict", join(folder, "some"), "--out", file, "--split", "test", ...DEVICE);
    expect(readFileSync(file, "utf8").match(/,,,,$/gm)).toHaveLength(missing);
  });
});

it("drops in training alone where the prediction cannot do without", async () => {
  const blind = ["--set", "patient=false"];
  const refused = await train("refused", ...blind, "--drop", "vision=0.3");
  expect(refused.code).toBe(1);
  expect(refused.err).toContain("error[drop-without-prediction]");
  expect(refused.err).toContain("output score predicts y");
  expect(refused.err).toContain("`or_zero(vision)`");
  expect(refused.err).toContain("--drop train.vision=…");
  expect(await train("fitted", ...blind, "--drop", "train.vision=0.3")).toMatchObject({ code: 0 });
  const refusedLater = await runCli("eval", join(folder, "fitted"), "--drop", "vision=0.3", ...DEVICE);
  expect(refusedLater.err).toContain("error[drop-without-prediction]");
  expect(refusedLater.err).toContain("`or_zero(vision)`");
  expect(refusedLater.err).not.toContain("in training only");
});

it("says in the table of several runs, in every form, what their rows lacked", async () => {
  const blind = ["--set", "patient=false", "--drop", "train.vision=0.3"];
  for (const seed of ["0", "1"]) await train(`blind-${seed}`, ...blind, "--seed", seed);
  const runs = ["blind-0", "blind-1"].map((name) => join(folder, name));
  const table = (...more: readonly string[]) => runCli("eval", ...more, "--split", "train", ...DEVICE);
  const { out } = await table(...runs);
  const { lacks } = JSON.parse((await table(...runs, "--json")).out);
  expect(lacks.map(({ seed }: { seed: number }) => seed)).toEqual([0, 1]);
  for (const { seed, unpredicted } of lacks) {
    const [{ rows, labelled }] = unpredicted;
    expect(rows).toBeGreaterThan(0);
    expect(out).toContain(`seed ${seed}: Rows without vision: train ${rows} of ${labelled}`);
    expect(out).toContain(
      `seed ${seed}: train: ${rows} of ${labelled} labelled rows have no prediction, since they lack \`vision\``,
    );
  }
  const [first = ""] = runs;
  const alone = await table(first);
  expect(alone.out).toContain("labelled rows have no prediction");
  for (const format of ["text", "markdown", "latex"])
    expect((await table(first, "--format", format)).out).toMatch(
      /^(% )?train: \d+ of 40 labelled rows have no/m,
    );
  expect((await table(first, "--format", "csv")).err).toMatch(/^train: \d+ of 40 labelled rows have no/m);
  // Where nothing was dropped and every row has a prediction, there is nothing to say.
  expect((await table(first, "--drop", "none", "--format", "text")).out).not.toContain("Rows without");
});

describe("mistakes", () => {
  it.each([
    ["visoin=0.3", "unknown-modality", "Did you mean `vision`?"],
    ["y=0.3", "unknown-modality", "`y` is the label of the model."],
    ["tset.vision=0.3", "unknown-modality", "Did you mean `test`?"],
    ["vision=1.5", "bad-drop", "1.5 is no share"],
    ["vision=-0.1", "bad-drop", "-0.1 is no share"],
    ["vision", "bad-drop", "--drop vision=0.3"],
  ])("%s", async (drop, code, words) => {
    const { code: exit, err } = await train("wrong", "--drop", drop);
    expect(exit).toBe(1);
    expect(err).toContain(`error[${code}]`);
    expect(err).toContain(words);
  });

  it("are shown all at once, and a resumed run keeps what it drops", async () => {
    const { err } = await train("wrong", "--drop", "visoin=0.3", "--drop", "audio=2");
    expect(err.match(/^error\[/gm)).toHaveLength(2);
    const resumed = await runCli("train", "--resume", join(folder, "some"), "--drop", "vision=0.1");
    expect(resumed.code).toBe(2);
  });
});

it("`compare` drops the same rows in all variants, and compares shares", async () => {
  const out = join(folder, "compared");
  const line = ["compare", VIEWS, "--data", data, "--out", out, "--seeds", "2", ...DEVICE];
  const { code, err } = await runCli(...line, "--over", "drop.vision=0,0.5", "--drop", "audio=0.2");
  expect({ code, err }).toMatchObject({ code: 0 });
  expect(readRun(join(out, "vision-0.5-seed-1")).drop).toEqual({
    audio: 0.2,
    vision: 0.5,
  });
  await train("single", "--drop", "audio=0.2", "--drop", "vision=0.5", "--seed", "1");
  expect(JSON.parse(readFileSync(join(out, "vision-0.5-seed-1", "metrics.json"), "utf8")).splits).toEqual(
    metrics("single"),
  );
  const other = await runCli(...line, "--over", "drop.vision=0,0.5");
  expect(other.err).toContain("these differ: drop.");
});
