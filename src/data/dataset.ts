/** Dataset folders: `dataset.json` and safetensors shards per split, written whole or not at all, checked when loaded. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { invariant } from "../base/invariant.ts";
import { type DatasetFile, printDatasetFile, readDatasetFile, type WrittenSplit } from "./dataset-json.ts";
import { bytesOf, reason, sha256, syncFolder, writeFileAtomic } from "./files.ts";
import { DataProblems, dataError } from "./problem.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "./safetensors.ts";
import { type Dataset, dataShape, type Field, isInteger, rowSize, type Split } from "./schema.ts";
import { checkShard, ID_TENSOR, type ShardValues, shardValues } from "./shard.ts";

/** Values of a shard stay below this size, so that an import needs little memory and training can read ahead. */
const SHARD_BYTES = 1 << 28;
const ENCODER = new TextEncoder();

/**
 * Loads a dataset folder. Values are views of the shard files' buffers (copied only where a split has several
 * shards). Throws a UserError with every inconsistency: file, field, row, and what was expected.
 */
export function loadDataset(folder: string): Dataset {
  const file = describedDataset(folder);
  const problems = new DataProblems();
  const splits: Record<string, Split> = {};
  for (const name of Object.keys(file.splits)) {
    const split = loadSplit(folder, file, name, problems);
    if (split !== null) splits[name] = split;
  }
  problems.throwIfAny();
  return { ...file, splits };
}

/** What the folder says about itself. Throws a UserError when it is no dataset. */
export function describedDataset(folder: string): DatasetFile {
  const path = join(folder, "dataset.json");
  if (!existsSync(path)) {
    const why = existsSync(folder) ? "The folder has no `dataset.json`." : "There is no such folder.";
    throw dataError(
      "data-unreadable",
      { file: folder },
      why,
      "Make a dataset with `mird data import` or `mird data synth`.",
    );
  }
  return readDatasetFile(path);
}

function loadSplit(folder: string, file: DatasetFile, name: string, problems: DataProblems): Split | null {
  const described = file.splits[name];
  invariant(described !== undefined, `split ${name} is described`);
  const parts: ShardValues[] = [];
  for (const shard of described.shards) {
    const path = join(folder, shard.file);
    const tensors = problems.attempt(() => readSafetensors(path).tensors);
    if (tensors === null) continue;
    const values = shardValues(path, tensors, file.fields, shard.rows, problems);
    if (values === null) continue;
    checkShard(path, values, problems);
    parts.push(values);
  }
  if (parts.length < described.shards.length) return null;
  const fields = new Map<string, Field>();
  for (const spec of file.fields) {
    const pieces = parts.map((part) => part.fields.get(spec.name)).filter((field) => field !== undefined);
    fields.set(spec.name, joinFields(pieces, spec, described.rows));
  }
  const ids =
    parts.every((part) => part.ids !== null) && parts.length > 0
      ? parts.flatMap((part) => part.ids ?? [])
      : null;
  return { name, rows: described.rows, ids, fields };
}

function joinFields(pieces: readonly Field[], spec: Field["spec"], rows: number): Field {
  const only = pieces.length === 1 ? pieces[0] : undefined;
  if (only !== undefined) return only;
  const data = isInteger(spec.kind)
    ? new Int32Array(rows * rowSize(spec))
    : new Float32Array(rows * rowSize(spec));
  const present = new Uint8Array(rows);
  const lengths = new Int32Array(rows);
  let row = 0;
  for (const piece of pieces) {
    data.set(piece.data, row * rowSize(spec));
    present.set(piece.present, row);
    if (piece.lengths !== null) lengths.set(piece.lengths, row);
    row += piece.present.length;
  }
  const ragged = spec.kind === "sequence" || spec.kind === "tokens";
  return { spec, kind: spec.kind, data, present, lengths: ragged ? lengths : null };
}

/** Refuses an output folder that exists, unless `force` is given and it is a dataset (or empty). Call it before long work. */
export function checkOutput(folder: string, force: boolean): void {
  if (!existsSync(folder)) return;
  let entries: string[];
  try {
    entries = readdirSync(folder);
  } catch (error) {
    throw dataError(
      "data-exists",
      { file: folder },
      `This cannot be replaced by a folder: ${reason(error)}.`,
    );
  }
  if (entries.length === 0) return;
  const isDataset = entries.includes("dataset.json");
  if (isDataset && force) return;
  const hint = isDataset
    ? "Give another folder, or `--force` to replace this dataset."
    : "Give another folder.";
  const what = isDataset ? "a dataset" : "files that are no dataset";
  throw dataError("data-exists", { file: folder }, `The folder exists and holds ${what}.`, hint);
}

export interface WriteOptions {
  readonly force?: boolean;
  /** Rows per shard; by default as many as stay below 256 MiB. */
  readonly shardRows?: number;
}

/** A split that is made shard by shard, so that no more than one shard is ever in memory. */
export interface SplitSource {
  readonly name: string;
  readonly rows: number;
  readonly ids: readonly string[] | null;
  /** The fields of rows `first` to `last` (exclusive); called once for every row, in order. */
  block(first: number, last: number): ReadonlyMap<string, Field>;
}

/** A dataset whose values are made while it is written. What was cleaned is asked for after the last block. */
export interface DatasetSource extends Omit<Dataset, "splits"> {
  readonly splits: readonly SplitSource[];
  /** Further files of the folder, by name. */
  readonly files?: ReadonlyMap<string, ReadonlyMap<string, Tensor>>;
}

/** Writes a dataset folder: into a new folder beside it, which is renamed when everything is on the disk. */
export function writeDataset(dataset: Dataset, folder: string, options: WriteOptions = {}): void {
  const splits = Object.values(dataset.splits).map((split) => ({
    name: split.name,
    rows: split.rows,
    ids: split.ids,
    block: (first: number, last: number) => rowsOf(split, first, last),
  }));
  writeDatasetSource({ ...dataset, splits }, folder, options);
}

/** The same for a dataset that is made while it is written. Returns what was written by split. */
export function writeDatasetSource(
  source: DatasetSource,
  folder: string,
  options: WriteOptions = {},
): Record<string, WrittenSplit> {
  const target = resolve(folder);
  checkOutput(target, options.force ?? false);
  const temporary = `${target}.${randomBytes(4).toString("hex")}.tmp`;
  const retired = `${temporary}.old`;
  try {
    mkdirSync(temporary, { recursive: true });
    const written: Record<string, WrittenSplit> = {};
    for (const split of source.splits)
      written[split.name] = writeSplit(temporary, source, split, options.shardRows);
    for (const [name, tensors] of source.files ?? []) writeSafetensors(join(temporary, name), tensors);
    writeFileAtomic(join(temporary, "dataset.json"), [ENCODER.encode(printDatasetFile(source, written))]);
    if (existsSync(target)) renameSync(target, retired);
    renameSync(temporary, target);
    syncFolder(dirname(target));
    return written;
  } catch (error) {
    if (existsSync(retired) && !existsSync(target)) renameSync(retired, target);
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw dataError("data-unreadable", { file: folder }, `The folder cannot be written: ${reason(error)}.`);
  } finally {
    for (const left of [temporary, retired]) if (existsSync(left)) rmSync(left, { recursive: true });
  }
}

/** Views of some rows of a split. */
function rowsOf(split: Split, first: number, last: number): Map<string, Field> {
  const fields = new Map<string, Field>();
  for (const [name, field] of split.fields) {
    fields.set(name, {
      ...field,
      data: field.data.subarray(first * rowSize(field.spec), last * rowSize(field.spec)),
      present: field.present.subarray(first, last),
      lengths: field.lengths?.subarray(first, last) ?? null,
    });
  }
  return fields;
}

function writeSplit(
  folder: string,
  { fields, label }: DatasetSource,
  split: SplitSource,
  shardRows: number | undefined,
): WrittenSplit {
  const bytesPerRow = fields.reduce((sum, spec) => sum + 4 * rowSize(spec) + 5, 64);
  const most = Math.max(1, shardRows ?? Math.floor(SHARD_BYTES / bytesPerRow));
  const count = Math.max(1, Math.ceil(split.rows / most));
  let unlabelled = 0;
  const shards = Array.from({ length: count }, (_, index) => {
    const first = index * most;
    const last = Math.min(split.rows, first + most);
    const file =
      count === 1
        ? `${split.name}.safetensors`
        : `${split.name}-${String(index).padStart(4, "0")}.safetensors`;
    const block = split.block(first, last);
    const present = label === null ? null : (block.get(label)?.present ?? null);
    unlabelled += present?.filter((flag) => flag === 0).length ?? 0;
    writeSafetensors(
      join(folder, file),
      shardTensors(block, split.ids?.slice(first, last) ?? null, last - first),
    );
    return { file, rows: last - first };
  });
  return { rows: split.rows, unlabelled, shards };
}

function shardTensors(
  block: ReadonlyMap<string, Field>,
  ids: readonly string[] | null,
  rows: number,
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [name, { spec, kind, data, lengths, present }] of block) {
    const dtype = isInteger(kind) ? "I32" : "F32";
    tensors.set(name, { dtype, shape: dataShape(spec, rows), data });
    if (lengths !== null) tensors.set(`${name}.length`, { dtype: "I32", shape: [rows], data: lengths });
    tensors.set(`${name}.present`, { dtype: "U8", shape: [rows], data: present });
  }
  if (ids !== null) {
    const data = ENCODER.encode(JSON.stringify(ids));
    tensors.set(ID_TENSOR, { dtype: "U8", shape: [data.length], data });
  }
  return tensors;
}

/** SHA-256 of what a dataset holds (fields, ids, values), whatever its folder, shards and provenance. For run folders. */
export function fingerprint(dataset: Dataset): string {
  if (dataset.knownFingerprint !== undefined) return dataset.knownFingerprint;
  const chunks: (string | Uint8Array)[] = [JSON.stringify([dataset.fields, dataset.label])];
  for (const name of Object.keys(dataset.splits).sort()) {
    const split = dataset.splits[name];
    invariant(split !== undefined, `split ${name} exists`);
    chunks.push(JSON.stringify([name, split.rows, split.ids]));
    for (const { name: field } of dataset.fields) {
      const values = split.fields.get(field);
      invariant(values !== undefined, `split ${name} has the field ${field}`);
      chunks.push(bytesOf(values.data), bytesOf(values.present));
      if (values.lengths !== null) chunks.push(bytesOf(values.lengths));
    }
  }
  return sha256(chunks);
}
