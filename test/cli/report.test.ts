/** `report.html` of a small run: complete, well-formed, self-contained, and with the numbers of the run. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Io } from "../../src/cli/io.ts";
import { attemptReport } from "../../src/cli/report.ts";
import { readLog } from "../../src/report/log.ts";
import { epochPoints, iterationPoints } from "../../src/report/page/log-points.ts";
import { scaleOf } from "../../src/report/page/scale.ts";
import { readDependence } from "../../src/report/run-dependence.ts";
import { runCli } from "../support/cli.ts";

let folder: string;
let run: string;
let html: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mird-report-"));
  const data = join(folder, "data");
  run = join(folder, "run");
  const rows = ["--train", "40", "--unlabelled", "0", "--valid", "12", "--test", "30", "--missing", "0.1"];
  expect((await runCli("data", "synth", "--out", data, ...rows)).code).toBe(0);
  const train = ["train", "test/cli/fixtures/latents.mird", "--data", data, "--out", run, "--device", "cpu"];
  expect(await runCli(...train)).toMatchObject({ code: 0 });
  const { code, out } = await runCli("report", run);
  expect({ code, out }).toEqual({ code: 0, out: `${join(run, "report.html")}\n` });
  html = readFileSync(join(run, "report.html"), "utf8");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Tags that are not closed in the order in which they were opened. */
function unbalanced(text: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, close, name = "", rest = ""] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)\b([^>]*)>/g)) {
    if (name === "meta" || rest.endsWith("/")) continue;
    if (close === "") open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}

describe("the page of a run", () => {
  it("is what `mird export --to html` writes, where it is told to", async () => {
    const page = join(folder, "page.html");
    const { code, out } = await runCli("export", run, "--to", "html", "-o", page);
    expect({ code, out }).toEqual({ code: 0, out: `Written to ${page}\n` });
    expect(readFileSync(page, "utf8")).toBe(html);
  });

  it("has every section", () => {
    const sections = [...html.matchAll(/<section id="(\w+)">/g)].map(([, id]) => id);
    expect(sections).toEqual([
      "results",
      "losses",
      "metrics",
      "dependence",
      "latents",
      "predictions",
      "spec",
      "plan",
    ]);
    expect(html).toContain("as initialised");
    expect(html).toContain("Coloured by <b>factor.shared[0]</b>");
  });

  it("is well-formed and asks for nothing from outside", () => {
    expect(unbalanced(html)).toEqual([]);
    expect(html).not.toMatch(/(src|href|action)\s*=\s*"(?!#)|url\(|@import|<script|<link|<iframe/);
    expect(html).not.toMatch(/NaN|undefined<|Infinity/);
  });

  it("shows the metrics and losses of metrics.json", () => {
    const { splits } = JSON.parse(readFileSync(join(run, "metrics.json"), "utf8"));
    for (const name of ["mae", "acc7"]) {
      const cells = ["valid", "test"].map((split) => `<td>${splits[split].metrics[name].toFixed(4)}</td>`);
      expect(html).toContain(`<tr><td>${name}</td>${cells.join("")}</tr>`);
    }
    expect(html).toContain(`<td>loss task</td><td>${splits.valid.losses.task.toFixed(4)}</td>`);
  });

  it("has a point for every row with a label and a prediction, and one per epoch and split in a curve", () => {
    const predictions = html.slice(
      html.indexOf('<section id="predictions">'),
      html.indexOf('<section id="spec">'),
    );
    const rows = readFileSync(join(run, "predictions.csv"), "utf8").trim().split("\n");
    const predicted = rows.filter((row) => /^test,.*,\S+,-?[\d.e-]+$/.test(row));
    expect(predicted.length).toBeLessThan(30);
    expect(predictions.match(/<circle/g)?.length).toBe(predicted.length);
    const losses = html.slice(html.indexOf('<section id="losses">'), html.indexOf('<section id="metrics">'));
    const epochs = readLog(join(run, "metrics.jsonl")).filter(({ kind }) => kind === "epoch").length;
    // `task` has a curve of training and one of validation.
    expect(losses.match(/<circle/g)?.length).toBeGreaterThanOrEqual(2 * epochs);
  });

  it("shows the spec as it was, escaped", () => {
    expect(html).toContain("label y : f32[B]");
    expect(html).toContain("<td>d</td><td>3</td>");
  });
});

describe("the page of a comparison", () => {
  let page: string;
  let compared: string;
  beforeAll(async () => {
    compared = join(folder, "compared");
    const line = [
      "compare",
      "test/cli/fixtures/latents.mird",
      "--data",
      join(folder, "data"),
      "--out",
      compared,
    ];
    const over = ["--over", "d=2,3", "--seeds", "3", "--epochs", "3"];
    expect(await runCli(...line, ...over)).toMatchObject({
      code: 0,
      err: expect.not.stringContaining("not written"),
    });
    page = readFileSync(join(compared, "report.html"), "utf8");
  });

  it("has every section, is well-formed and asks for nothing from outside", () => {
    const sections = [...page.matchAll(/<section id="(\w+)">/g)].map(([, id]) => id);
    expect(sections).toEqual([
      "results",
      "differences",
      "metrics",
      "losses",
      "dependence",
      "variants",
      "spec",
    ]);
    expect(unbalanced(page)).toEqual([]);
    expect(page).not.toMatch(/(src|href|action)\s*=\s*"(?!#)|url\(|@import|<script|<link|<iframe/);
    expect(page).not.toMatch(/NaN|undefined<|Infinity/);
  });

  it("has the numbers of the table, and of what the runs measured", () => {
    const { rows } = JSON.parse(readFileSync(join(compared, "comparison.json"), "utf8"));
    const { mean, deviation, difference } = rows[1].cells[0];
    expect(page).toContain(`<td>${mean.toFixed(4)} ±\u00a0${deviation.toFixed(4)}</td>`);
    expect(page).toContain(`[${difference.low < 0 ? "" : "+"}${difference.low.toFixed(4)},\u00a0`);
    const measured = [0, 1, 2].map((seed) => readDependence(join(compared, `d-3-seed-${seed}`)));
    const average = measured.reduce((sum, one) => sum + (one?.pairs[0]?.hsic ?? Number.NaN), 0) / 3;
    expect(page.slice(page.indexOf('<section id="dependence">'))).toContain(`>${average.toFixed(2)}</text>`);
    // A line and its key for both variants in every curve.
    expect(page.match(/<path d="M[^"]*" fill="none" stroke="#e07b39"/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it("is written again by `mird report`, and once there is a table", async () => {
    rmSync(join(compared, "report.html"));
    expect(await runCli("report", compared)).toMatchObject({ code: 0 });
    expect(readFileSync(join(compared, "report.html"), "utf8")).toBe(page);
    rmSync(join(compared, "comparison.json"));
    const { code, err } = await runCli("report", compared);
    expect(code).toBe(1);
    expect(err).toContain("The comparison has not ended");
  });
});

describe("a page that cannot be written", () => {
  it("loses nothing", async () => {
    const blocked = join(folder, "blocked");
    const train = [
      "train",
      "test/cli/fixtures/latents.mird",
      "--data",
      join(folder, "data"),
      "--out",
      blocked,
    ];
    expect(await runCli(...train, "--device", "cpu", "--no-report")).toMatchObject({ code: 0 });
    expect(existsSync(join(blocked, "report.html"))).toBe(false);
    const said: string[] = [];
    const io = { err: { write: (text: string) => said.push(text) } } as unknown as Io;
    await attemptReport(io, () => writeFileSync(join(blocked, "no", "report.html"), "") as unknown as string);
    expect(said.join("")).toContain("The page report.html was not written");
  });
});

describe("points of curves", () => {
  const log = [
    { kind: "iteration", iteration: 0, epoch: 0, losses: { task: 2, "mi[a,b]": 0.5 } },
    { kind: "iteration", iteration: 1, epoch: 0, losses: { task: 1, "mi[a,b]": null } },
    { kind: "epoch", epoch: 0, train: { task: 1.5 }, valid: { losses: { task: 3 }, metrics: { mae: 0.25 } } },
  ];

  it("are the numbers of the log", () => {
    expect(epochPoints(log, "losses").get("task")).toEqual([
      { x: 1, y: 1.5, series: "train" },
      { x: 1, y: 3, series: "valid" },
    ]);
    expect([...epochPoints(log, "metrics")]).toEqual([["mae", [{ x: 1, y: 0.25, series: "valid" }]]]);
    const terms = iterationPoints(log, (name) => name.includes("["));
    expect([...terms]).toEqual([
      [
        "mi[a,b]",
        [
          { x: 1, y: 0.5, series: "[a,b]" },
          { x: 2, y: Number.NaN, series: "[a,b]" },
        ],
      ],
    ]);
  });
});

describe("axes", () => {
  it("have round ticks inside the range", () => {
    const { ticks, digits, place } = scaleOf([0.13, 0.87], 0, 100);
    expect(ticks.map((tick) => tick.toFixed(digits))).toEqual(["0.2", "0.4", "0.6", "0.8"]);
    expect([place(0.13), place(0.5), place(0.87)].map(Math.round)).toEqual([0, 50, 100]);
  });

  it("count whole numbers one by one, and give a constant room", () => {
    expect(scaleOf([1, 3], 0, 1, { whole: true }).ticks).toEqual([1, 2, 3]);
    expect(scaleOf([5, 5], 0, 1).place(5)).toBe(0.5);
  });
});
