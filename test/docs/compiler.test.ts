/** The printed examples of docs/compiler.md are what the compiler prints for docs/tiny.mird. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { emitKernel } from "../../src/codegen/wgsl/emit.ts";
import { dumpChecked, dumpCompiled } from "../../src/driver/dump.ts";
import { loadKernelSource } from "../../src/runtime/kernel-sources.ts";
import { compileSpec, softwareTarget } from "../support/compile-spec.ts";
import { expectSection, root } from "../support/docs.ts";

const PAGE = "docs/compiler.md";
const SPEC = "docs/tiny.mird";

// As on a machine without a GPU: kernels for the CPU, WGSL for a software driver.
const { program, compilation } = compileSpec(SPEC, null, CPU);
const emit = (kernel: Parameters<typeof emitKernel>[0]) =>
  emitKernel(kernel, softwareTarget, loadKernelSource);

const block = (text: string, language = "text"): string =>
  `\n\`\`\`${language}\n${text.trimEnd()}\n\`\`\`\n\n`;

/** The text of one stage of the iteration. */
function stage(name: "graph" | "kernels" | "plan", of = compilation): string {
  const dump = dumpCompiled(name, of, emit).find((file) => file.name.startsWith("iteration."));
  expect(dump, `dump of ${name}`).toBeDefined();
  return dump?.text ?? "";
}

it("shows the spec", () => {
  expectSection(PAGE, "spec", block(readFileSync(join(root, SPEC), "utf8"), "mird"));
});

it("shows the checked model", () => {
  const text = dumpChecked(program)[0]?.text ?? "";
  const model = /^model Tiny \{[\s\S]*?^\}/m.exec(text)?.[0] ?? "";
  expect(model).toContain("code : f32[B, D]");
  expectSection(PAGE, "checked", block(model));
});

it("shows the part of the graph that an affine map becomes", () => {
  const lines = stage("graph").split("\n");
  const own = lines.filter((line) => /^segment|^ {2}store|tiny\.mird:12$/.test(line));
  expect(own.length).toBeGreaterThan(10);
  expectSection(PAGE, "graph", block(own.join("\n")));
});

it("shows a contraction and an update", () => {
  const kernels = stage("kernels").split(/^(?=kernel )/m);
  const product = kernels.find((kernel) => kernel.includes("(contraction)")) ?? "";
  const update = kernels.at(-1) ?? "";
  expect(update).toContain("%0 update");
  expectSection(PAGE, "kernels", block(`${product}\n${update}`));
});

it("shows the plan", () => {
  expectSection(PAGE, "plan", block(stage("plan")));
});

it("shows the code of the update", () => {
  const forDriver = compileSpec(SPEC, null, softwareTarget).compilation;
  const files = dumpCompiled("wgsl", forDriver, emit).filter(({ name }) => name.startsWith("iteration."));
  const text = files.at(-1)?.text ?? "";
  expect(text).toContain("@compute");
  expectSection(PAGE, "wgsl", block(text, "wgsl"));
});

it("shows a step in the graph and in the plan", () => {
  const recurrent = compileSpec("docs/recurrent.mird", null, CPU).compilation;
  const graph = stage("graph", recurrent).split("\n");
  const start = graph.findIndex((line) => line.includes(" = scan "));
  const end = graph.findIndex((line, index) => index > start && !line.startsWith("      "));
  expect(end - start).toBeGreaterThan(5);
  expectSection(PAGE, "scan", block(graph.slice(start, end).join("\n")));
  const plan = stage("plan", recurrent).split("\n");
  const loops = plan.flatMap((line, index) => (line.endsWith(" times") ? [index] : []));
  const shown = loops.flatMap((index) => {
    const after = plan.findIndex((line, place) => place > index && !line.startsWith("    "));
    return plan.slice(index - 1, after);
  });
  expect(loops.length).toBe(2);
  expectSection(PAGE, "loops", block(shown.join("\n")));
});
