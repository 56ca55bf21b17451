import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fingerprint, loadDataset, writeDataset } from "../../src/data/dataset.ts";
import type { Dataset, Field } from "../../src/data/schema.ts";
import { rowsByLabel } from "../../src/data/schema.ts";
import { SYNTHETIC_DEFAULTS, synthesize } from "../../src/data/synthetic.ts";
import { problemsOf, temporaryFolder } from "./support.ts";

const folder = temporaryFolder();
const dataset = synthesize({ seed: 5 });

function field(from: Dataset, name: string, split = "train"): Field {
  const found = from.splits[split]?.fields.get(name);
  if (found === undefined) throw new Error(`${split} has no ${name}`);
  return found;
}

/** A column of a vector field, for the first `rows` rows. */
function column(from: Dataset, name: string, index: number, rows: number): number[] {
  const { data, spec } = field(from, name);
  return Array.from({ length: rows }, (_, row) => data[row * spec.width + index] ?? Number.NaN);
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const center = (values: readonly number[]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const [x, y] = [center(a), center(b)];
  const dot = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, index) => sum + value * (v[index] ?? 0), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

/** Share of the variance of y that a linear function of the columns explains (normal equations). */
function explained(columns: readonly (readonly number[])[], y: readonly number[]): number {
  const design = [y.map(() => 1), ...columns];
  const size = design.length;
  const dot = (u: readonly number[], v: readonly number[]) =>
    u.reduce((sum, value, index) => sum + value * (v[index] ?? 0), 0);
  const system = design.map((u) => [...design.map((v) => dot(u, v)), dot(u, y)]);
  for (let pivot = 0; pivot < size; pivot++) {
    const head = system[pivot] ?? [];
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const factor = (system[row]?.[pivot] ?? 0) / (head[pivot] ?? 1);
      system[row] = (system[row] ?? []).map((value, index) => value - factor * (head[index] ?? 0));
    }
  }
  const weights = system.map((row, index) => (row[size] ?? 0) / (row[index] ?? 1));
  const fit = y.map((_, row) =>
    weights.reduce((sum, weight, index) => sum + weight * (design[index]?.[row] ?? 0), 0),
  );
  return correlation(fit, y) ** 2;
}

/** Mean over the valid steps of a sequence, as features of the first `rows` rows. */
function pooled(from: Dataset, name: string, rows: number): number[][] {
  const { data, spec, lengths } = field(from, name);
  return Array.from({ length: spec.width }, (_, index) =>
    Array.from({ length: rows }, (_, row) => {
      const steps = lengths?.[row] ?? 1;
      let sum = 0;
      for (let step = 0; step < steps; step++)
        sum += data[(row * spec.maxLength + step) * spec.width + index] ?? 0;
      return sum / steps;
    }),
  );
}

/** How often each word stands in the text of each of the first `rows` rows; words that are in all rows as often are left out. */
function wordCounts(from: Dataset, rows: number): number[][] {
  const { data, spec } = field(from, "text");
  return Array.from({ length: (spec.vocabularySize ?? 0) - 2 }, (_, word) =>
    Array.from(
      { length: rows },
      (_, row) =>
        data.subarray(row * spec.maxLength, (row + 1) * spec.maxLength).filter((id) => id === word + 2)
          .length,
    ),
  ).filter((count) => new Set(count).size > 1);
}

describe("generated data", () => {
  it("follow from the seed alone, whatever other rows there are", () => {
    expect(fingerprint(synthesize({ seed: 5 }))).toBe(fingerprint(dataset));
    expect(fingerprint(synthesize({ seed: 6 }))).not.toBe(fingerprint(dataset));
    const fewer = synthesize({ seed: 5, train: 10, unlabelled: 0 });
    expect(field(fewer, "audio").data).toEqual(
      field(dataset, "audio").data.subarray(0, field(fewer, "audio").data.length),
    );
  });

  it("make a valid dataset folder", () => {
    writeDataset(dataset, join(folder, "synthetic"));
    expect(loadDataset(join(folder, "synthetic"))).toEqual(dataset);
  });

  it("have the rows and sizes asked for, unlabelled rows behind", () => {
    const { train, valid, test } = dataset.splits;
    expect([train?.rows, valid?.rows, test?.rows]).toEqual([768, 128, 256]);
    if (train === undefined) throw new Error("train is there");
    expect(rowsByLabel(train, "y").labelled).toEqual(Int32Array.from({ length: 384 }, (_, row) => row));
    expect(
      Object.fromEntries(dataset.fields.map(({ name, maxLength, width }) => [name, [maxLength, width]])),
    ).toMatchObject({
      text: [12, 1],
      audio: [20, 12],
      vision: [16, 10],
      "factor.shared": [1, 2],
    });
  });

  it("are unaligned: each modality has lengths of its own, unrelated to the others", () => {
    const lengths = ["text", "audio", "vision"].map((name) => [...(field(dataset, name).lengths ?? [])]);
    for (const own of lengths) expect(new Set(own).size).toBeGreaterThan(5);
    expect(Math.abs(correlation(lengths[0] ?? [], lengths[1] ?? []))).toBeLessThan(0.15);
    expect(Math.abs(correlation(lengths[1] ?? [], lengths[2] ?? []))).toBeLessThan(0.15);
  });

  it.each([0, 1, 2])("have a label that the true shared factors explain, but not alone (seed %s)", (seed) => {
    const from = synthesize({ seed });
    const y = column(from, "y", 0, SYNTHETIC_DEFAULTS.train);
    const shared = [0, 1].map((index) => column(from, "factor.shared", index, y.length));
    const share = explained(shared, y);
    expect(share).toBeGreaterThan(0.75);
    expect(share).toBeLessThan(0.97);
    const own = ["text", "audio", "vision"].map((name) => column(from, `factor.${name}`, 0, y.length));
    expect(explained([...shared, ...own], y)).toBeGreaterThan(share + 0.01);
    expect(Math.max(...y)).toBeLessThanOrEqual(3);
    expect(Math.min(...y)).toBeGreaterThanOrEqual(-3);
  });

  it("carry the factors in every modality: shared ones and its own, but not those of another", () => {
    const rows = 768;
    for (const name of ["audio", "vision"]) {
      const features = pooled(dataset, name, rows);
      expect(explained(features, column(dataset, "factor.shared", 0, rows))).toBeGreaterThan(0.5);
      expect(explained(features, column(dataset, `factor.${name}`, 0, rows))).toBeGreaterThan(0.5);
      expect(explained(features, column(dataset, "factor.text", 0, rows))).toBeLessThan(0.1);
    }
    const { data, spec, lengths } = field(dataset, "text");
    expect(explained(wordCounts(dataset, rows), column(dataset, "factor.shared", 0, rows))).toBeGreaterThan(
      0.4,
    );
    expect(
      Math.min(...Array.from({ length: rows }, (_, row) => data[row * spec.maxLength] ?? 0)),
    ).toBeGreaterThanOrEqual(2);
    expect(lengths?.every((length) => length >= 6 && length <= 12)).toBe(true);
  });

  it("with dependence: private factors depend on the shared ones without being correlated with them", () => {
    const rows = 4000;
    const sizes = {
      train: rows,
      unlabelled: 0,
      valid: 1,
      test: 1,
      audioLength: 1,
      visionLength: 1,
      textLength: 1,
    };
    const from = synthesize({ ...sizes, dependence: 0.8 });
    const shared = column(from, "factor.shared", 0, rows);
    const squares = shared.map((value) => value * value);
    const own = column(from, "factor.audio", 0, rows);
    expect(Math.abs(correlation(shared, own))).toBeLessThan(0.08);
    expect(correlation(squares, own)).toBeGreaterThan(0.8);
    const variance = own.reduce((sum, value) => sum + value * value, 0) / rows;
    expect(variance).toBeGreaterThan(0.85);
    expect(variance).toBeLessThan(1.15);
    const independent = column(synthesize(sizes), "factor.audio", 0, rows);
    expect(Math.abs(correlation(squares, independent))).toBeLessThan(0.05);
  });

  it("with noise on the views: no modality tells the shared factors, and together they tell more", () => {
    const rows = 2000;
    const sizes = { train: rows, unlabelled: 0, valid: 1, test: 1, textLength: 1, featureNoise: 0 };
    const told = (from: Dataset, names: readonly string[]) =>
      explained(
        names.flatMap((name) => pooled(from, name, rows)),
        column(from, "factor.shared", 0, rows),
      );
    const clear = synthesize(sizes);
    const noisy = synthesize({ ...sizes, viewNoise: 1 });
    expect(field(noisy, "factor.shared")).toEqual(field(clear, "factor.shared"));
    expect(field(noisy, "y")).toEqual(field(clear, "y"));
    expect(told(clear, ["audio"])).toBeGreaterThan(0.75);
    expect(told(noisy, ["audio"])).toBeGreaterThan(0.35);
    // At most 1/2 from one view of deviation 1 with noise of deviation 1, 2/3 from two, whoever reads them.
    expect(told(noisy, ["audio"])).toBeLessThan(0.54);
    expect(told(noisy, ["audio", "vision"])).toBeGreaterThan(told(noisy, ["audio"]) + 0.05);
    expect(told(noisy, ["audio", "vision"])).toBeLessThan(0.7);
  });

  it("with irony: audio and vision show the shared factors turned round in some rows, and the text says in which", () => {
    const rows = 1200;
    const sizes = { train: rows, unlabelled: 0, valid: 1, test: 1, featureNoise: 0, textLength: 24 };
    const clear = synthesize(sizes);
    const from = synthesize({ ...sizes, irony: 0.5 });
    const irony = column(from, "factor.irony", 0, rows);
    expect([...new Set(irony)].sort()).toEqual([-1, 1]);
    expect(Math.abs(irony.reduce((sum, value) => sum + value, 0) / rows)).toBeLessThan(0.1);
    expect(field(from, "factor.shared")).toEqual(field(clear, "factor.shared"));
    expect(field(from, "y")).toEqual(field(clear, "y"));
    const shared = column(from, "factor.shared", 0, rows);
    for (const name of ["audio", "vision"]) {
      const features = pooled(from, name, rows);
      const turned = shared.map((value, row) => -value * (irony[row] ?? 0));
      expect(explained(features, shared)).toBeLessThan(0.04);
      expect(explained(features, turned)).toBeGreaterThan(0.6);
      expect(explained(features, irony)).toBeLessThan(0.04);
    }
    const used = wordCounts(from, rows);
    expect(explained(used, irony)).toBeGreaterThan(0.5);
    expect(explained(used, shared)).toBeGreaterThan(0.4);
    const seldom = column(synthesize({ ...sizes, irony: 0.2 }), "factor.irony", 0, rows);
    expect(seldom.filter((value) => value === 1).length / rows).toBeCloseTo(0.2, 1);
  });

  it("drop modalities at the rate asked for, never all of a row", () => {
    const from = synthesize({ missing: 0.5 });
    const present = ["text", "audio", "vision"].map((name) => field(from, name).present);
    const counts = Array.from({ length: 768 }, (_, row) =>
      present.reduce((sum, flags) => sum + (flags[row] ?? 0), 0),
    );
    expect(Math.min(...counts)).toBe(1);
    // Each is kept half of the time, and one third of the eighth of rows that would be empty is given back.
    const share = counts.reduce((sum, value) => sum + value, 0) / (3 * 768);
    expect(share).toBeGreaterThan(0.49);
    expect(share).toBeLessThan(0.6);
  });

  it("refuse impossible options, all of them at once", async () => {
    const lines = await problemsOf(() =>
      synthesize({ train: 0, vocabulary: 2, missing: 1, seed: 0.5, audioWidth: -1 }),
    );
    expect(lines.map((line) => /option "(\w+)"/.exec(line)?.[1]).sort()).toEqual([
      "audioWidth",
      "missing",
      "seed",
      "train",
      "vocabulary",
    ]);
    expect(lines.join()).toMatch(/`train` is 0; it must be a whole number from 1 to 10000000/);
  });
});
