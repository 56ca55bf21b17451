/** Weights in and out through the command line: a folder as Hugging Face has it, a training, exports, and other processes that read them, bit for bit. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../src/data/safetensors.ts";
import { readSafetensors } from "../../src/data/safetensors.ts";
import { runCli } from "../support/cli.ts";
import { bertTensors, CONFIG, WORDS, writeBert } from "../support/huggingface.ts";

const FIXTURE = "test/cli/fixtures/tiny_bert.mird";
const folder = mkdtempSync(join(tmpdir(), "mird-round-trip-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (...names: string[]) => join(folder, ...names);

/** A command in a process of its own. */
const apart = (...args: string[]) =>
  execFileSync(process.execPath, ["node_modules/.bin/tsx", "src/cli/main.ts", ...args], { encoding: "utf8" });
const train = (spec: string, out: string, bert: string, ...more: string[]) => [
  ...["train", spec, "--data", file("data"), "--device", "cpu", "--out", file(out)],
  ...["--pretrained", `bert=${bert}`, ...more],
];
const predictions = (run: string) => readFileSync(file(run, "predictions.csv"), "utf8");
const best = (run: string) => readSafetensors(file(run, "checkpoints", "best.safetensors")).tensors;

beforeAll(async () => {
  const texts = ["the film was good", "it is not funny", "a bad film, really", "slow plots and music"];
  const lines = Array.from({ length: 16 }, (_, row) => {
    const split = row < 8 ? "train" : row < 12 ? "valid" : "test";
    return `${row},"${texts[row % 4]} ${texts[(row * 3 + 1) % 4]}",${(row % 7) - 3},${split}`;
  });
  writeFileSync(file("rows.csv"), `${["id,text,y,split", ...lines].join("\n")}\n`);
  // As a model with a head for masked words saves it: a prefix, and tensors that BERT itself does not have.
  const tensors = new Map<string, Tensor>([
    ...[...bertTensors()].map(([name, tensor]): [string, Tensor] => [`bert.${name}`, tensor]),
    ["cls.predictions.bias", { dtype: "F32", shape: [WORDS.length], data: new Float32Array(WORDS.length) }],
  ]);
  writeBert(file("bert"), tensors);
  const words = ["--vocabulary", file("bert", "vocab.txt"), "--text-split", "bert"];
  const imported = await runCli("data", "import", file("rows.csv"), ...words, "--out", file("data"));
  expect(imported).toMatchObject({ code: 0 });
  expect(await runCli(...train(FIXTURE, "run", file("bert")))).toMatchObject({ code: 0 });
}, 120_000);

describe("all parameters, `--to safetensors`", () => {
  it("give another process the same outputs, bit for bit, without the run's own checkpoints", async () => {
    const before = file("before.safetensors");
    expect(await runCli("predict", file("run"), "-o", before, "--device", "cpu")).toMatchObject({ code: 0 });
    const exported = file("model.safetensors");
    expect(await runCli("export", file("run"), "--to", "safetensors", "-o", exported)).toMatchObject({
      code: 0,
    });
    renameSync(file("run", "checkpoints"), file("run", "away"));
    try {
      const after = file("after.safetensors");
      apart("predict", file("run"), "-o", after, "--device", "cpu", "--parameters", exported);
      expect(readSafetensors(after).tensors).toEqual(readSafetensors(before).tensors);
      const none = await runCli("predict", file("run"), "-o", after, "--device", "cpu");
      expect(none.err).toContain("has no parameters to use");
    } finally {
      renameSync(file("run", "away"), file("run", "checkpoints"));
    }
  }, 120_000);

  it("are refused where they belong to another model", async () => {
    const other = file("bert", "model.safetensors");
    const { code, err } = await runCli("predict", file("run"), "-o", file("x.csv"), "--parameters", other);
    expect(code).toBe(1);
    expect(err).toContain("error[checkpoint-mismatch]");
    expect(err).toContain("bert.embeddings.word.weight  is missing");
  });
});

describe("BERT, `--to huggingface`", () => {
  // Only BERT moves, so that its weights and the seed say everything.
  const spec = file("only_bert.mird");
  let said: string;

  beforeAll(async () => {
    const text = readFileSync(FIXTURE, "utf8");
    writeFileSync(spec, text.replace("updates all except bert.embeddings", "updates bert"));
    expect(await runCli(...train(spec, "first", file("bert")))).toMatchObject({ code: 0 });
    const exported = await runCli("export", file("first"), "--to", "huggingface");
    expect(exported).toMatchObject({ code: 0, err: "" });
    said = exported.out;
  }, 120_000);

  it("is a folder with the names, shapes, sizes and words that it came with, and the numbers that were learnt", () => {
    const made = file("first", "huggingface", "bert");
    expect(said).toBe(`  ${made}: 39 tensors\nWritten to ${file("first", "huggingface")}\n`);
    const { tensors, metadata } = readSafetensors(join(made, "model.safetensors"));
    const given = bertTensors();
    expect([...tensors.keys()].sort()).toEqual([...given.keys()].sort());
    for (const [name, { shape }] of given) expect(tensors.get(name)?.shape, name).toEqual(shape);
    const query = "encoder.layer.1.attention.self.query.weight";
    expect(tensors.get(query)).toEqual(best("first").get("bert.encoder.blocks[2].attended.query_map.weight"));
    expect(tensors.get(query)).not.toEqual(given.get(query));
    expect(metadata).toMatchObject({ format: "pt", "mird.model": "TinyBert" });
    expect(JSON.parse(readFileSync(join(made, "config.json"), "utf8"))).toEqual(CONFIG);
    expect(readFileSync(join(made, "vocab.txt"), "utf8")).toBe(
      readFileSync(file("bert", "vocab.txt"), "utf8"),
    );
  });

  it("starts a run in another process that predicts the same, bit for bit", () => {
    const made = file("first", "huggingface", "bert");
    apart(...train(spec, "second", made, "--set", "model.lr=0"));
    expect(predictions("second")).toBe(predictions("first"));
    expect([...best("second")]).toEqual([...best("first")]);
  }, 120_000);

  it("is refused where the spec loads no weights", async () => {
    const plain = file("plain.mird");
    writeFileSync(plain, readFileSync(FIXTURE, "utf8").replace(/^ {2}load .*\n/m, ""));
    const data = ["--data", file("data"), "--device", "cpu", "--out", file("plain")];
    expect(await runCli("train", plain, ...data)).toMatchObject({ code: 0 });
    const { code, err } = await runCli("export", file("plain"), "--to", "huggingface");
    expect(code).toBe(1);
    expect(err).toContain("error[export-nothing]: Nothing to export");
  }, 120_000);
});
