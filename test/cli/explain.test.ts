/** Every error code that the program can print has a section in docs/errors.md, and every section belongs to a code. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.ts";

/** Everything in the sources that looks like a code: words joined by hyphens in quotation marks, and `code: "…"`. */
function wordsInSources(): { readonly certain: ReadonlySet<string>; readonly possible: ReadonlySet<string> } {
  const certain = new Set<string>();
  const possible = new Set<string>();
  for (const file of readdirSync("src", { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const text = readFileSync(join("src", file), "utf8");
    for (const [, word] of text.matchAll(/\bcode: "([a-z0-9-]+)"/g)) certain.add(word ?? "");
    for (const [, word] of text.matchAll(/"([a-z0-9-]+)"/g)) possible.add(word ?? "");
  }
  return { certain, possible };
}

function explained(): string[] {
  return [...readFileSync("docs/errors.md", "utf8").matchAll(/^### (.+)$/gm)].map(([, code]) => code ?? "");
}

describe("docs/errors.md", () => {
  it("explains every code, once", () => {
    const sections = explained();
    expect(new Set(sections).size).toBe(sections.length);
    const { certain } = wordsInSources();
    expect([...certain].filter((code) => !sections.includes(code)).sort()).toEqual([]);
  });

  it("explains nothing that does not exist", () => {
    const { possible } = wordsInSources();
    expect(explained().filter((code) => !possible.has(code))).toEqual([]);
  });
});

describe("mird explain", () => {
  it("prints one section", async () => {
    const { code, out } = await runCli("explain", "unbound-size");
    expect(code).toBe(0);
    expect(out).toBe(
      "unbound-size\n\nA size comes from a dataset, and there is none here. Pass `--data DIR` or `--set NAME=…`, or give it a default.\n",
    );
  });

  it("does not run into the next chapter", async () => {
    const { out } = await runCli("explain", "wrong-override");
    expect(out).toBe("wrong-override\n\nThe value is of another kind than the setting.\n");
  });

  it("suggests a code", async () => {
    const { code, err } = await runCli("explain", "unbound-sise");
    expect(code).toBe(1);
    expect(err).toBe("There is no error code `unbound-sise`. Did you mean `unbound-size`?\n");
  });
});
