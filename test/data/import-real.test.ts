/** The two real data sets of the examples, where a developer has them; the figures are those of their READMEs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadDataset } from "../../src/data/dataset.ts";
import { readManifest } from "../../src/data/import.ts";
import { inspectDataset } from "../../src/data/inspect.ts";
import { dataFolder, isThere } from "../support/outside.ts";
import { importAndLoad, temporaryFolder } from "./support.ts";

const root = join(import.meta.dirname, "../..");
const [mosi, mmmo] = [dataFolder("mosi_utterances"), dataFolder("mmmo")];

const folder = temporaryFolder();

it.each([
  ["mosi", ["text", "audio", "y"]],
  ["mmmo", ["text", "audio", "vision", "y"]],
])("the description of example %s is well formed", (name, fields) => {
  expect(readManifest(join(root, `examples/${name}/import.json`)).fields.map((field) => field.name)).toEqual(
    fields,
  );
});

describe.skipIf(!isThere("import of real data", mosi, mmmo))("import of real data", () => {
  it("CMU-MOSI: 1284/229/686 rows, words of the training part, audio by row number", async () => {
    const out = join(folder, "mosi");
    const dataset = await importAndLoad({
      manifest: readManifest(join(root, "examples/mosi/import.json")),
      from: mosi,
      out,
    });
    const { splits, fields } = inspectDataset(loadDataset(out));
    expect(splits.map(({ rows, labelled }) => [rows, labelled])).toEqual([
      [1284, 1284],
      [229, 229],
      [686, 686],
    ]);
    const means = fields
      .filter(({ field }) => field === "y")
      .map(({ values }) => [values?.mean.toFixed(3), values?.deviation.toFixed(3)]);
    expect(means).toEqual([
      ["0.234", "1.509"],
      ["0.310", "1.649"],
      ["-0.317", "1.588"],
    ]);
    expect(fields.find(({ field, split }) => field === "audio" && split === "train")?.present).toBe(1284);
    // The joined audio must be the right one: row 0 of the table is line 0 of the test file.
    const first =
      readFileSync(join(mosi, "audio/audio_test0.csv"), "utf8").split("\r\n")[0]?.split(",") ?? [];
    const row = dataset.splits.train?.ids?.indexOf("03bSnISJMiM_1") ?? -1;
    const { mean, deviation } = dataset.scaling.audio ?? { mean: [], deviation: [] };
    const stored = dataset.splits.train?.fields.get("audio")?.data[row * 73 + 5] ?? Number.NaN;
    expect(stored).toBeCloseTo(
      (Number(first[5]?.replaceAll('"', "")) - (mean[5] ?? 0)) / (deviation[5] ?? 1),
      5,
    );
  });

  it("ICT-MMMO: 220/40/80 rows, padding on either side, five sentinel steps in training", async () => {
    const out = join(folder, "mmmo");
    const dataset = await importAndLoad({
      manifest: readManifest(join(root, "examples/mmmo/import.json")),
      from: mmmo,
      out,
    });
    const { splits, fields } = inspectDataset(loadDataset(out));
    expect(splits.map(({ rows }) => rows)).toEqual([220, 40, 80]);
    const of = (field: string, split: string) =>
      fields.find((report) => report.field === field && report.split === split);
    expect([of("text", "train")?.present, of("text", "valid")?.present, of("text", "test")?.present]).toEqual(
      [0, 40, 80],
    );
    expect([
      of("audio", "train")?.length?.min,
      of("audio", "valid")?.length?.min,
      of("audio", "test")?.length?.min,
    ]).toEqual([3, 11, 2]);
    expect(of("y", "train")?.values?.mean).toBeCloseTo(3.361 - 3, 3);
    const counts = dataset.cleaned
      .filter((note) => note.field === "audio")
      .map((note) => `${note.split} ${note.count} ${note.what}`);
    expect(counts).toContain("train 57 rows padded behind");
    expect(counts).toContain("train 30 rows padded in front, moved to the start");
    expect(counts).toContain("train 5 values -255 in column 7, taken as missing");
    expect(counts).toContain("valid 7 values -255 in column 7, taken as missing");
  });
});
