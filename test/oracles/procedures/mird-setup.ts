/** The small MIRD of `specs/mird_tiny.mird` on the tensors of a case: sizes, parameter paths, and a dataset of the case's rows. */
import { at } from "../../../src/base/invariant.ts";
import type { TrainingSetup } from "../../../src/driver/iteration.ts";
import type { DataArena } from "../../../src/train/compiled.ts";
import type { CaseFile } from "../case-file.ts";
import { deviceValues, named, numberOf, tensorOf } from "../case-file.ts";
import type { Contents } from "../devices/device.ts";
import { specModel } from "../spec-models.ts";
import { fusionPaths } from "../table/modules.ts";
import { attentionMaps, layerNorm, linear, recurrent, rewriting, sequential } from "../table/paths.ts";

/** Parameter path of a name of the file (after `param.`). */
export const parameterPath = rewriting(
  ...recurrent,
  [/^encoder_l\.embedding\b/, "z_l.embed"],
  [/^encoder_l\.lstm\b/, "z_l.encode.lstm"],
  [/^encoder_l\.fc1\b/, "z_l.encode.project"],
  [/^encoder_([av])\.lstm\b/, "z_$1.lstm"],
  [/^encoder_([av])\.fc1\b/, "z_$1.project"],
  [/^decoder_([lav])\.lstm\b/, "rec_$1_hat.lstm"],
  [/^decoder_([lav])\.fc1\b/, "rec_$1_hat.project"],
  [/^regressor\.fc1\b/, "score.first"],
  [/^regressor\.fc2\b/, "score.second"],
  [/^joint\.embedding\b/, "z_y.embed"],
  [/^joint\.fc\b/, "z_y.project"],
  [/^joint\.layer\./, "z_y.encode.blocks[1]."],
  [/\.attention\./, ".attended."],
  [/\.ffn1\b/, ".transformed.first"],
  [/\.ffn2\b/, ".transformed.second"],
  [/\.norm1\b/, ".attention_norm"],
  [/\.norm2\b/, ".feed_forward_norm"],
  ...layerNorm("attention_norm|feed_forward_norm"),
  [/^joint\.wsa\./, "z_y.fuse."],
  ...fusionPaths,
  ...attentionMaps,
  [/^club_(.)(.)\.p_/, "estimators[z_$1,z_$2].head."],
  ...sequential,
  linear,
);

/** `mi_la` of the file as the term that a run records. */
export const lossName = rewriting([/^(mi|fit)_(.)(.)$/, "$1[z_$2,z_$3]"]);

/** The model with sizes from the tensors of the case. */
export function tinySetup(file: CaseFile): TrainingSetup {
  const model = specModel("mird_tiny", "MirdTiny");
  if (model.train === null) throw new Error("the small MIRD has no train block");
  const extent = (name: string, axis: number) => at(tensorOf(file, name).shape, axis);
  const rows = extent("in.text", 0);
  const sizes = new Map([
    ["B", rows],
    ["L", extent("in.text", 1)],
    ["V", extent("param.encoder_l.embedding.weight", 0)],
    ["Ta", extent("in.audio", 1)],
    ["Da", extent("in.audio", 2)],
    ["Tv", extent("in.vision", 1)],
    ["Dv", extent("in.vision", 2)],
    ["d", extent("param.encoder_l.fc1.weight", 0)],
    ["embedding", extent("param.encoder_l.embedding.weight", 1)],
    ["width", extent("param.joint.embedding.weight", 1)],
    ["heads", numberOf(file, "heads")],
    ["hidden", extent("param.joint.layer.ffn1.weight", 0)],
    ["regressor", extent("param.regressor.fc1.weight", 0)],
    ["club", 2 * extent("param.club_la.p_mu.0.weight", 0)],
  ]);
  return { model, train: model.train, sizes, dataRows: rows };
}

/** The case as a dataset on the device, and a batch of all its rows. */
export function dataArenas(file: CaseFile, data: readonly DataArena[]): Map<string, Contents> {
  const rows = at(tensorOf(file, "in.text").shape, 0);
  const arenas = new Map<string, Contents>([["batch", Int32Array.from({ length: rows }, (_, row) => row)]]);
  for (const arena of data) arenas.set(arena.arena, arenaContents(file, arena, rows));
  return arenas;
}

function arenaContents(file: CaseFile, { field, content, rowElements }: DataArena, rows: number): Contents {
  const tensor = tensorOf(file, `in.${field}`);
  const stored = at(tensor.shape, 0);
  switch (content) {
    case "present":
      // Only the first rows have a label.
      return Int32Array.from({ length: rows }, (_, row) => (row < stored ? 1 : 0));
    case "lengths": {
      const lengths = file.tensors.get(`in.${field}_lengths`);
      return lengths === undefined ? new Int32Array(rows).fill(at(tensor.shape, 1)) : deviceValues(lengths);
    }
    case "values": {
      const values = deviceValues(tensor);
      const padded =
        values instanceof Float32Array
          ? new Float32Array(rows * rowElements)
          : new Int32Array(rows * rowElements);
      padded.set(values);
      return padded;
    }
  }
}

/** Names of the file's parameters by their paths. */
export function namesByPath(file: CaseFile): Map<string, string> {
  return new Map(named(file, "param.").map((name) => [parameterPath(name), name]));
}
