/**
 * A dataset whose large values stay in the shard files: only what says which rows there are (ids, lengths, presence, labels) is held in memory.
 * Opening goes once through all values, in blocks, to check them and to take the fingerprint; after that rows are read as they are asked for.
 */
import { createHash } from "node:crypto";
import { openSync, read } from "node:fs";
import { join } from "node:path";
import { at, invariant } from "../base/invariant.ts";
import { describedDataset } from "./dataset.ts";
import type { DatasetFile } from "./dataset-json.ts";
import { bytesOf, reason } from "./files.ts";
import { DataProblems, dataError } from "./problem.ts";
import { FileBytes } from "./readers/bytes.ts";
import { type StoredTensor, storedTensors, type Tensor } from "./safetensors.ts";
import type { Dataset, Field, FieldSpec, Split, StoredRows } from "./schema.ts";
import { isInteger, rowSize } from "./schema.ts";
import { checkRows, shardValues } from "./shard.ts";

/** Bytes of a block while the values are checked. */
const BLOCK = 1 << 24;

/** Numbers that each field has over all splits. */
export function fieldElements(file: DatasetFile | Dataset): number[] {
  const rows = Object.values(file.splits).reduce((sum, split) => sum + split.rows, 0);
  return file.fields.map((spec) => rows * rowSize(spec));
}

/** One shard file of a split. */
interface Shard {
  readonly path: string;
  readonly file: FileBytes;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly rows: number;
}

/**
 * Opens a dataset folder. `labels`: what models call their label, held in memory as the label that the dataset names is, since it is compared with
 * predictions as a whole. Throws a UserError with every inconsistency, as `loadDataset` does.
 */
export function openStreamed(folder: string, labels: readonly string[] = []): Dataset {
  const described = describedDataset(folder);
  const isLarge: IsLarge = ({ kind, name: field }) =>
    field !== described.label &&
    !labels.includes(field) &&
    (kind === "sequence" || kind === "vector" || kind === "tokens");
  const problems = new DataProblems();
  const splits: Record<string, Split> = {};
  const hash = createHash("sha256").update(JSON.stringify([described.fields, described.label]));
  for (const name of Object.keys(described.splits).sort()) {
    const split = openSplit(folder, described, name, isLarge, problems);
    if (split === null) continue;
    hash.update(JSON.stringify([name, split.rows, split.ids]));
    for (const spec of described.fields) {
      const field = split.fields.get(spec.name);
      invariant(field !== undefined, `split ${name} has the field ${spec.name}`);
      checkField(split.shards, field, problems, (bytes) => hash.update(bytes));
      hash.update(field.present);
      if (field.lengths !== null) hash.update(bytesOf(field.lengths));
    }
    splits[name] = split;
  }
  problems.throwIfAny();
  // The order of the splits is that of the file: row numbers follow it.
  const ordered = Object.keys(described.splits).flatMap((name): [string, Split][] => {
    const split = splits[name];
    return split === undefined ? [] : [[name, split]];
  });
  return { ...described, splits: Object.fromEntries(ordered), knownFingerprint: hash.digest("hex") };
}

/** Whether the values of a field stay in the file. */
type IsLarge = (spec: FieldSpec) => boolean;

type OpenedSplit = Split & { readonly shards: readonly Shard[] };

function openSplit(
  folder: string,
  described: DatasetFile,
  name: string,
  isLarge: IsLarge,
  problems: DataProblems,
): OpenedSplit | null {
  const split = described.splits[name];
  invariant(split !== undefined, `split ${name} is described`);
  const parts = split.shards.map(({ file, rows }) =>
    problems.attempt(() => openShard(join(folder, file), rows)),
  );
  const shards = parts.filter((shard) => shard !== null);
  if (shards.length < parts.length) return null;
  const small = shards.map((shard) => smallValues(shard, described.fields, isLarge, problems));
  const values = small.filter((part) => part !== null);
  if (values.length < shards.length) return null;
  const fields = new Map(
    described.fields.map((spec): [string, Field] => {
      const pieces = values.map((part) => part.fields.get(spec.name)).filter((piece) => piece !== undefined);
      return [spec.name, joined(spec, isLarge(spec), pieces, shards)];
    }),
  );
  const known = values.every((part) => part.ids !== null) && values.length > 0;
  const ids = known ? values.flatMap((part) => part.ids ?? []) : null;
  return { name, rows: split.rows, ids, fields, shards };
}

function openShard(path: string, rows: number): Shard {
  const file = new FileBytes(path);
  return { path, file, tensors: storedTensors(path, file), rows };
}

/** Ids, lengths, presence and small fields of a shard; large ones have no values. Null after a problem. */
function smallValues(shard: Shard, fields: readonly FieldSpec[], isLarge: IsLarge, problems: DataProblems) {
  const tensors = new Map<string, Tensor>();
  for (const [name, stored] of shard.tensors) {
    const spec = fields.find((each) => each.name === name);
    tensors.set(
      name,
      spec !== undefined && isLarge(spec) ? withoutValues(stored) : readTensor(shard, stored),
    );
  }
  return shardValues(shard.path, tensors, fields, shard.rows, problems);
}

function withoutValues({ dtype, shape }: StoredTensor): Tensor {
  return { dtype, shape, data: dtype === "I32" ? new Int32Array() : new Float32Array() };
}

function readTensor({ file }: Shard, { dtype, shape, offset, bytes }: StoredTensor): Tensor {
  // A copy begins at an address that fits every type.
  const { buffer } = file.read(offset, bytes).slice();
  const data =
    dtype === "F32"
      ? new Float32Array(buffer)
      : dtype === "I32"
        ? new Int32Array(buffer)
        : new Uint8Array(buffer);
  return { dtype, shape, data };
}

/** The shards' parts of a field behind one another. */
function joined(spec: FieldSpec, large: boolean, pieces: readonly Field[], shards: readonly Shard[]): Field {
  const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
  const present = new Uint8Array(rows);
  const lengths = pieces.some((piece) => piece.lengths !== null) ? new Int32Array(rows) : null;
  const size = large ? 0 : rows * rowSize(spec);
  const data = isInteger(spec.kind) ? new Int32Array(size) : new Float32Array(size);
  let row = 0;
  for (const piece of pieces) {
    present.set(piece.present, row);
    if (piece.lengths !== null) lengths?.set(piece.lengths, row);
    if (!large) data.set(piece.data, row * rowSize(spec));
    row += piece.present.length;
  }
  const stored = large ? { stored: storedRows(spec, shards) } : {};
  return { spec, kind: spec.kind, data, present, lengths, ...stored };
}

/** Checks all values of a field, block by block, and hands the bytes on in their order. */
function checkField(
  shards: readonly Shard[],
  field: Field,
  problems: DataProblems,
  hear: (bytes: Uint8Array) => void,
): void {
  const { spec } = field;
  const bytesPerRow = 4 * rowSize(spec);
  const most = Math.max(1, Math.floor(BLOCK / bytesPerRow));
  let before = 0;
  for (const shard of shards) {
    const tensor = shard.tensors.get(spec.name);
    invariant(tensor !== undefined, `${shard.path} has the field ${spec.name}`);
    for (let first = 0; first < shard.rows; first += most) {
      const rows = Math.min(most, shard.rows - first);
      const bytes = shard.file.read(tensor.offset + first * bytesPerRow, rows * bytesPerRow).slice();
      const from = before + first;
      checkRows(
        shard.path,
        {
          ...field,
          data: isInteger(spec.kind) ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer),
          present: field.present.subarray(from, from + rows),
          lengths: field.lengths?.subarray(from, from + rows) ?? null,
        },
        first,
        problems,
      );
      hear(bytes);
    }
    before += shard.rows;
  }
}

/** Rows of a field that stay in the shard files. */
function storedRows(spec: FieldSpec, shards: readonly Shard[]): StoredRows {
  const bytesPerRow = 4 * rowSize(spec);
  const starts: number[] = [];
  let rows = 0;
  for (const shard of shards) {
    starts.push(rows);
    rows += shard.rows;
  }
  return {
    read: async (row) => {
      const index = starts.findLastIndex((start) => start <= row);
      const shard = at(shards, index);
      const tensor = shard.tensors.get(spec.name);
      invariant(tensor !== undefined, `${shard.path} has the field ${spec.name}`);
      const offset = tensor.offset + (row - at(starts, index)) * bytesPerRow;
      const bytes = await readAsync(shard.path, offset, bytesPerRow);
      return isInteger(spec.kind) ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer);
    },
  };
}

/** Files that rows are read from, open as long as the program runs. */
const open = new Map<string, number>();

/** Bytes of a file, read beside other work. */
function readAsync(path: string, offset: number, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(dataError("data-unreadable", { file: path }, why));
    let descriptor: number;
    try {
      descriptor = open.get(path) ?? openSync(path, "r");
      open.set(path, descriptor);
    } catch (error) {
      fail(`The file cannot be read: ${reason(error)}.`);
      return;
    }
    read(descriptor, bytes, 0, count, offset, (error, got) => {
      if (error !== null) fail(`The file cannot be read: ${reason(error)}.`);
      else if (got < count) fail("The file became shorter while it was read.");
      else resolve(bytes);
    });
  });
}
