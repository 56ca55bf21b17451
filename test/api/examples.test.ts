/** The examples of docs/api.md are the files of examples/library, and they run as written. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { expectSection, root } from "../support/docs.ts";

const folder = mkdtempSync(join(tmpdir(), "mird-api-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs an example and returns what it printed, one list of values a line. */
async function runExample(name: string): Promise<unknown[][]> {
  const lines: unknown[][] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => void lines.push(values));
  vi.stubEnv("RUN_FOLDER", join(folder, name));
  try {
    await import(join(root, "examples/library", `${name}.ts`));
  } finally {
    log.mockRestore();
    vi.unstubAllEnvs();
  }
  return lines;
}

describe("docs/api.md", () => {
  it.each(["train", "check", "cancel"])("shows examples/library/%s.ts", (name) => {
    const text = readFileSync(join(root, "examples/library", `${name}.ts`), "utf8");
    expectSection("docs/api.md", name, `\n\`\`\`ts\n${text}\`\`\`\n\n`);
  });
});

describe("examples/library", () => {
  it("train.ts learns the means of its rows and predicts them", async () => {
    const lines = await runExample("train");
    expect(lines.filter(([line]) => String(line).startsWith("epoch "))).toHaveLength(20);
    const [status, corr] = lines.at(-2) ?? [];
    expect(status).toBe("finished");
    expect(corr).toBeGreaterThan(0.8);
    const [predictions, width] = lines.at(-1) ?? [];
    expect(predictions).toHaveLength(3);
    expect(width).toBe(8);
  });

  it("check.ts shows mistakes and costs", async () => {
    const [problems, costs, refused] = await runExample("check");
    expect(String(problems)).toContain("does not implement `Penalty`");
    expect(costs?.[0]).toBeGreaterThan(50);
    expect(String(refused)).toContain("unknown-setting");
  });

  it("cancel.ts stops and goes on", async () => {
    const [stopped, resumed] = await runExample("cancel");
    expect(stopped).toEqual(["interrupted"]);
    expect(resumed?.[0]).toBe("finished");
    expect(resumed?.[1]).toBeGreaterThan(3);
    expect(resumed?.[2]).toBeGreaterThan(10);
  });
});
