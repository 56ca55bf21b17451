/** README.md and docs/disentangling.md show what the program prints about the quickstart. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { at } from "../../src/base/invariant.ts";
import { runCli } from "../support/cli.ts";
import { expectPrinted } from "../support/docs.ts";

const folder = mkdtempSync(join(tmpdir(), "mird-quickstart-"));
const run = join(folder, "run");
const device = ["--device", "cpu", "--threads", "2"];
let training = "";
beforeAll(async () => {
  const spec = "examples/quickstart/quickstart.mird";
  const { code, out, err } = await runCli(
    ...["train", spec, "--data", "synth", "--out", run, "--no-report", ...device],
  );
  expect(code).toBe(0);
  training = `${err}${out}`;
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** The last epoch up to its second metric, the first rows of the table, and two of its terms. */
function ending(printed: string): string {
  const lines = printed.replaceAll(run, "runs/quickstart").trimEnd().split("\n");
  const from = (start: string) => lines.findIndex((line) => line.startsWith(start));
  const [end, rows, terms] = [from("Trained"), from("acc7"), from("loss mi[")];
  expect(Math.min(end, rows, terms)).toBeGreaterThan(0);
  const epoch = (lines.filter((line) => line.startsWith("epoch")).at(-1) ?? "").split(", acc2")[0];
  const shown = [
    `${epoch}, …`,
    "",
    ...lines.slice(end, rows + 1),
    "…",
    ...lines.slice(terms, terms + 2),
    "…",
  ];
  return `\n\`\`\`text\n${[...shown, at(lines, -1)].join("\n")}\n\`\`\`\n\n`;
}

it("ends as README.md says", () => {
  expectPrinted("README.md", "quickstart", ending(training));
});

it("is measured as docs/disentangling.md says", async () => {
  const { code, out } = await runCli("disentangle", run, ...device);
  expect(code).toBe(0);
  const printed = `\n\`\`\`text\n$ mird disentangle runs/quickstart\n${out.trimEnd()}\n\`\`\`\n\n`;
  expectPrinted("docs/disentangling.md", "example", printed);
}, 300_000);
