/** README.md shows what the program prints, and every spec of the repository is as it should be. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeSummary } from "../../src/cli/compile-summary.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { synthesize } from "../../src/data/synthetic.ts";
import { renderDiagnostics } from "../../src/diagnostics/render.ts";
import { summarize } from "../../src/driver/summary.ts";
import { check } from "../support/check.ts";
import { compileSpec } from "../support/compile-spec.ts";
import { codeBlocks, expectSection, root } from "../support/docs.ts";
import { inspectSpec } from "../support/specs.ts";
import { format } from "../support/syntax.ts";

const mird = readFileSync(join(root, "specs/mird.mird"), "utf8");
const output = (command: string, text: string): string =>
  `\n\`\`\`text\n$ ${command}\n${text.trimEnd()}\n\`\`\`\n\n`;

describe("README", () => {
  it("quotes specs/mird.mird", () => {
    const excerpt = codeBlocks("README.md").find(({ info }) => info === "mird excerpt");
    const lines = (excerpt?.text ?? "").split("\n").filter((line) => line.trim() !== "");
    expect(lines.length).toBeGreaterThan(15);
    const source = mird.split("\n");
    let from = 0;
    for (const line of lines) {
      const place = source.indexOf(line, from);
      expect(place, `\`${line}\` in specs/mird.mird`).toBeGreaterThanOrEqual(0);
      from = place + 1;
    }
  });

  it("shows how a module that does not fit is refused", () => {
    const { messages } = check({ source: mird, set: ["penalty=Linear"] });
    expectSection("README.md", "swap", output("mird check specs/mird.mird --set penalty=Linear", messages));
  });

  it("shows a mistake", () => {
    const source = mird.replace("LstmDecoder(Da)", "LstmDecoder(Dv)");
    expect(source).not.toBe(mird);
    expectSection("README.md", "mistake", output("mird check model.mird", check(source).messages));
  });

  it("shows the summary of the quickstart", () => {
    const spec = "examples/quickstart/quickstart.mird";
    const { compilation } = compileSpec(spec, synthesize({}, "test"), CPU);
    const text = describeSummary(summarize(compilation.compiled), CPU.name);
    expectSection("README.md", "compile", output(`mird compile ${spec} --data synth`, text));
  });

  it.each(["README.md", ...pages("docs"), ...pages("examples")])("links of %s lead somewhere", (page) => {
    const text = readFileSync(join(root, page), "utf8");
    const targets = [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target = ""]) => target);
    const local = targets.filter((target) => !target.includes("://"));
    expect(local.filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
  });
});

describe("specs of the repository", () => {
  const specs = ["specs", "examples", "docs"].flatMap((folder) => found(folder, ".mird"));

  it("are found", () => {
    expect(specs.length).toBeGreaterThan(8);
  });

  it.each(specs)("%s is in the canonical layout", (path) => {
    const text = readFileSync(join(root, path), "utf8");
    expect(format(text, path)).toBe(text);
  });

  it.each(specs)("%s has no mistakes and no warnings", (path) => {
    expect(renderDiagnostics(inspectSpec(path).problems, { color: false })).toBe("");
  });
});

function pages(folder: string): string[] {
  return found(folder, ".md");
}

function found(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file))
    .sort();
}
