/**
 * How rows reach the device. Either the whole dataset lies there and a batch is a list of row numbers; or the model was compiled for the rows of one
 * batch, which are brought there before each run. Both compute the same numbers: the rows that a batch gathers are the same.
 */
import { at, invariant } from "../base/invariant.ts";
import type { Dataset, Field, Split } from "../data/schema.ts";
import { rowSize } from "../data/schema.ts";
import type { CompiledModel, CompiledProgram, DataArena } from "./compiled.ts";
import type { RowRange } from "./data-arenas.ts";
import { dataArena, fieldOf, rowRanges } from "./data-arenas.ts";
import type { TrainingDevice } from "./device.ts";

export interface BatchFeed {
  /** Brings a batch (row numbers over all splits, -1 for an absent row) to the device for a program; `next`, for the same one, is read meanwhile. */
  batch(program: CompiledProgram, rows: Int32Array, next: Int32Array | null): Promise<void>;
}

/** Brings the dataset to the device, or batch after batch, as the model was compiled. */
export function openFeed(device: TrainingDevice, model: CompiledModel, dataset: Dataset): BatchFeed {
  return model.streamed ? new StreamedFeed(device, dataset) : residentFeed(device, dataset);
}

/** A field is brought when a program first reads it. */
function residentFeed(device: TrainingDevice, dataset: Dataset): BatchFeed {
  const brought = new Set<string>();
  return {
    batch: ({ program, data }, rows) => {
      for (const arena of data) {
        if (brought.has(arena.arena)) continue;
        device.write(arena.arena, dataArena(dataset, arena));
        brought.add(arena.arena);
      }
      if (program.arenas.has("batch")) device.write("batch", rows);
      return Promise.resolve();
    },
  };
}

type Contents = Float32Array | Int32Array;

/** Batches one by one: the rows of the next are read from their files while the device works on the one before. */
class StreamedFeed implements BatchFeed {
  readonly #device: TrainingDevice;
  readonly #splits: readonly { readonly split: Split; readonly range: RowRange }[];
  #ahead: { readonly rows: Int32Array; readonly contents: Promise<ReadonlyMap<string, Contents>> } | null =
    null;

  constructor(device: TrainingDevice, dataset: Dataset) {
    this.#device = device;
    const ranges = rowRanges(dataset);
    this.#splits = Object.values(dataset.splits).map((split) => {
      const range = ranges.get(split.name);
      invariant(range !== undefined, `split ${split.name} has rows`);
      return { split, range };
    });
  }

  async batch({ program, data }: CompiledProgram, rows: Int32Array, next: Int32Array | null): Promise<void> {
    const ahead = this.#ahead;
    const contents = await (ahead !== null && ahead.rows === rows ? ahead.contents : this.#read(data, rows));
    for (const [arena, values] of contents) this.#device.write(arena, values);
    if (program.arenas.has("batch")) this.#device.write("batch", rows);
    if (program.arenas.has("place"))
      this.#device.write(
        "place",
        rows.map((row, place) => (row < 0 ? -1 : place)),
      );
    this.#ahead = null;
    if (next === null) return;
    const reading = this.#read(data, next);
    // A failure is thrown when the batch has its turn; until then it must not count as unhandled.
    reading.catch(() => {});
    this.#ahead = { rows: next, contents: reading };
  }

  /** The contents of data arenas for these rows. */
  async #read(data: readonly DataArena[], rows: Int32Array): Promise<ReadonlyMap<string, Contents>> {
    const filled = data.map(async (arena): Promise<[string, Contents]> => {
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
