/** What states hold after several epochs, on every kind of device, against the same in float64 by hand. */
import { afterAll, describe, expect, it } from "vitest";
import { at, invariant } from "../../src/base/invariant.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { epochBatches } from "../../src/data/batches.ts";
import type { Dataset } from "../../src/data/schema.ts";
import { rowsByLabel } from "../../src/data/schema.ts";
import type { Backend } from "../../src/runtime/backend.ts";
import { dawnBackend } from "../../src/runtime/dawn/execute.ts";
import { loadKernelSource } from "../../src/runtime/kernel-sources.ts";
import { referenceBackend } from "../../src/runtime/reference/backend.ts";
import { wasmBackend } from "../../src/runtime/wasm/execute.ts";
import { softwareTarget } from "../support/compile-spec.ts";
import { softwareDevice } from "../support/dawn.ts";
import { allRows, prepareModel, type Trained, trainOn } from "./support.ts";

const D = 3;

const device = softwareDevice();
const cpu = wasmBackend({ threads: 2 });
afterAll(() => cpu.close());

const BACKENDS: readonly (readonly [string, typeof softwareTarget | typeof CPU, () => Backend])[] = [
  ["reference", CPU, referenceBackend],
  ["cpu", CPU, () => cpu],
  ["webgpu", softwareTarget, () => dawnBackend(device(), loadKernelSource)],
];

interface ByHand {
  readonly seen: number[];
  readonly last: number[][];
  steps: number;
  centre: number[];
  mean: number[];
  variance: number[];
}

const columns = (value: (column: number) => number) =>
  Array.from({ length: D }, (_, column) => value(column));
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The states of `memory.mird` after some epochs, from its equations. */
function byHand(dataset: Dataset, epochs: number): ByHand {
  const [x, y] = [allRows(dataset, "x"), allRows(dataset, "y")];
  const { train } = dataset.splits;
  invariant(train !== undefined && Object.keys(dataset.splits)[0] === "train", "training rows come first");
  const { labelled, unlabelled } = rowsByLabel(train, "y");
  const state: ByHand = {
    seen: x.map(() => 0),
    last: x.map(() => columns(() => -1)),
    steps: 0,
    centre: columns(() => 0.5),
    mean: columns(() => 0),
    variance: columns(() => 1),
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    const plan = { labelledRows: labelled, unlabelledRows: unlabelled, labelled: 5, unlabelled: 2 };
    for (const batch of epochBatches({ ...plan, seed: 3, epoch })) {
      const rows = [...batch].filter((row) => row >= 0);
      const there = rows.filter((row) => x[row] !== null);
      const column = (index: number) => there.map((row) => at(x[row] ?? [], index));
      const means = columns((index) => meanOf(column(index)));
      const unbiased = columns(
        (index) =>
          column(index).reduce((sum, value) => sum + (value - at(means, index)) ** 2, 0) / (there.length - 1),
      );
      const lastBefore = columns((index) => meanOf(state.last.map((row) => at(row, index))));
      state.centre = columns(
        (index) => 0.75 * at(state.centre, index) + 0.25 * at(means, index) + 0.125 * at(lastBefore, index),
      );
      state.mean = columns((index) => 0.9 * at(state.mean, index) + 0.1 * at(means, index));
      state.variance = columns((index) => 0.9 * at(state.variance, index) + 0.1 * at(unbiased, index));
      for (const row of rows) if (y[row] !== null) state.seen[row] = at(state.seen, row) + 1;
      for (const row of there) state.last[row] = (x[row] ?? []).map((value) => value * (epoch + 1));
      state.steps++;
    }
  }
  return state;
}

function expectClose(actual: readonly number[] | undefined, expected: readonly number[]): void {
  expect(actual?.length).toBe(expected.length);
  for (const [index, value] of expected.entries()) expect(actual?.[index]).toBeCloseTo(value, 4);
}

describe.each(BACKENDS)("states on the device %s", (_, target, backend) => {
  const prepared = prepareModel("test/states/memory.mird", "Memory", target);
  let trained: Trained | null = null;
  const run = async () => {
    trained ??= await trainOn(backend(), prepared);
    return trained;
  };

  it("hold what their updates say after three epochs", async () => {
    const { contents } = await run();
    const expected = byHand(prepared.dataset, 3);
    expectClose(contents.get("seen"), expected.seen);
    expectClose(contents.get("last"), expected.last.flat());
    expectClose(contents.get("steps"), [expected.steps]);
    expectClose(contents.get("centre"), expected.centre);
    expectClose(contents.get("normal.running_mean"), expected.mean);
    expectClose(contents.get("normal.running_variance"), expected.variance);
    expectClose(contents.get("run:epoch"), [3]);
    expect(expected.steps).toBe(24);
    // Some rows were never in a batch, or lack what is written: the test says something about them, too.
    expect(expected.seen).toContain(0);
    expect(expected.last.filter((row) => row.every((value) => value === -1)).length).toBeGreaterThan(0);
  });

  it("are read as they were before the iteration", async () => {
    const { losses } = await run();
    // In the first epoch no row has been seen, in the second each once.
    const known = losses.map((own) => own.get("known"));
    expect(known).toEqual([0, 1, 2].flatMap((epoch) => Array.from({ length: 8 }, () => epoch)));
  });

  it("are only read in evaluation, where normalisation uses the running values", async () => {
    const { contents, result } = await run();
    const evaluation = result.evaluations.get("test");
    const expected = byHand(prepared.dataset, 3);
    const { test, train, valid } = prepared.dataset.splits;
    invariant(test !== undefined && train !== undefined && valid !== undefined, "there are three splits");
    const x = allRows(prepared.dataset, "x").slice(train.rows + valid.rows);
    const [weight, offset] = [contents.get("score.weight"), contents.get("score.offset")];
    const [scale, shift] = [contents.get("normal.scale"), contents.get("normal.shift")];
    const scores = x.map((row) =>
      columns((index) => {
        const root = Math.sqrt(at(expected.variance, index) + 1e-5);
        const normal = ((row?.[index] ?? 0) - at(expected.mean, index)) / root;
        return at(weight ?? [], index) * (normal * at(scale ?? [], index) + at(shift ?? [], index));
      }).reduce((sum, value) => sum + value, at(offset ?? [], 0)),
    );
    const outputs = evaluation?.outputs.get("score") ?? [];
    for (const [row, score] of scores.entries())
      if (x[row] !== null) expect(outputs[row]).toBeCloseTo(score, 4);
    // Rows of the test split have never been written; the epoch is the last of training.
    expect(evaluation?.losses.get("known")).toBe(0);
    const present = x.filter((row) => row !== null);
    const far = meanOf(
      present.flatMap((row) =>
        row.map((value, index) => (value + 1) ** 2 + (value - at(expected.centre, index)) ** 2),
      ),
    );
    expect(evaluation?.losses.get("far")).toBeCloseTo(far + 0.75, 4);
  });

  it("go on bit for bit from a checkpoint before the end of an epoch", async () => {
    const whole = await run();
    const first = await trainOn(backend(), prepared, { stopAfter: 10 });
    expect(first.result.status).toBe("interrupted");
    const checkpoint = at(first.checkpoints, -1);
    const { iteration } = checkpoint.state;
    // Some iterations are on their way when the signal comes.
    expect(iteration).toBeGreaterThanOrEqual(10);
    expect(iteration).toBeLessThan(24);
    const rest = await trainOn(backend(), prepared, { resume: { checkpoint, best: first.best } });
    expect(rest.losses).toEqual(whole.losses.slice(iteration));
    expect(rest.parameters).toEqual(whole.parameters);
    expect(rest.result.evaluations).toEqual(whole.result.evaluations);
  });
});
