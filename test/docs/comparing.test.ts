/** docs/comparing.md shows what the program prints: a comparison to which a seed is added. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import { expectPrinted } from "../support/docs.ts";

const folder = mkdtempSync(join(tmpdir(), "mird-comparing-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("shows the quickstart with three penalties", async () => {
  const out = join(folder, "penalties");
  const compare = (seeds: number) =>
    runCli(
      ...[
        "compare",
        "examples/quickstart/quickstart.mird",
        "--over",
        "penalty=Club(hidden = 16),Orthogonal(),None",
      ],
      ...["--seeds", String(seeds), "--epochs", "2", "--metric", "mae,corr", "--out", out],
      ...["--no-report", "--device", "cpu", "--threads", "2"],
    );
  expect(await compare(2)).toMatchObject({ code: 0 });
  const { code, out: tables, err: progress } = await compare(3);
  expect(code).toBe(0);
  // Which device computes is a fact about the machine.
  const lines = `${progress}${tables}`.replaceAll(out, "runs/penalties").trimEnd().split("\n");
  const printed = lines.filter((line) => !line.startsWith("Device: "));
  const command = [
    "$ mird compare examples/quickstart/quickstart.mird \\",
    "    --over 'penalty=Club(hidden = 16),Orthogonal(),None' --seeds 3 --epochs 2 --metric mae,corr --out runs/penalties",
  ];
  expectPrinted(
    "docs/comparing.md",
    "example",
    `\n\`\`\`text\n${[...command, ...printed].join("\n")}\n\`\`\`\n\n`,
  );
}, 300_000);
