/** Trains a model with states on a small invented dataset, on any backend, and reads what its states hold. */
import { invariant } from "../../src/base/invariant.ts";
import type { Dataset } from "../../src/data/schema.ts";
import { compileModel } from "../../src/driver/compile.ts";
import { inventData } from "../../src/driver/invented-data.ts";
import type { FusionTarget } from "../../src/fuse/target.ts";
import type { Backend } from "../../src/runtime/backend.ts";
import type { CompiledModel } from "../../src/train/compiled.ts";
import type { TrainRequest, TrainResult } from "../../src/train/loop.ts";
import { train } from "../../src/train/loop.ts";
import { trainSettings } from "../../src/train/settings.ts";
import type { Checkpoint } from "../../src/train/state.ts";
import { smallModel } from "../support/specs.ts";

export interface Prepared {
  readonly compiled: CompiledModel;
  readonly dataset: TrainRequest["dataset"];
  readonly settings: TrainRequest["settings"];
}

/** The model of a spec with 40 labelled rows in its training split, and 2 unlabelled ones for every 4 of them where it takes some. */
export function prepareModel(path: string, model: string, target: FusionTarget): Prepared {
  const small = smallModel({ path, model });
  const { train: declared } = small.model;
  invariant(declared !== null, `${model} has a train block`);
  const batch = { labelled: 4, unlabelled: declared.batch.unlabelled > 0 ? 2 : 0 };
  const { dataset, sizes } = inventData({ ...small, batch, batches: 10, seed: 1 });
  const dataRows = Object.values(dataset.splits).reduce((sum, { rows }) => sum + rows, 0);
  const { compiled } = compileModel({ model: small.model, sizes, dataRows, target, verify: true });
  return { compiled, dataset, settings: trainSettings(declared, null) };
}

/** Values of all rows of a dataset, split after split; null where a row lacks them. */
export function allRows(dataset: Dataset, name: string): (readonly number[] | null)[] {
  return Object.values(dataset.splits).flatMap((split) => {
    const field = split.fields.get(name);
    invariant(field !== undefined, `the dataset has ${name}`);
    const width = field.data.length / split.rows;
    return Array.from({ length: split.rows }, (_, row) =>
      field.present[row] === 1 ? Array.from(field.data.subarray(row * width, (row + 1) * width)) : null,
    );
  });
}

export interface Trained {
  readonly result: TrainResult;
  readonly checkpoints: readonly Checkpoint[];
  readonly losses: readonly ReadonlyMap<string, number>[];
  /** Parameters and states by path, as training has left them. */
  readonly contents: ReadonlyMap<string, readonly number[]>;
  readonly parameters: Float32Array;
  /** The arena of the best epoch. */
  readonly best: Float32Array | null;
}

export async function trainOn(
  backend: Backend,
  { compiled, dataset, settings }: Prepared,
  changes: { readonly resume?: TrainRequest["resume"]; readonly stopAfter?: number } = {},
): Promise<Trained> {
  const device = await backend.prepare(new Map([["iteration", compiled.iteration.program]]));
  const checkpoints: Checkpoint[] = [];
  const losses: ReadonlyMap<string, number>[] = [];
  let best: Float32Array | null = null;
  const stop = new AbortController();
  const result = await train({
    model: compiled,
    settings,
    dataset,
    device,
    seed: 3,
    signal: stop.signal,
    ...(changes.resume === undefined ? {} : { resume: changes.resume }),
    observer: {
      start: () => {},
      iteration: ({ iteration, losses: own }) => {
        losses.push(own);
        if (iteration + 1 === changes.stopAfter) stop.abort();
      },
      epoch: () => {},
      checkpoint: (checkpoint) => checkpoints.push(checkpoint),
      best: (parameters) => {
        best = parameters;
      },
    },
  });
  const parameters = await device.read("parameters");
  device.dispose();
  return { result, checkpoints, losses, contents: contentsOf(compiled, parameters), parameters, best };
}

function contentsOf(model: CompiledModel, arena: Float32Array): ReadonlyMap<string, readonly number[]> {
  return new Map(
    model.parameters.map(({ path, shape, offset }) => [
      path,
      Array.from(arena.subarray(offset, offset + shape.reduce((product, extent) => product * extent, 1))),
    ]),
  );
}
