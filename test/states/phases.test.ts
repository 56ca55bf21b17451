/** Which phase writes a state and what others read, and the labels of Self-MM over epochs, against the same in float64 by hand. */
import { describe, expect, it } from "vitest";
import { at, invariant } from "../../src/base/invariant.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { epochBatches } from "../../src/data/batches.ts";
import { referenceBackend } from "../../src/runtime/reference/backend.ts";
import { allRows, prepareModel, trainOn } from "./support.ts";

describe("states of several phases", () => {
  const prepared = prepareModel("test/states/phases.mird", "Phases", CPU);

  it("are written at the end of the last repeat, and read as they are by then", async () => {
    const { contents, losses } = await trainOn(referenceBackend(), prepared);
    let [a, b, first, second] = [1, 2, 0, 0];
    const nearB: number[] = [];
    for (const _ of losses) {
      for (let repeat = 0; repeat < 3; repeat++) {
        // Only the last repeat writes, from the parameters that it started from.
        if (repeat === 2) first += a;
        a -= 0.125 * 2 * (a - 3);
      }
      nearB.push((b - first - second) ** 2);
      const written = 0.5 * second + first + b;
      b -= 0.25 * 2 * (b - first - second);
      second = written;
    }
    expect(losses.length).toBeGreaterThan(4);
    for (const [index, value] of nearB.entries())
      expect((losses[index]?.get("near_b") ?? Number.NaN) / value).toBeCloseTo(1, 4);
    expect((contents.get("first")?.[0] ?? 0) / first).toBeCloseTo(1, 5);
    expect((contents.get("second")?.[0] ?? 0) / second).toBeCloseTo(1, 4);
    expect((contents.get("b")?.[0] ?? 0) / b).toBeCloseTo(1, 4);
  });

  it("stay as they are when no phase names them", async () => {
    const { contents } = await trainOn(referenceBackend(), prepared);
    expect(contents.get("idle")).toEqual([5]);
  });
});

type Vector = readonly number[];

function centre(rows: readonly Vector[]): number[] {
  return at(rows, 0).map((_, index) => rows.reduce((sum, row) => sum + at(row, index), 0) / rows.length);
}

function distance(a: Vector, b: Vector): number {
  return Math.hypot(...a.map((value, index) => value - at(b, index)));
}

/** (|f - C-| - |f - C+|) / (|f - C+| + 1e-8), the centres over all rows that have a label so far. */
function leaning(
  own: Vector,
  features: ReadonlyMap<number, Vector>,
  labels: ReadonlyMap<number, number>,
): number {
  const of = (sign: number) =>
    [...features].flatMap(([row, f]) => (Math.sign(labels.get(row) ?? 0) === sign ? [f] : []));
  const [up, down] = [distance(own, centre(of(1))), distance(own, centre(of(-1)))];
  return (down - up) / (up + 1e-8);
}

describe("the labels of Self-MM", () => {
  it("are those of the published rule after four epochs", async () => {
    const prepared = prepareModel("test/states/labels.mird", "Labels", CPU);
    const { contents } = await trainOn(referenceBackend(), prepared);
    const { dataset } = prepared;
    const [x, z, y] = [allRows(dataset, "x"), allRows(dataset, "z"), allRows(dataset, "y")];
    const { train } = dataset.splits;
    invariant(train !== undefined, "there is a training split");
    const rows = Array.from(y.keys()).filter((row) => row < train.rows && y[row] !== null);
    const fused = { features: new Map<number, Vector>(), labels: new Map<number, number>() };
    const own = { features: new Map<number, Vector>(), labels: new Map<number, number>() };
    for (let n = 1; n <= 4; n++) {
      const plan = { labelledRows: rows, unlabelledRows: [], labelled: 5, unlabelled: 0 };
      for (const batch of epochBatches({ ...plan, seed: 3, epoch: n - 1 })) {
        const there = [...batch].filter((row) => row >= 0);
        const made = there.map((row): number | null => {
          const [f, m, truth] = [x[row] ?? null, z[row] ?? null, at(y[row] ?? [], 0)];
          if (f === null || m === null) return null;
          if (n === 1) return truth;
          const [s, t] = [leaning(f, own.features, own.labels), leaning(m, fused.features, fused.labels)];
          const label = 0.5 * (s / (t + 1e-8)) * truth + 0.5 * (truth + s - t);
          const clipped = Math.min(3, Math.max(-3, label));
          return ((n - 1) / (n + 1)) * (own.labels.get(row) ?? 0) + (2 / (n + 1)) * clipped;
        });
        for (const [place, row] of there.entries()) {
          const [f, m, label] = [x[row] ?? null, z[row] ?? null, made[place] ?? null];
          if (f !== null) own.features.set(row, f);
          if (m !== null) fused.features.set(row, m);
          fused.labels.set(row, at(y[row] ?? [], 0));
          if (label !== null) own.labels.set(row, label);
        }
      }
    }
    const kept = contents.get("own.labels") ?? [];
    expect(own.labels.size).toBeGreaterThan(20);
    for (const [row, label] of own.labels) expect(kept[row]).toBeCloseTo(label, 3);
    // Something else than the labels of the dataset has come out.
    const changed = [...own.labels].filter(([row, label]) => Math.abs(label - at(y[row] ?? [], 0)) > 0.1);
    expect(changed.length).toBeGreaterThan(10);
  });
});
