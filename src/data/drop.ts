/**
 * Modalities taken away from rows, for training and testing without them. A dataset with dropped fields is an ordinary dataset: the rows are absent in these fields, as rows are
 * that never had them. What a row loses follows from the seed, the split, its number, the shares and the modalities that it has, so it is the same whatever the device, the batches and the epoch.
 */
import { hash32 } from "../base/hash.ts";
import { RandomStream } from "../base/random.ts";
import { fingerprint } from "./dataset.ts";
import type { Dataset, Field, Split } from "./schema.ts";
import { rowSize } from "./schema.ts";

/** Shares of rows by what is dropped: `vision` in every split, `test.vision` in one. */
export type Drops = Readonly<Record<string, number>>;

export interface DropRequest {
  readonly dataset: Dataset;
  readonly drops: Drops;
  /** Inputs of the model: a row always keeps one of those that it has. */
  readonly modalities: readonly string[];
  readonly seed: number;
}

/** The share of the rows of a split that lose a field; what names the split goes before what does not. */
export function dropRate(drops: Drops, split: string, field: string): number {
  return drops[`${split}.${field}`] ?? drops[field] ?? 0;
}

/** The dataset without what is dropped. It keeps its fingerprint: that says which data they are, the drops what was done to them. */
export function dropFields({ dataset, drops, modalities, seed }: DropRequest): Dataset {
  if (Object.keys(drops).length === 0) return dataset;
  const splits = Object.entries(dataset.splits).map(([name, split]): [string, Split] => {
    const lost = lostRows(split, drops, modalities, seed);
    const fields = [...split.fields].map(([field, values]): [string, Field] => {
      const rows = lost.get(field);
      return [field, rows === undefined ? values : without(values, rows)];
    });
    return [name, { ...split, fields: new Map(fields) }];
  });
  return { ...dataset, splits: Object.fromEntries(splits), knownFingerprint: fingerprint(dataset) };
}

/** How many rows of each split are without a modality. */
export interface AbsentRows {
  readonly field: string;
  readonly splits: readonly { readonly split: string; readonly absent: number; readonly rows: number }[];
}

/** Rows without each modality that was dropped; empty when nothing was. */
export function absentRows(dataset: Dataset, drops: Drops): AbsentRows[] {
  const fields = new Set(Object.keys(drops).map((name) => name.split(".").at(-1) ?? name));
  return [...fields].map((field) => {
    const splits = Object.values(dataset.splits).map(({ name, rows, fields: values }) => {
      const absent = values.get(field)?.present.reduce((sum, flag) => sum + 1 - flag, 0) ?? 0;
      return { split: name, absent, rows };
    });
    return { field, splits };
  });
}

/** 1 for every row that loses a field, by field. */
function lostRows(
  split: Split,
  drops: Drops,
  modalities: readonly string[],
  seed: number,
): Map<string, Uint8Array> {
  const draws = modalities.flatMap((field) => {
    const rate = dropRate(drops, split.name, field);
    if (rate === 0) return [];
    const stream = new RandomStream(seed, hash32(`drop/${split.name}/${field}`));
    return [{ field, rate, stream, lost: new Uint8Array(split.rows) }];
  });
  for (let row = 0; row < split.rows; row++) {
    const had = modalities.filter((name) => split.fields.get(name)?.present[row] === 1);
    const losing = draws
      .filter(({ field }) => had.includes(field))
      .map((draw) => ({ draw, value: draw.stream.uniform(row) }))
      .filter(({ draw, value }) => value < draw.rate);
    // A row without anything is no row: the last modality stays, the one that was drawn farthest from being lost.
    const spared = losing.length < had.length ? -1 : Math.max(...losing.map(({ value }) => value));
    for (const { draw, value } of losing) if (value !== spared) draw.lost[row] = 1;
  }
  return new Map(draws.map(({ field, lost }) => [field, lost]));
}

/** A field whose rows are absent where `lost` is 1: all zero, with length 0. */
function without(field: Field, lost: Uint8Array): Field {
  const size = rowSize(field.spec);
  const data = field.data.slice();
  for (const [row, flag] of lost.entries()) if (flag === 1) data.fill(0, row * size, (row + 1) * size);
  const { stored } = field;
  const empty = field.data instanceof Int32Array ? new Int32Array(size) : new Float32Array(size);
  return {
    ...field,
    data,
    lengths: field.lengths?.map((length, row) => (lost[row] === 1 ? 0 : length)) ?? null,
    present: field.present.map((flag, row) => (lost[row] === 1 ? 0 : flag)),
    ...(stored === undefined
      ? {}
      : { stored: { read: (row: number) => (lost[row] === 1 ? Promise.resolve(empty) : stored.read(row)) } }),
  };
}
