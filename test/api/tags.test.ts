/** A model of several yes-or-no labels at once, from data to metrics, predictions and the page. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { datasetFromArrays, type Run, train } from "../../src/api/index.ts";
import { predict } from "../../src/api/predict.ts";
import { writeRunReport } from "../../src/api/report.ts";
import { RandomStream } from "../../src/base/random.ts";
import { computeMetrics } from "../../src/statistics/metrics.ts";

const folder = mkdtempSync(join(tmpdir(), "mird-tags-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Rows whose audio says by its signs which of two labels they have; `yes` is what stands for one. */
function dataset(yes = 1) {
  const stream = new RandomStream(3, 5);
  const rows = (first: number, count: number) => {
    const audio = Array.from({ length: count }, (_, row) =>
      Array.from({ length: 4 }, (_value, column) => stream.normal((first + row) * 4 + column)),
    );
    const tags = audio.map(([a = 0, b = 0]) => [a > 0 ? yes : 0, b > 0.5 ? 1 : 0]);
    return { text: audio.map((_, row) => [1 + (row % 3), 2]), audio, tags };
  };
  return datasetFromArrays({
    fields: {
      text: { kind: "tokens", vocabularySize: 5 },
      audio: { kind: "vector", width: 4 },
      tags: { kind: "vector", width: 2 },
    },
    label: "tags",
    splits: { train: rows(0, 96), valid: rows(200, 24), test: rows(300, 24) },
  });
}

const data = dataset();
const device = "cpu";
const set = { d: 8, width: 8, batch: 24, rate: 0, "model.lr": 0.02 };
let run: Run;
beforeAll(async () => {
  run = await train({
    spec: "specs/mird_tags.mird",
    data,
    set,
    epochs: 25,
    out: join(folder, "run"),
    device,
  });
});

it("learns the labels, and is selected and judged by their metrics", () => {
  const { test } = run.metrics();
  expect(test?.metrics.f1_micro).toBeGreaterThan(0.8);
  expect(test?.metrics.map).toBeGreaterThan(0.8);
  expect(test?.metrics.hamming_loss).toBeLessThan(0.2);
  expect(Object.keys(test?.metrics ?? {})).toEqual([
    "f1_micro",
    "f1_macro",
    "f1_weighted",
    "subset_accuracy",
    "hamming_loss",
    "map",
  ]);
});

it("predicts a chance of every label, which the metrics follow from", async () => {
  const test = (await predict(run, { data, device })).get("test");
  const { predictions, labels, metrics } = test ?? {};
  expect(predictions?.length).toBe(48);
  const pairs = { predicted: predictions ?? [], truth: labels ?? [], width: 2 };
  expect(Object.fromEntries(computeMetrics("set", pairs))).toEqual(Object.fromEntries(metrics ?? []));
  const [head, first = ""] = readFileSync(join(folder, "run", "predictions.csv"), "utf8").split("\n");
  expect(head).toBe("split,row,id,label.0,label.1,prediction.0,prediction.1");
  expect(first.split(",")).toHaveLength(7);
});

it("is shown label by label", async () => {
  const html = readFileSync(await writeRunReport(join(folder, "run"), data, { device }), "utf8");
  expect(html).toContain("<th>average precision</th>");
  expect(html).toMatch(/<td>tags\.1<\/td><td>\d+<\/td>/);
});

it("refuses labels that are neither yes nor no, and predictions that are no chances", async () => {
  const other = train({
    spec: "specs/mird_tags.mird",
    data: dataset(0.7),
    set,
    out: join(folder, "no"),
    device,
  });
  await expect(other).rejects.toThrow("label-values");
  const text = readFileSync("specs/mird_tags.mird", "utf8").replace(
    "output chances predicts tags",
    "output scores predicts tags",
  );
  const scores = { spec: { text, path: "scores.mird" }, data, set, epochs: 1, out: join(folder, "scores") };
  const failed = await train({ ...scores, device }).catch((error: unknown) => error);
  expect(failed).toMatchObject({
    problems: [
      {
        code: "not-a-chance",
        text: expect.stringMatching(
          /^The output `scores` predicts `tags`, .* In the split `valid` it gives /,
        ),
      },
    ],
  });
});
