/**
 * A folder as Hugging Face lays models out: `config.json`, the tensors in `model.safetensors` or in several files with an index, the words
 * in `vocab.txt` or `tokenizer.json`; read and written. Nothing is converted or matched here.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readBytes, readText, sha256, writeFileAtomic } from "./files.ts";
import { isObject, readJson } from "./json-shape.ts";
import { DataProblems, dataError } from "./problem.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "./safetensors.ts";
import type { SourceFile } from "./schema.ts";
import { readTokenizerVocabulary } from "./tokenizer-json.ts";

const CONFIG = "config.json";
const TENSORS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const WORDS = "vocab.txt";
/** Files of other programs that hold the same tensors. */
const OTHERS: readonly string[] = [
  "pytorch_model.bin",
  "pytorch_model.bin.index.json",
  "tf_model.h5",
  "flax_model.msgpack",
];

export interface PretrainedFolder {
  readonly folder: string;
  /** Path of `config.json`, for messages. */
  readonly configPath: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Tensors by name, each with the path of its file. */
  readonly tensors: ReadonlyMap<string, { readonly tensor: Tensor; readonly path: string }>;
  /** Files that hold tensors, by name in the folder. */
  readonly files: readonly SourceFile[];
  /** The words by id, and the file that says so; null where the folder has no vocabulary. */
  readonly vocabulary: { readonly words: readonly string[]; readonly path: string } | null;
}

/** Reads a folder. Throws a UserError that names the file and what is wrong with it. */
export function readPretrainedFolder(folder: string): PretrainedFolder {
  if (!existsSync(folder)) throw dataError("data-unreadable", { file: folder }, "There is no such folder.");
  const configPath = join(folder, CONFIG);
  if (!existsSync(configPath))
    throw dataError(
      "data-unreadable",
      { file: folder },
      `The folder has no \`${CONFIG}\`.`,
      "Give the folder of a model as Hugging Face has it: `config.json`, `model.safetensors`, `vocab.txt`.",
    );
  const config = readJson(configPath);
  if (!isObject(config)) throw dataError("data-format", { file: configPath }, "This must be a JSON object.");
  return { folder, configPath, config, ...readTensors(folder), vocabulary: readVocabulary(folder) };
}

function readTensors(folder: string): Pick<PretrainedFolder, "tensors" | "files"> {
  const index = join(folder, INDEX);
  const names = existsSync(join(folder, TENSORS))
    ? [TENSORS]
    : existsSync(index)
      ? [...new Set(readIndex(index).values())]
      : null;
  if (names === null) throw noTensors(folder);
  const tensors = new Map<string, { tensor: Tensor; path: string }>();
  const problems = new DataProblems();
  const files: SourceFile[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const read = problems.attempt(() => ({ bytes: readBytes(path), ...readSafetensors(path) }));
    if (read === null) continue;
    files.push({ file: name, sha256: sha256([read.bytes]), bytes: read.bytes.length });
    for (const [tensor, value] of read.tensors) tensors.set(tensor, { tensor: value, path });
  }
  problems.throwIfAny();
  if (names[0] !== TENSORS)
    for (const [tensor, file] of readIndex(index))
      if (tensors.get(tensor)?.path !== join(folder, file))
        problems.add(
          "data-missing-column",
          { file: index, within: [`tensor "${tensor}"`] },
          `The index says that the tensor is in \`${file}\`, which does not hold it.`,
        );
  problems.throwIfAny();
  return { tensors, files };
}

/** File by tensor name. */
function readIndex(path: string): Map<string, string> {
  const value = readJson(path);
  const map = isObject(value) ? value.weight_map : undefined;
  if (!isObject(map) || !Object.values(map).every((file) => typeof file === "string"))
    throw dataError(
      "data-format",
      { file: path, within: ["weight_map"] },
      "This must map names of tensors to names of files.",
    );
  const files = new Map(Object.entries(map).map(([tensor, file]) => [tensor, String(file)]));
  for (const [tensor, file] of files)
    if (!/^[\w.-]+\.safetensors$/.test(file))
      throw dataError(
        "data-unsafe",
        { file: path, within: [`tensor "${tensor}"`] },
        `\`${file}\` is not the name of a safetensors file in this folder.`,
      );
  return files;
}

function noTensors(folder: string): Error {
  const other = OTHERS.find((name) => existsSync(join(folder, name)));
  if (other === undefined)
    return dataError(
      "data-unreadable",
      { file: folder },
      `The folder has neither \`${TENSORS}\` nor \`${INDEX}\`.`,
    );
  const reason = other.startsWith("pytorch")
    ? "It is a pickle: a program, which is not run here."
    : "Files of this kind are not read.";
  return dataError(
    "data-unsafe",
    { file: join(folder, other) },
    `The tensors are in \`${other}\`. ${reason}`,
    'Most models have `model.safetensors` beside it; otherwise convert it once with transformers: `AutoModel.from_pretrained("FOLDER").save_pretrained("NEW", safe_serialization=True)`.',
  );
}

function readVocabulary(folder: string): PretrainedFolder["vocabulary"] {
  const plain = join(folder, WORDS);
  if (existsSync(plain)) {
    const words = readText(plain)
      .replace(/\r?\n$/, "")
      .split(/\r?\n/);
    return { words, path: plain };
  }
  const path = join(folder, "tokenizer.json");
  if (!existsSync(path)) return null;
  return { words: readTokenizerVocabulary(path), path };
}

/** What {@link writePretrainedFolder} writes. */
export interface PretrainedContents {
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
  /** The words by id; null: without a `vocab.txt`. */
  readonly words: readonly string[] | null;
}

/** Writes a folder that {@link readPretrainedFolder}, and Hugging Face's transformers, read. Files of the same names are replaced. */
export function writePretrainedFolder(folder: string, contents: PretrainedContents): void {
  const { config, tensors, metadata, words } = contents;
  const writeText = (name: string, text: string) =>
    writeFileAtomic(join(folder, name), [new TextEncoder().encode(text)]);
  writeText(CONFIG, `${JSON.stringify(config, null, 2)}\n`);
  // Readers of PyTorch models ask for this entry.
  writeSafetensors(join(folder, TENSORS), tensors, { format: "pt", ...metadata });
  if (words !== null) writeText(WORDS, `${words.join("\n")}\n`);
}
