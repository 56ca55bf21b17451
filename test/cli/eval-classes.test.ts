/** `mird eval` of a model with a class label: accuracy, F1, and classes against predicted classes, of one run and of several. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";

const SPEC = `
import std.loss (cross_entropy)
import std.nn (Linear)

model Kinds {
  input x : f32[B, D]
  label y : class[B] < C
  logits = Linear(C)(x)
  loss task = cross_entropy(logits, y)
  output logits predicts y
}

train Kinds {
  batch 8
  phase model {
    minimize task
    updates all
    with Adam(lr = 0.05)
  }
  epochs 3
  report accuracy, f1_weighted, f1_macro
}
`;
const CLASSES = ["angry", "calm", "happy"];
const folder = mkdtempSync(join(tmpdir(), "mird-classes-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  const rows = Array.from({ length: 60 }, (_, row) => {
    const split = row < 36 ? "train" : row < 48 ? "valid" : "test";
    return `${row},${split},${CLASSES[(row * 7) % 3]},${Math.sin(row)},${((row * 7) % 3) + Math.cos(row)}`;
  });
  writeFileSync(file("rows.csv"), `${["id,split,y,f0,f1", ...rows].join("\n")}\n`);
  const fields = {
    x: { kind: "vector", from: "table", columns: "f0..f1" },
    y: { kind: "class", from: "table", column: "y", classes: CLASSES },
  };
  const sources = { table: { file: "rows.csv" } };
  const description = {
    name: "kinds",
    sources,
    rows: { from: "table", id: "id", split: "split" },
    fields,
    label: "y",
  };
  writeFileSync(file("kinds.json"), JSON.stringify(description));
  writeFileSync(file("kinds.mird"), SPEC);
  const imported = await runCli(
    "data",
    "import",
    file("kinds.json"),
    "--from",
    folder,
    "--out",
    file("data"),
  );
  expect(imported).toMatchObject({ code: 0 });
  for (const seed of ["0", "1"]) {
    const given = ["--data", file("data"), "--device", "cpu", "--seed", seed, "--out", file(`run-${seed}`)];
    expect(await runCli("train", file("kinds.mird"), ...given)).toMatchObject({ code: 0 });
  }
}, 120_000);

/** Counted from the file of predictions, by another way. */
function counted(run: string, split: string): number[][] {
  const counts = CLASSES.map(() => CLASSES.map(() => 0));
  for (const line of readFileSync(join(file(run), "predictions.csv"), "utf8")
    .trim()
    .split("\n")
    .slice(1)) {
    const [own, , , label, prediction] = line.split(",");
    const row = counts[Number(label)];
    if (own === split && row !== undefined) row[Number(prediction)] = (row[Number(prediction)] ?? 0) + 1;
  }
  return counts;
}

const evaluated = (...args: string[]) => runCli("eval", ...args, "--device", "cpu");

it("counts classes against predicted classes, in JSON and as a table", async () => {
  const counts = counted("run-0", "test");
  expect(counts.flat().reduce((a, b) => a + b)).toBe(12);
  const json = JSON.parse((await evaluated(file("run-0"), "--json")).out);
  expect(json.test.confusion).toEqual({ classes: CLASSES, counts });
  expect(json.valid.confusion.counts).toEqual(counted("run-0", "valid"));
  const hits = counts.reduce((sum, line, index) => sum + (line[index] ?? 0), 0);
  expect(json.test.metrics.accuracy).toBeCloseTo(hits / 12, 12);
  expect(Object.keys(json.test.metrics).sort()).toEqual(["accuracy", "f1_macro", "f1_weighted"]);
  const { out } = await evaluated(file("run-0"), "--split", "test");
  expect(out).toContain("test: rows by label and prediction\n");
  expect(out).toMatch(/^label \\ predicted +angry +calm +happy$/m);
  const calm = counts[1] ?? [];
  expect(out).toMatch(new RegExp(`^calm +${calm.join(" +")}$`, "m"));
  const saved = JSON.parse(readFileSync(join(file("run-0"), "metrics.json"), "utf8"));
  expect(saved.splits.test.confusion).toEqual({ classes: CLASSES, counts });
});

it("adds the counts of several runs beside their means", async () => {
  const both = counted("run-0", "test").map((line, t) =>
    line.map((count, p) => count + (counted("run-1", "test")[t]?.[p] ?? 0)),
  );
  const runs = [file("run-0"), file("run-1"), "--split", "test"];
  const { confusions, rows } = JSON.parse((await evaluated(...runs, "--json")).out);
  expect(confusions).toEqual([{ split: "test", classes: CLASSES, counts: both }]);
  expect(rows[0].cells.map(({ metric }: { metric: string }) => metric)).toEqual([
    "accuracy",
    "f1_weighted",
    "f1_macro",
  ]);
  const { out } = await evaluated(...runs, "--format", "markdown");
  expect(out).toContain("**test: rows by label and prediction, over 2 runs**");
  expect(out).toContain(`| happy | ${(both[2] ?? []).join(" | ")} |`);
});

it("is a figure on the page", async () => {
  expect(await runCli("report", file("run-0"))).toMatchObject({ code: 0 });
  const html = readFileSync(join(file("run-0"), "report.html"), "utf8");
  const section = html.slice(html.indexOf('<section id="predictions">'), html.indexOf('<section id="spec">'));
  for (const name of CLASSES) expect(section).toContain(name);
});
