/** `mird disentangle` on a small run, and its critic on samples of known mutual information. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chooseDevice } from "../../src/api/devices.ts";
import { diskLoader, shippedSpec } from "../../src/api/sources.ts";
import { requireModel } from "../../src/api/spec.ts";
import { Critics } from "../../src/driver/critic.ts";
import { readDependence } from "../../src/report/run-dependence.ts";
import { correlated, normalInformation } from "../statistics/samples.ts";
import { runCli } from "../support/cli.ts";

let folder: string;
let run: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-disentangle-"));
  const data = join(folder, "data");
  run = join(folder, "run");
  const rows = ["--train", "60", "--unlabelled", "20", "--valid", "12", "--test", "60", "--missing", "0.1"];
  expect((await runCli("data", "synth", "--out", data, ...rows)).code).toBe(0);
  const train = ["train", "test/cli/fixtures/latents.mird", "--data", data, "--out", run, "--device", "cpu"];
  expect(await runCli(...train)).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(folder, { recursive: true }));

const measured = async (...more: string[]) =>
  await runCli("disentangle", run, "--permutations", "49", ...more);

describe("mird disentangle", () => {
  it("prints every pair, a heat map, and R² of every factor", async () => {
    const { code, out, err } = await measured();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(
      /^z_a \[3\], z_v \[3\], z_0 \[3, 3 constant\]: \d+ rows of test, without \d+ that lack an input/,
    );
    expect(out).toMatch(/^pair +linear +nHSIC +p +dCor² +p +KSG +critic$/m);
    expect(out).toMatch(/^z_a, z_v( +-?\d\.\d{3,4}){7}$/m);
    expect(out).toMatch(/^z_a, z_0( +undefined){7}$/m);
    expect(out).toMatch(/^audio\[0\] +[·░▒▓█]{3} +-?\d\.\d\d/m);
    expect(out).toMatch(/^y +[·░▒▓█]{3}/m);
    expect(out).toMatch(/^completeness \(DCI\) +\d\.\d{4}$/m);
  });

  it("is the same in a second run with the same seed, and another with another", async () => {
    const first = await measured("--json");
    expect(first.code).toBe(0);
    expect((await measured("--json")).out).toBe(first.out);
    expect((await measured("--json", "--seed", "1")).out).not.toBe(first.out);
  });

  it("gives the table's numbers as JSON, with null for what is undefined", async () => {
    const json = JSON.parse((await measured("--json", "--no-critic")).out);
    expect(json).toMatchObject({ split: "test", permutations: 49, seed: 0 });
    expect(json.pairs.map(({ first, second }: Record<string, string>) => [first, second])).toEqual([
      ["z_a", "z_v"],
      ["z_a", "z_0"],
      ["z_v", "z_0"],
    ]);
    expect(json.pairs[0].critic).toBeNull();
    expect(json.pairs[1].hsic).toBeNull();
    expect(json.factors.rows.map(({ name }: Record<string, string>) => name)).toEqual([
      ...["shared", "text", "audio", "vision"].flatMap((name) => [`${name}[0]`, `${name}[1]`]),
      "y",
    ]);
    // The audio tells about its own factors and nothing about those of the vision.
    const held = (name: string, latent: number) =>
      json.factors.rows.find((row: Record<string, unknown>) => row.name === name).linear[latent];
    expect(held("audio[0]", 0)).toBeGreaterThan(held("audio[0]", 1) + 0.1);
  });

  it("finds the dependence that the run has recorded, where it takes the same rows", async () => {
    const { rows, pairs } = JSON.parse((await measured("--json", "--no-critic")).out);
    const recorded = readDependence(run);
    expect(recorded).toMatchObject({ split: "test", rows });
    expect(recorded?.pairs).toEqual(
      pairs.map(({ first, second, hsic }: Record<string, unknown>) => ({
        first,
        second,
        hsic: hsic ?? Number.NaN,
      })),
    );
  });

  it("needs no input that a spec declares and nothing reads", async () => {
    const spec = join(folder, "unread.mird");
    const text = readFileSync("test/cli/fixtures/latents.mird", "utf8");
    writeFileSync(spec, text.replace("  label y", "  input text : ids[B, L~] < V\n  label y"));
    const other = join(folder, "unread");
    const given = ["--data", join(folder, "data"), "--out", other, "--device", "cpu"];
    expect(await runCli("train", spec, ...given)).toMatchObject({ code: 0 });
    const [own, before] = [other, run].map((each) => runCli("disentangle", each, "--json", "--no-critic"));
    expect(JSON.parse((await own)?.out ?? "")).toEqual(JSON.parse((await before)?.out ?? ""));
  });

  it("takes other outputs by name", async () => {
    const { out } = await measured("--latent", "y_hat", "--latent", "z_v", "--no-critic");
    expect(out).toMatch(/^y_hat, z_v /m);
  });

  it("takes other parameters from a file: those of another run give what that run gives", async () => {
    const other = join(folder, "other");
    const given = ["--data", join(folder, "data"), "--out", other, "--seed", "1", "--device", "cpu"];
    expect(await runCli("train", "test/cli/fixtures/latents.mird", ...given)).toMatchObject({ code: 0 });
    const flags = ["--json", "--no-critic", "--permutations", "49"];
    const own = await runCli("disentangle", other, ...flags);
    const best = join(other, "checkpoints", "best.safetensors");
    expect((await measured("--json", "--no-critic", "--parameters", best)).out).toBe(own.out);
    expect((await measured("--json", "--no-critic")).out).not.toBe(own.out);
  });

  it("refuses what cannot be measured", async () => {
    for (const [args, text] of [
      [["--latent", "z_q"], "Did you mean `z_a`?"],
      [["--latent", "z_a"], "names one latent, `z_a`"],
      [["--split", "train"], "cannot judge them"],
      [["--split", "valid"], "has 10 rows"],
    ] as const) {
      const { code, err } = await measured(...args, "--data", join(folder, "data"));
      expect(code).toBe(1);
      expect(err.replaceAll(/\s+/g, " ")).toContain(text);
    }
  });
});

describe("the held-out critic", () => {
  it.each([0, 0.5, 0.8])("bounds the information of normal pairs, correlation %f", async (rho) => {
    const { program } = requireModel({
      entry: shippedSpec("critic"),
      loadSource: diskLoader({}),
      settings: {},
      model: null,
    });
    const { backend, target } = await chooseDevice({ device: "cpu" });
    const critics = new Critics({ program, backend, target, seed: 0 });
    const [fit, choose, test] = [
      correlated(600, 3, rho, 1),
      correlated(150, 3, rho, 2),
      correlated(256, 3, rho, 3),
    ];
    const bound = await critics.bound({
      x: { fit: fit.x, choose: choose.x, test: test.x },
      y: { fit: fit.y, choose: choose.y, test: test.y },
    });
    critics.dispose();
    backend.close();
    const truth = normalInformation(3, rho);
    expect(bound).toBeGreaterThan(0.8 * truth - 0.06);
    expect(bound).toBeLessThan(truth + 0.12);
  });
});
