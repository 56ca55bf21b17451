/** `mird gradcheck`: what it prints, and that it sees a slope that differences do not confirm. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "mird-gradcheck-"));
const spec = (objective: string) => `
import std.nn (Linear)

model Slope {
  input x : f32[B, D]
  label y : f32[B]
  score = at(Linear(1)(x), axis = 1, index = 0)
  loss task = mean(${objective})
  output score predicts y
}

train Slope {
  batch 8
  phase fit {
    minimize task
    updates all
    with Adam(lr = 1e-3)
  }
  epochs 1
}
`;
const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

let [right, rough, stopped] = ["", "", ""];
beforeAll(() => {
  right = write("right.mird", spec("(score - y)^2"));
  // It turns round many times within the shortest step.
  rough = write("rough.mird", spec("sin(score * 1e9) + y"));
  // Differences of the function itself would be those of score^3 and of -score.
  stopped = write("stopped.mird", spec("stop(score^2) * score + reverse(score, 2) + y"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("shows the comparisons and ends with 0 when gradients agree", async () => {
  const { code, out } = await runCli("gradcheck", right);
  expect(out).toMatch(/^worst of +elements +checks +derivative +difference +error\n/);
  expect(out).toMatch(/fit: all 2 parameters +4 +4 /);
  expect(out).toMatch(/score\.weight/);
  expect(out).toContain("All gradients of Slope agree with differences.");
  expect(code).toBe(0);
});

it("knows what stop and reverse promise", async () => {
  const { code, out } = await runCli("gradcheck", stopped);
  expect(out).toContain("agree with differences");
  expect(code).toBe(0);
});

it("ends with 1 and names the parameters when gradients do not agree", async () => {
  const { code, out, err } = await runCli("gradcheck", rough);
  expect(code).toBe(1);
  expect(out).not.toContain("agree with differences");
  expect(err).toContain("error[gradient-mismatch]: Gradient disagrees with differences");
  expect(err).toMatch(/score\.weight, phase fit: /);
});

it("gives every comparison as JSON", async () => {
  const { code, out } = await runCli("gradcheck", right, "--json");
  const rows: { phase: string; error: number }[] = JSON.parse(out);
  expect(rows.length).toBe(3);
  expect(rows.every(({ phase, error }) => phase === "fit" && error < 1e-5)).toBe(true);
  expect(code).toBe(0);
});
