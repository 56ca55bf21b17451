/** Golden cases of modules. */
import type { Tensor } from "../../../src/data/safetensors.ts";
import type { CaseFile } from "../case-file.ts";
import { named, numberOf, readCase, tensorOf } from "../case-file.ts";
import type { Miss } from "../compare.ts";
import type { OracleDevice } from "../devices/device.ts";
import { referenceDevice } from "../devices/reference.ts";
import type { Entry, ModelEntry } from "../entry.ts";
import { modelResults, runModelEntry } from "../run-model.ts";
import { attentionMaps, layerNorm, linear, recurrent, rewriting } from "./paths.ts";

function model(cases: RegExp, name: string, more: Partial<ModelEntry> = {}): ModelEntry {
  return { kind: "model", cases, spec: "modules", model: name, ...more };
}

const attribute = (name: string) => (file: CaseFile) => numberOf(file, name);

/** A recurrent layer in one direction or both, with and without lengths. */
function recurrentCases(kind: "lstm" | "gru", name: string): ModelEntry[] {
  const shared: Partial<ModelEntry> = {
    sizes: { H: ["param.weight_hh_l0", 1] },
    outputs: { output: "steps" },
  };
  const one = { ...shared, parameter: rewriting(...recurrent, [/_l0$/, ""], [/^/, "layer."]) };
  const both = {
    ...shared,
    parameter: rewriting(
      ...recurrent,
      [/^(.*)_l0$/, "layer.forward.$1"],
      [/^(.*)_l0_reverse$/, "layer.backward.$1"],
    ),
  };
  const ragged = { inputs: { x: { from: "x", lengths: "lengths" } } };
  return [
    model(new RegExp(`^modules/${kind}$`), `${name}Case`, one),
    model(new RegExp(`^modules/${kind}_ragged$`), `${name}Case`, { ...one, ...ragged }),
    model(new RegExp(`^modules/bi${kind}$`), `Bi${name}Case`, both),
    model(new RegExp(`^modules/bi${kind}_ragged$`), `Bi${name}Case`, { ...both, ...ragged }),
  ];
}

const attention: Partial<ModelEntry> = {
  sizes: { heads: attribute("heads") },
  parameter: rewriting([/^/, "attention."], ...attentionMaps),
};

const encoder: Partial<ModelEntry> = {
  sizes: { heads: attribute("heads"), hidden: ["param.ffn1.weight", 0] },
  parameter: rewriting(
    [/^/, "layer."],
    [/\battention\./, "attended."],
    [/\bffn1\b/, "transformed.first"],
    [/\bffn2\b/, "transformed.second"],
    [/\bnorm1\b/, "attention_norm"],
    [/\bnorm2\b/, "feed_forward_norm"],
    ...layerNorm("attention_norm|feed_forward_norm"),
    ...attentionMaps,
  ),
};

const maskedX = { inputs: { x: { from: "x", lengths: "mask" } } };

/** Names of public BERT checkpoints. Layers are counted from 0 there, from 1 in a spec. */
function bertPath(name: string): string {
  const counted = name.replace(
    /^bert\.encoder\.layer\.(\d+)/,
    (_, layer: string) => `bert.encoder.blocks[${Number(layer) + 1}]`,
  );
  return rewriting(
    [/\.position_embeddings\.weight$/, ".position"],
    [/\.word_embeddings\b/, ".word"],
    [/\.token_type_embeddings\.weight$/, ".segment"],
    [/\.embeddings\.LayerNorm\b/, ".embeddings.normalise"],
    [/\.pooler\.dense\b/, ".pooler"],
    [/\.attention\.output\.LayerNorm\./, ".attention_norm."],
    [/\.attention\.self\./, ".attended."],
    [/\.attention\.output\.dense\./, ".attended.out."],
    [/\.intermediate\.dense\./, ".transformed.first."],
    [/\.output\.dense\./, ".transformed.second."],
    [/\.output\.LayerNorm\./, ".feed_forward_norm."],
    ...layerNorm("normalise|attention_norm|feed_forward_norm"),
    ...attentionMaps,
  )(counted);
}

const bert = model(/^modules\/bert_tiny$/, "PaddedBertCase", {
  inputs: {
    input_ids: { from: "input_ids", lengths: "attention_mask" },
    token_type_ids: { from: "token_type_ids", lengths: "attention_mask" },
  },
  sizes: {
    V: ["param.bert.embeddings.word_embeddings.weight", 0],
    W: ["param.bert.embeddings.word_embeddings.weight", 1],
    P: ["param.bert.embeddings.position_embeddings.weight", 0],
    K: ["param.bert.embeddings.token_type_embeddings.weight", 0],
    heads: attribute("heads"),
    layers: attribute("layers"),
    hidden: attribute("intermediate"),
  },
  parameter: bertPath,
});

/** `Bert` of the library gives nothing to padding, which the case compares too: so the padded variant shows that the numbers are right, and then what the rest must be. */
const libraryBert: ModelEntry = { ...bert, model: "BertCase" };

/**
 * A checkpoint under the names of public ones, read into `Bert` of the library: the outputs of the case where no padding is, and the gradients of
 * these outputs, which the padded variant says.
 */
async function runBertCheckpoint(checkpoint: CaseFile, device: OracleDevice): Promise<readonly Miss[]> {
  const file = readCase(checkpoint.root, "modules/bert_tiny");
  const missing = named(file, "param.").filter((name) => !checkpoint.tensors.has(name));
  if (missing.length > 0) throw new Error(`${checkpoint.name} lacks ${missing.join(", ")}`);
  const tensors = new Map([
    ...file.tensors,
    ...[...checkpoint.tensors].map(([name, tensor]) => [`param.${name}`, tensor] as const),
  ]);
  for (const name of ["out.last_hidden_state", "cot.last_hidden_state"])
    tensors.set(name, withoutPadding(tensorOf(file, name), tensorOf(file, "in.attention_mask")));
  const valid = { ...file, tensors };
  const reference = await modelResults(bert, valid, referenceDevice());
  for (const [name, values] of reference)
    if (name.startsWith("grad."))
      tensors.set(name, { ...tensorOf(file, name), data: Float32Array.from(values) });
  for (const name of tensors.keys()) if (name.startsWith("alt.")) tensors.delete(name);
  return runModelEntry(libraryBert, valid, device);
}

/** The tensor [B, T, …] with zeros where the mask [B, T] is 0. */
function withoutPadding(tensor: Tensor, mask: Tensor): Tensor {
  const width = tensor.data.length / mask.data.length;
  const data = Float32Array.from(tensor.data, Number).map((value, index) =>
    Number(mask.data[Math.floor(index / width)]) === 0 ? 0 : value,
  );
  return { ...tensor, data };
}

const shiftPaths: readonly (readonly [RegExp, string])[] = [
  [/\bW_hv\b/, "shift_vision.gate"],
  [/\bW_ha\b/, "shift_audio.gate"],
  ...layerNorm("normalise"),
  linear,
];

/** Parameters of the word-level fusion of MIRD. */
export const fusionPaths: readonly (readonly [RegExp, string])[] = [
  [/\bLayerNorm\b/, "gate.normalise"],
  [/\bW_h([av])\b/, "gate.W_h$1"],
  [/\bW_v_\./, "gate.shift_vision.shift."],
  [/\bW_a_\./, "gate.shift_audio.shift."],
  [/\bW_v\./, "align_vision.keys."],
  [/\bW_a\./, "align_audio.keys."],
  ...shiftPaths,
];

const fusion: Partial<ModelEntry> = {
  settings: { beta: "beta_shift" },
  parameter: rewriting([/^/, "fuse."], ...fusionPaths),
};

const gate: Partial<ModelEntry> = {
  settings: { beta: "beta_shift" },
  parameter: rewriting(
    [/^/, "gate."],
    [/\bLayerNorm\b/, "normalise"],
    [/\bW_v\./, "shift_vision.shift."],
    [/\bW_a\./, "shift_audio.shift."],
    ...shiftPaths,
  ),
};

export const moduleEntries: readonly Entry[] = [
  ...recurrentCases("lstm", "Lstm"),
  ...recurrentCases("gru", "Gru"),
  model(/^modules\/lstm_encoder_fc$/, "Encoders", {
    inputs: { x: { from: "x", lengths: "lengths" } },
    sizes: { H: ["param.lstm.weight_hh", 1] },
    parameter: rewriting(...recurrent, [/^fc1\b/, "encode.project"], [/^lstm\b/, "encode.lstm"], linear),
  }),
  model(/^modules\/lstm_decoder$/, "Decoder", {
    sizes: { T: attribute("steps"), E: ["param.fc1.weight", 0] },
    parameter: rewriting(...recurrent, [/^fc1\b/, "decode.project"], [/^lstm\b/, "decode.lstm"], linear),
  }),
  model(/^modules\/mha_self$/, "SelfAttention", attention),
  model(/^modules\/mha_self_mask$/, "SelfAttention", { ...attention, ...maskedX }),
  model(/^modules\/mha_cross$/, "CrossAttention", attention),
  model(/^modules\/mha_cross_mask$/, "CrossAttention", {
    ...attention,
    inputs: { context: { from: "context", lengths: "mask" } },
  }),
  model(/^modules\/encoder_postnorm$/, "PostNorm", encoder),
  model(/^modules\/encoder_prenorm$/, "PreNorm", encoder),
  model(/^modules\/encoder_postnorm_mask$/, "PostNormRagged", { ...encoder, ...maskedX }),
  model(/^modules\/encoder_prenorm_mask$/, "PreNormRagged", { ...encoder, ...maskedX }),
  model(/^modules\/position_sinusoidal$/, "Positions", { outputs: { position: "position" } }),
  bert,
  { kind: "procedure", cases: /^modules\/bert_tiny_weights$/, run: runBertCheckpoint },
  model(/^modules\/wsa_mask$/, "Fusion", {
    ...fusion,
    inputs: {
      acoustic: { from: "acoustic", lengths: "mask_a" },
      visual: { from: "visual", lengths: "mask_v" },
    },
  }),
  model(/^modules\/wsa/, "Fusion", fusion),
  model(/^modules\/wa_softmax$/, "Fusion", { ...fusion, settings: { beta: "beta_shift", sparse: false } }),
  model(/^modules\/mag$/, "Gate", gate),
];
