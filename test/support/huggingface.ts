/** Folders of weights as Hugging Face lays them out, at tiny sizes, made by hand. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RandomStream } from "../../src/base/random.ts";
import type { Tensor } from "../../src/data/safetensors.ts";
import { writeSafetensors } from "../../src/data/safetensors.ts";

export const WORDS: readonly string[] = [
  ...[
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "the",
    "film",
    "was",
    "good",
    "bad",
    "very",
    "not",
    "##ly",
  ],
  ...[
    "a",
    "it",
    "is",
    "slow",
    "fun",
    "funny",
    "real",
    "##s",
    "plot",
    "music",
    "and",
    "but",
    "so",
    "much",
    "i",
    "like",
    "hate",
  ],
];

export const CONFIG = {
  architectures: ["BertForMaskedLM"],
  model_type: "bert",
  hidden_act: "gelu",
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 16,
  max_position_embeddings: 24,
  type_vocab_size: 2,
  vocab_size: WORDS.length,
  layer_norm_eps: 1e-12,
  position_embedding_type: "absolute",
};

type Config = typeof CONFIG;

/** Names and shapes of a BERT's tensors without a prefix. */
function shapes(config: Config): Map<string, number[]> {
  const { hidden_size: width, intermediate_size: hidden } = config;
  const found = new Map<string, number[]>();
  const dense = (name: string, out: number, from: number) =>
    found.set(`${name}.weight`, [out, from]).set(`${name}.bias`, [out]);
  const norm = (name: string) => found.set(`${name}.weight`, [width]).set(`${name}.bias`, [width]);
  found.set("embeddings.word_embeddings.weight", [config.vocab_size, width]);
  found.set("embeddings.position_embeddings.weight", [config.max_position_embeddings, width]);
  found.set("embeddings.token_type_embeddings.weight", [config.type_vocab_size, width]);
  norm("embeddings.LayerNorm");
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const name = `encoder.layer.${layer}`;
    for (const part of ["query", "key", "value"]) dense(`${name}.attention.self.${part}`, width, width);
    dense(`${name}.attention.output.dense`, width, width);
    norm(`${name}.attention.output.LayerNorm`);
    dense(`${name}.intermediate.dense`, hidden, width);
    dense(`${name}.output.dense`, width, hidden);
    norm(`${name}.output.LayerNorm`);
  }
  dense("pooler.dense", width, width);
  return found;
}

/** Tensors of a BERT, with numbers that half precision holds exactly, so that all kinds of files say the same. */
export function bertTensors(config: Config = CONFIG): Map<string, Tensor> {
  const stream = new RandomStream(5, 9);
  let next = 0;
  return new Map(
    [...shapes(config)].map(([name, shape]): [string, Tensor] => {
      const count = shape.reduce((product, extent) => product * extent, 1);
      const around = name.endsWith("LayerNorm.weight") ? 1 : 0;
      const data = Float32Array.from(
        { length: count },
        () => around + Math.round(64 * (stream.uniform(next++) - 0.5)) / 128,
      );
      return [name, { dtype: "F32", shape, data }];
    }),
  );
}

/** The same numbers in half precision, for numbers that it holds exactly. */
export function half({ shape, data }: Tensor): Tensor {
  const bits = Float32Array.from(data, Number);
  return {
    dtype: "F16",
    shape,
    data: Uint16Array.from(bits, (value) => {
      if (value === 0) return 0;
      const exponent = Math.floor(Math.log2(Math.abs(value)));
      const fraction = Math.abs(value) / 2 ** exponent - 1;
      return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | Math.round(fraction * 1024);
    }),
  };
}

/** The same numbers as the upper halves of single precision. */
export function brain({ shape, data }: Tensor): Tensor {
  const bits = new Uint32Array(Float32Array.from(data, Number).buffer);
  return { dtype: "BF16", shape, data: Uint16Array.from(bits, (value) => value >>> 16) };
}

/** Writes a folder with `config.json`, `vocab.txt` and the tensors. */
export function writeBert(
  folder: string,
  tensors: ReadonlyMap<string, Tensor>,
  config: Readonly<Record<string, unknown>> = CONFIG,
): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config, null, 2));
  writeFileSync(join(folder, "vocab.txt"), `${WORDS.join("\n")}\n`);
  writeSafetensors(join(folder, "model.safetensors"), tensors, { format: "pt" });
  return folder;
}
