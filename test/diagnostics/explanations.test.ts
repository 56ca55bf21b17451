/** Every code has an explanation, the examples do what they say, and docs/errors.md is the printed table. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Example } from "../../src/diagnostics/explanations/explanation.ts";
import { chapters, errorPage } from "../../src/diagnostics/explanations.ts";
import { check } from "../support/check.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const all = chapters.flatMap(({ explanations }) => explanations);

/** Codes as they stand in the sources: `code: "…"`, `problem("…"`, and both sides of a choice. */
function codesInSource(): Set<string> {
  const codes = new Set<string>();
  for (const entry of readdirSync(join(root, "src"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), "utf8");
    for (const [, literal] of text.matchAll(/(?:\bcode:[^,;]*?|\bproblem\(\s*)"([a-z]+(?:-[a-z]+)+)"/g))
      if (literal !== undefined) codes.add(literal);
  }
  return codes;
}

const model = [
  "input x : f32[B, D]",
  "input audio : f32[B, T~, Da]",
  "input words : ids[B, L~] < V",
  "label y : f32[B]",
];
const trained = [
  ...model,
  "param map : f32[D]",
  "param offset : f32",
  "y_hat = dot(x, map, axis = D) + offset",
  "loss task = mean((y_hat - y) ^ 2)",
  "output y_hat predicts y",
];
const phase = ["minimize task", "updates all", "with Adam(lr = 1e-3)"];
const train = ["batch 8", "epochs 3"];

/** The example inside the declarations that it leaves out. */
function whole(within: Example["within"], lines: string): string {
  if (within === "file") return lines;
  if (within === "model") return `model Example {\n${model.join("\n")}\n${lines}\n}\n`;
  const missing = (members: readonly string[], given: string) =>
    members.filter((member) => !new RegExp(`^${member.split(" ")[0]}\\b`, "m").test(given));
  const complete = lines.startsWith("// only this") ? [] : missing(phase, within === "phase" ? lines : "");
  const members = [...complete, ...(within === "phase" ? [lines] : [])];
  const block = [
    "phase go {",
    ...members,
    "}",
    ...missing(train, lines),
    ...(within === "train" ? [lines] : []),
  ];
  return `model Example {\n${trained.join("\n")}\n}\ntrain Example {\n${block.join("\n")}\n}\n`;
}

describe("explanations", () => {
  it("cover every code in the sources, each once", () => {
    const codes = all.map(({ code }) => code);
    expect(codes.length).toBe(new Set(codes).size);
    expect([...codesInSource()].filter((code) => !codes.includes(code))).toEqual([]);
  });

  it.each(all.flatMap(({ code, example }) => (example === null ? [] : [[code, example] as const])))(
    "%s: the examples",
    (code, example) => {
      const wrong = check(whole(example.within, example.wrong)).problems;
      const right = check(whole(example.within, example.right)).problems;
      expect(wrong.map((problem) => problem.code)).toContain(code);
      expect(right.filter((problem) => problem.severity === "error" || problem.code === code)).toEqual([]);
    },
  );

  it("are printed in docs/errors.md (UPDATE_GOLDEN=1 rewrites it)", () => {
    const path = join(root, "docs/errors.md");
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(path, errorPage());
    expect(readFileSync(path, "utf8")).toBe(errorPage());
  });
});
