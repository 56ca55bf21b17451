/** The experiments of examples/evidence run at a tiny size, and what is committed of them is in step: figures and tables follow from the measurements, pages show the tables. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { experiment as dependence } from "../../examples/evidence/dependence/run.ts";
import { experiment as estimators } from "../../examples/evidence/estimators/run.ts";
import type { Experiment, Measurement } from "../../examples/evidence/experiment.ts";
import { committed } from "../../examples/evidence/experiment.ts";
import { experiment as joint } from "../../examples/evidence/joint/run.ts";
import { experiment as unlabelled } from "../../examples/evidence/unlabelled/run.ts";
import { expectSection, root } from "../support/docs.ts";

const folder = mkdtempSync(join(tmpdir(), "mird-evidence-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Case {
  readonly name: string;
  readonly files: Experiment<never>["files"];
  /** The experiment with a few rows and steps. */
  readonly tiny: () => Promise<Measurement[]>;
  /** Trainings of the full size, and of the tiny one. */
  readonly trainings: readonly [full: number, tiny: number];
}

function caseOf<Size>(experiment: Experiment<Size>, size: Size, trainings: (size: Size) => number): Case {
  const { name, files, full, measure } = experiment;
  const tiny = () => measure(size, join(folder, name), () => {});
  return { name, files, tiny, trainings: [trainings(full), trainings(size)] };
}

const CASES: readonly Case[] = [
  caseOf(
    estimators,
    { correlations: [0, 0.8], widths: [2], seeds: 1, rows: 128, epochs: 1 },
    ({ correlations, widths, seeds }) => correlations.length * widths.length * seeds,
  ),
  caseOf(
    dependence,
    {
      variants: ["None()", "Club(hidden = 16)"].map((penalty) => ({ dependence: 0.5, penalty, weight: 1 })),
      seeds: 1,
      rows: 32,
      epochs: 1,
    },
    ({ variants, seeds }) => variants.length * seeds,
  ),
  caseOf(
    joint,
    {
      encoders: [
        "SparseWordAttention(width = 8, layers = 1, heads = 2)",
        "AveragedWords(width = 8, layers = 1, heads = 2)",
        "FusedEncoders(embedding = 8)",
        "AveragedEncoders(embedding = 8)",
        "SeparateEncoders(embedding = 8)",
      ],
      views: { ironic: { viewNoise: 1, irony: 0.5 } },
      seeds: 1,
      rows: 32,
      epochs: 1,
    },
    ({ encoders, views, seeds }) => encoders.length * Object.keys(views).length * seeds,
  ),
  caseOf(
    unlabelled,
    { labels: [32], seeds: 1, unlabelled: 32, steps: 2, test: 32, fresh: 32 },
    // Unlabelled rows in nothing, in the mutual information, and in all but the task.
    ({ labels, seeds }) => 3 * labels.length * seeds,
  ),
];

const path = (name: string, file: string) => join(root, "examples/evidence", name, file);

describe("examples/evidence", () => {
  it("has every experiment in the cases of this test", () => {
    const folders = readdirSync(join(root, "examples/evidence"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(folders.sort()).toEqual(CASES.map(({ name }) => name).sort());
  });
});

describe.each(CASES)("examples/evidence/$name", ({ name, files, tiny, trainings: [full, few] }) => {
  it("runs at a tiny size: as many trainings as it should be, with values like those of the full size", async () => {
    const measurements = await tiny();
    expect(measurements).toHaveLength(few);
    const [first] = committed(name);
    for (const { settings, values } of measurements) {
      expect(Object.keys(settings)).toEqual(Object.keys(first?.settings ?? {}));
      expect(Object.keys(values)).toEqual(Object.keys(first?.values ?? {}));
      for (const value of Object.values(values)) expect(value).toEqual(expect.any(Number));
    }
    for (const text of Object.values(files(measurements))) expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("has measurements of every training, without gaps", () => {
    const measurements = committed(name);
    expect(measurements).toHaveLength(full);
    expect(new Set(measurements.map(({ settings }) => JSON.stringify(settings))).size).toBe(full);
    for (const { values } of measurements)
      for (const value of Object.values(values)) expect(value).toEqual(expect.any(Number));
  });

  it("has tables and figures that follow from the measurements", () => {
    const made = files(committed(name));
    if (process.env.UPDATE_GOLDEN === "1")
      for (const [file, text] of Object.entries(made)) writeFileSync(path(name, file), text);
    for (const [file, text] of Object.entries(made)) {
      expect(existsSync(path(name, file)), `${file} is not there`).toBe(true);
      expect(readFileSync(path(name, file), "utf8"), `${file}; UPDATE_GOLDEN=1 rewrites it`).toBe(text);
    }
  });

  it("has a page that shows the table, every figure and the command", () => {
    const page = `examples/evidence/${name}/README.md`;
    const made = files(committed(name));
    const [table] = Object.entries(made).flatMap(([file, text]) => (file.endsWith(".md") ? [text] : []));
    expectSection(page, "table", `\n${table}\n`);
    const text = readFileSync(join(root, page), "utf8");
    for (const file of Object.keys(made)) if (file.endsWith(".svg")) expect(text).toContain(`](${file})`);
    expect(text).toContain(`npx tsx examples/evidence/${name}/run.ts`);
  });
});
