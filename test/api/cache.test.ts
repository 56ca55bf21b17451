/** What the cache of compiled models changes: nothing but the time. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { readLog } from "../../src/report/log.ts";
import { runCli } from "../support/cli.ts";

const TINY = "test/cli/fixtures/tiny.mird";
const folder = mkdtempSync(join(tmpdir(), "mird-kept-"));
const data = join(folder, "data");

beforeAll(async () => {
  vi.stubEnv("MIRD_CACHE", "");
  vi.stubEnv("MIRD_CACHE_DIR", folder);
  const rows = ["--train", "20", "--unlabelled", "0", "--valid", "6", "--test", "5"];
  const sizes = ["--text-length", "3", "--audio-length", "5", "--vision-length", "3", "--audio-width", "3"];
  expect((await runCli("data", "synth", "--out", data, ...rows, ...sizes)).code).toBe(0);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** How many entries of each kind there are. */
function kept(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of readdirSync(join(folder, "mird/compiled"))) {
    const kind = name.split("-")[0] ?? "";
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

async function stages(...more: string[]): Promise<string[]> {
  const given = ["--data", data, "--device", "cpu", "--times", "--json"];
  const { code, out } = await runCli("compile", TINY, ...given, ...more);
  expect(code).toBe(0);
  const times: { readonly stages: readonly { readonly stage: string }[] } = JSON.parse(out);
  return times.stages.map(({ stage }) => stage);
}

async function train(name: string, ...more: string[]) {
  const out = join(folder, name);
  const result = await runCli("train", TINY, "--data", data, "--out", out, "--device", "cpu", ...more);
  expect(result).toMatchObject({ code: 0 });
  return {
    log: readLog(join(out, "metrics.jsonl")).map(({ seconds: _, ...entry }) => entry),
    parameters: readFileSync(join(out, "checkpoints/last.safetensors")),
  };
}

it("compiles a model once", async () => {
  const sizes = ["--set", "d=3"];
  const first = await stages(...sizes);
  expect(first).toContain("fuse");
  expect(await stages(...sizes)).toEqual(["parse", "check", "cache", "encode, instantiate"]);
});

it("trains to the same bits from what was kept", async () => {
  const first = await train("first");
  const before = kept();
  const second = await train("second");
  expect(second).toEqual(first);
  expect(kept()).toEqual(before);
  vi.stubEnv("MIRD_CACHE", "off");
  expect(await train("third")).toEqual(first);
  vi.stubEnv("MIRD_CACHE", "");
});

it("compiles again for other sizes, settings and texts", async () => {
  await train("sizes");
  const before = kept();
  await train("other-sizes", "--set", "d=4");
  expect(kept().model).toBe((before.model ?? 0) + 1);
  const spec = join(folder, "tiny.mird");
  const text = readFileSync(TINY, "utf8");
  const rate = text.replace("1e-2", "2e-2");
  expect(rate).not.toBe(text);
  writeFileSync(spec, text);
  const compile = () => runCli("compile", spec, "--data", data, "--times", "--device", "cpu");
  await compile();
  const model = kept().model ?? 0;
  await compile();
  expect(kept().model).toBe(model);
  writeFileSync(spec, rate);
  await compile();
  expect(kept().model).toBe(model + 1);
});

it("says what is wrong with a text from what was kept of it, too", async () => {
  const spec = join(folder, "wrong.mird");
  writeFileSync(spec, "model M {\n  size d = = 3\n  input x: f32[B, d\n}\n");
  const first = await runCli("check", spec);
  expect(first.code).toBe(1);
  expect(await runCli("check", spec)).toEqual(first);
  // What was read of a text serves other files with the same text, under their names.
  const copy = join(folder, "copy.mird");
  copyFileSync(spec, copy);
  const { syntax } = kept();
  const { err } = await runCli("check", copy);
  expect(err).toBe(first.err.replaceAll(spec, copy));
  expect(kept().syntax).toBe(syntax);
});

it("takes no part in what is measured", async () => {
  const spec = join(folder, "measured.mird");
  writeFileSync(spec, `${readFileSync(TINY, "utf8")}// A text of its own.\n`);
  const before = kept();
  const { code } = await runCli("bench", spec, "--data", data, "--device", "cpu", "--seconds", "0");
  expect(code).toBe(0);
  expect(kept()).toEqual(before);
});
