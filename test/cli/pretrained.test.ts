/** Weights from folders in the layout of Hugging Face: what is loaded, what is refused, and that a run with them is read back bit for bit. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../src/data/safetensors.ts";
import { readSafetensors, writeSafetensors } from "../../src/data/safetensors.ts";
import { readRun } from "../../src/report/run-directory.ts";
import { runCli } from "../support/cli.ts";
import { bertTensors, brain, CONFIG, half, WORDS, writeBert } from "../support/huggingface.ts";

const SPEC = "test/cli/fixtures/tiny_bert.mird";
let folder: string;
let data: string;
let weights: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-pretrained-"));
  data = join(folder, "data");
  const texts = [
    "the film was good",
    "it is not funny",
    "i like it so much",
    "a bad film, really",
    "slow plots and music",
  ];
  const lines = ["id,text,y,split"];
  for (let row = 0; row < 20; row++)
    lines.push(
      `${row},"${texts[row % 5]} ${texts[(row * 3 + 1) % 5]}",${(row % 7) - 3},${row < 12 ? "train" : row < 16 ? "valid" : "test"}`,
    );
  writeFileSync(join(folder, "rows.csv"), `${lines.join("\n")}\n`);
  weights = writeBert(join(folder, "bert"), bertTensors());
  const vocabulary = ["--vocabulary", join(weights, "vocab.txt"), "--text-split", "bert"];
  const imported = await runCli("data", "import", join(folder, "rows.csv"), ...vocabulary, "--out", data);
  expect(imported).toMatchObject({ code: 0 });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const train = (out: string, ...more: string[]) =>
  runCli("train", SPEC, "--data", data, "--device", "cpu", "--out", join(folder, out), ...more);
const bestOf = (run: string) => readSafetensors(join(folder, run, "checkpoints", "best.safetensors")).tensors;

describe("a folder of weights", () => {
  beforeAll(async () => {
    const extra = new Map<string, Tensor>([
      ...[...bertTensors()].map(([name, tensor]): [string, Tensor] => [`bert.${name}`, tensor]),
      ["bert.embeddings.position_ids", { dtype: "I64", shape: [1, 24], data: new BigInt64Array(24) }],
      ["cls.predictions.bias", { dtype: "F32", shape: [WORDS.length], data: new Float32Array(WORDS.length) }],
    ]);
    const result = await train("run", "--pretrained", `bert=${writeBert(join(folder, "masked"), extra)}`);
    expect(result).toMatchObject({ code: 0 });
    expect(result.out).toMatch(
      /^Weights bert from .*masked: 39 parameters \(1,736 numbers\) of bert\.\n {2}2 tensors of the folder are not used: bert\.embeddings\.position_ids, cls\.predictions\.bias\.$/m,
    );
  }, 120_000);

  it("is where the parameters start", () => {
    const best = bestOf("run");
    const given = bertTensors();
    // The embeddings do not move in this spec, so they are still what the file says.
    expect(best.get("bert.embeddings.word.weight")?.data).toEqual(
      given.get("embeddings.word_embeddings.weight")?.data,
    );
    expect(best.get("bert.embeddings.normalise.scale")?.data).toEqual(
      given.get("embeddings.LayerNorm.weight")?.data,
    );
    const moved = best.get("bert.encoder.blocks[2].transformed.first.weight")?.data ?? [];
    const start = given.get("encoder.layer.1.intermediate.dense.weight")?.data ?? [];
    const far = Float32Array.from(moved, Number).map((value, index) =>
      Math.abs(value - Number(start[index])),
    );
    expect(Math.max(...far)).toBeGreaterThan(0);
    expect(Math.max(...far)).toBeLessThan(0.01);
  });

  it("is recorded in the run", () => {
    const { pretrained, loaded } = readRun(join(folder, "run"));
    expect(pretrained).toEqual({ bert: join(folder, "masked") });
    expect(loaded.weights).toMatchObject([
      {
        name: "bert",
        weights: "HuggingfaceBert",
        into: ["bert"],
        absent: [],
        parameters: 39,
        elements: 1736,
      },
    ]);
    expect(loaded.weights[0]?.unused).toEqual(["bert.embeddings.position_ids", "cls.predictions.bias"]);
    expect(loaded.weights[0]?.files[0]).toMatchObject({ file: "model.safetensors" });
    expect(loaded.weights[0]?.files[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it("gives a run that another process reads to the same predictions, bit for bit", () => {
    const out = join(folder, "again.csv");
    const run = join(folder, "run");
    execFileSync(process.execPath, [
      "node_modules/.bin/tsx",
      "src/cli/main.ts",
      "predict",
      run,
      "--out",
      out,
      "--device",
      "cpu",
    ]);
    const rows = (path: string) =>
      readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => line.split(","));
    const byId = (lines: readonly string[][], column: string) => {
      const [head = [], ...rest] = lines;
      const [id, value] = [head.indexOf("id"), head.indexOf(column)];
      return new Map(rest.map((line) => [line[id] ?? "", line[value] ?? ""]));
    };
    const predicted = byId(rows(out), "score");
    const recorded = byId(rows(join(run, "predictions.csv")), "prediction");
    expect(recorded.size).toBe(8);
    for (const [id, score] of recorded) expect(predicted.get(id)).toBe(score);
  }, 120_000);

  it.each(["old names", "half precision", "brain floats", "several files"])(
    "says the same with %s",
    async (kind) => {
      const given = [...bertTensors()];
      const other = join(folder, kind.replace(" ", "-"));
      if (kind === "old names") {
        const old = (name: string) =>
          name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
        writeBert(other, new Map(given.map(([name, tensor]) => [old(name), tensor])));
      } else if (kind === "several files") {
        writeBert(other, new Map());
        rmSync(join(other, "model.safetensors"));
        const files = [given.slice(0, 20), given.slice(20)].map(
          (part, index) => [`model-${index}.safetensors`, part] as const,
        );
        for (const [name, part] of files) writeSafetensors(join(other, name), new Map(part));
        const map = files.flatMap(([name, part]) => part.map(([tensor]) => [tensor, name]));
        writeFileSync(
          join(other, "model.safetensors.index.json"),
          JSON.stringify({ weight_map: Object.fromEntries(map) }),
        );
      } else {
        const narrow = kind === "half precision" ? half : brain;
        writeBert(other, new Map(given.map(([name, tensor]) => [name, narrow(tensor)])));
      }
      expect(await train(`run ${kind}`, "--pretrained", `bert=${other}`)).toMatchObject({ code: 0 });
      expect([...bestOf(`run ${kind}`)]).toEqual([...bestOf("run")]);
    },
    120_000,
  );

  it("may be left out, on purpose only", async () => {
    const silent = await train("silent");
    expect(silent).toMatchObject({ code: 1 });
    expect(silent.err).toContain("--pretrained bert=DIR");
    expect((await train("drawn", "--pretrained", "bert=none")).code).toBe(0);
    expect(readRun(join(folder, "drawn")).loaded.weights).toEqual([]);
  }, 120_000);
});

describe("a folder that does not fit", () => {
  const without = (name: string) => {
    const tensors = bertTensors();
    tensors.delete(name);
    return tensors;
  };
  const replaced = (name: string, tensor: Tensor) => bertTensors().set(name, tensor);
  const KEY = "encoder.layer.1.attention.self.key.weight";
  const cases: [string, (path: string) => void, RegExp[]][] = [
    [
      "a missing tensor",
      (path) => writeBert(path, without(KEY)),
      [
        /tensor "encoder\.layer\.1\.attention\.self\.key\.weight"/,
        /bert\.encoder\.blocks\[2\]\.attended\.key_map\.weight/,
        /no such tensor/,
      ],
    ],
    [
      "a wrong shape",
      (path) => writeBert(path, replaced(KEY, { dtype: "F32", shape: [8, 4], data: new Float32Array(32) })),
      [/F32 \[8, 4\]/, /\[8, 8\]/, /model\.safetensors/],
    ],
    [
      "a wrong type",
      (path) => writeBert(path, replaced(KEY, { dtype: "I32", shape: [8, 8], data: new Int32Array(64) })),
      [/holds I32/, /real numbers/],
    ],
    [
      "a number that is none",
      (path) =>
        writeBert(
          path,
          replaced(KEY, { dtype: "F32", shape: [8, 8], data: new Float32Array(64).fill(Number.NaN) }),
        ),
      [/element 0 is NaN/],
    ],
    [
      "a file that is cut short",
      (path) => truncateSync(join(writeBert(path, bertTensors()), "model.safetensors"), 5000),
      [/model\.safetensors/, /the file holds/],
    ],
    [
      "another activation",
      (path) => writeBert(path, bertTensors(), { ...CONFIG, hidden_act: "relu" }),
      [/config\.json/, /hidden_act/, /"relu"/, /"gelu" only/],
    ],
    [
      "another architecture",
      (path) => writeBert(path, bertTensors(), { ...CONFIG, model_type: "roberta" }),
      [/model_type/, /"roberta"/],
    ],
    [
      "other sizes",
      (path) => writeBert(path, bertTensors(), { ...CONFIG, num_hidden_layers: 3, num_attention_heads: 4 }),
      [/num_hidden_layers/, /`layers = 3`/, /`heads = 4`/, /`Bert`/],
    ],
    [
      "no config.json",
      (path) => rmSync(join(writeBert(path, bertTensors()), "config.json")),
      [/config\.json/],
    ],
    [
      "a pickle",
      (path) => {
        rmSync(join(writeBert(path, bertTensors()), "model.safetensors"));
        writeFileSync(join(path, "pytorch_model.bin"), "PK");
      },
      [/pytorch_model\.bin/, /pickle/, /safe_serialization/],
    ],
    [
      "other words",
      (path) =>
        writeFileSync(
          join(writeBert(path, bertTensors()), "vocab.txt"),
          `${[...WORDS].reverse().join("\n")}\n`,
        ),
      [/vocab\.txt/, /`hate`/, /field `text`/],
    ],
    [
      "an index that leaves the folder",
      (path) => {
        rmSync(join(writeBert(path, bertTensors()), "model.safetensors"));
        writeFileSync(
          join(path, "model.safetensors.index.json"),
          JSON.stringify({ weight_map: { a: "../x.safetensors" } }),
        );
      },
      [/index\.json/, /not the name of a safetensors file/],
    ],
  ];
  it.each(cases)(
    "%s",
    async (name, make, expected) => {
      const path = join(folder, `bad ${name}`);
      make(path);
      const result = await train(`run ${name}`, "--pretrained", `bert=${path}`);
      expect(result.code).toBe(1);
      const text = result.err.replaceAll(/\s+/g, " ");
      for (const part of expected) expect(text).toMatch(part);
    },
    60_000,
  );

  it("a name that nothing loads", async () => {
    const result = await train(
      "run-name",
      "--pretrained",
      `brt=${weights}`,
      "--pretrained",
      `bert=${weights}`,
    );
    expect(result.code).toBe(1);
    expect(result.err).toContain("Did you mean `bert`?");
  });
});
