/**
 * How rows reach the device. Either the whole dataset lies there and a batch is a list of row numbers; or the model was compiled for the rows of one
 * batch, which are brought there before each run. Both compute the same numbers: the rows that a batch gathers are the same.
 */
import { at, invariant } from "../base/invariant.ts";
import type { Dataset, Field, Split } from "../data/schema.ts";
import { rowSize } from "../data/schema.ts";
import type { CompiledModel, DataArena } from "./compiled.ts";
import type { RowRange } from "./data-arenas.ts";
import { dataArena, fieldOf, rowRanges } from "./data-arenas.ts";
import type { TrainingDevice } from "./device.ts";
import { hasArena } from "./device.ts";

export interface BatchFeed {
  /** Brings a batch (row numbers over all splits, -1 for an absent row) to the device; `next` is read meanwhile. */
  batch(rows: Int32Array, next: Int32Array | null): Promise<void>;
}

/** Brings the dataset to the device, or makes ready to bring batch after batch, as the model was compiled. */
export function openFeed(device: TrainingDevice, model: CompiledModel, dataset: Dataset): BatchFeed {
  return model.streamed ? new StreamedFeed(device, model, dataset) : residentFeed(device, model, dataset);
}

function residentFeed(device: TrainingDevice, model: CompiledModel, dataset: Dataset): BatchFeed {
  for (const arena of model.data)
    if (hasArena(model, arena.arena)) device.write(arena.arena, dataArena(dataset, arena));
  return {
    batch: (rows) => {
      if (hasArena(model, "batch")) device.write("batch", rows);
      return Promise.resolve();
    },
  };
}

type Contents = Float32Array | Int32Array;

/** Batches one by one: the rows of the next are read from their files while the device works on the one before. */
class StreamedFeed implements BatchFeed {
  readonly #device: TrainingDevice;
  readonly #model: CompiledModel;
  readonly #splits: readonly { readonly split: Split; readonly range: RowRange }[];
  #ahead: { readonly rows: Int32Array; readonly contents: Promise<ReadonlyMap<string, Contents>> } | null =
    null;

  constructor(device: TrainingDevice, model: CompiledModel, dataset: Dataset) {
    this.#device = device;
    this.#model = model;
    const ranges = rowRanges(dataset);
    this.#splits = Object.values(dataset.splits).map((split) => {
      const range = ranges.get(split.name);
      invariant(range !== undefined, `split ${split.name} has rows`);
      return { split, range };
    });
  }

  async batch(rows: Int32Array, next: Int32Array | null): Promise<void> {
    const ahead = this.#ahead;
    const contents = await (ahead !== null && ahead.rows === rows ? ahead.contents : this.#read(rows));
    for (const [arena, values] of contents) this.#device.write(arena, values);
    if (hasArena(this.#model, "batch")) this.#device.write("batch", rows);
    if (hasArena(this.#model, "place"))
      this.#device.write(
        "place",
        rows.map((row, place) => (row < 0 ? -1 : place)),
      );
    this.#ahead = null;
    if (next === null) return;
    const reading = this.#read(next);
    // A failure is thrown when the batch has its turn; until then it must not count as unhandled.
    reading.catch(() => {});
    this.#ahead = { rows: next, contents: reading };
  }

  /** The contents of every data arena for these rows. */
  async #read(rows: Int32Array): Promise<ReadonlyMap<string, Contents>> {
    const arenas = this.#model.data.filter(({ arena }) => hasArena(this.#model, arena));
    const filled = arenas.map(async (arena): Promise<[string, Contents]> => {
      const size = rows.length * arena.rowElements;
      const values = arena.dtype === "f32" ? new Float32Array(size) : new Int32Array(size);
      await Promise.all(
        Array.from(rows, async (row, place) => {
          if (row >= 0) await this.#fill(values.subarray(place * arena.rowElements), arena, row);
        }),
      );
      return [arena.arena, values];
    });
    return new Map(await Promise.all(filled));
  }

  async #fill(target: Contents, arena: DataArena, row: number): Promise<void> {
    const found = this.#splits.find(({ range }) => row < range.first + range.rows);
    invariant(found !== undefined, `there is a row ${row}`);
    const field = fieldOf(found.split, arena.field);
    const inside = row - found.range.first;
    if (arena.content === "present") target[0] = at(field.present, inside);
    else if (arena.content === "lengths") {
      invariant(field.lengths !== null, `the field ${arena.field} has lengths`);
      target[0] = at(field.lengths, inside);
    } else target.set(await valuesOf(field, inside));
  }
}

/** The values of one row, from memory or from its file. */
function valuesOf(field: Field, row: number): Contents | Promise<Contents> {
  if (field.stored !== undefined) return field.stored.read(row);
  const size = rowSize(field.spec);
  return field.data.subarray(row * size, (row + 1) * size);
}
