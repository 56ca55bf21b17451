/** docs/disentangling.md shows what the program prints. Training amplifies how a processor rounds, so numbers may differ a little; words, order and rows may not. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { expectSection, isUpdate, sectionOf } from "../support/docs.ts";

const PAGE = "docs/disentangling.md";
const folder = mkdtempSync(join(tmpdir(), "mird-disentangling-"));
afterAll(() => rmSync(folder, { recursive: true }));

const NUMBER = /-?\d+\.\d+/g;
/** Numbers and the shades that stand for them left out; of several blanks one. */
const words = (text: string) =>
  text
    .replaceAll(NUMBER, "#")
    .replaceAll(/[░▒▓█·]+/g, "")
    .replaceAll(/ +/g, " ");
const numbers = (text: string) => (text.match(NUMBER) ?? []).map(Number);

it("shows the quickstart", async () => {
  const run = join(folder, "run");
  const spec = "examples/quickstart/quickstart.mird";
  const device = ["--device", "cpu", "--threads", "2"];
  const trained = await runCli("train", spec, "--data", "synth", "--out", run, "--no-report", ...device);
  expect(trained.code).toBe(0);
  const { code, out } = await runCli("disentangle", run, ...device);
  expect(code).toBe(0);
  const printed = `\n\`\`\`text\n$ mird disentangle runs/quickstart\n${out.trimEnd()}\n\`\`\`\n\n`;
  if (isUpdate) expectSection(PAGE, "example", printed);
  const shown = sectionOf(PAGE, "example");
  expect(words(printed)).toBe(words(shown));
  for (const [index, value] of numbers(printed).entries()) {
    const before = numbers(shown)[index] ?? Number.NaN;
    expect(Math.abs(value - before), `${value} where the page has ${before}`).toBeLessThan(
      0.1 + 0.25 * Math.abs(before),
    );
  }
}, 300_000);
