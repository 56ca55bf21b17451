/** What the parser makes of right texts, how operators bind, and what survives a mistake. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Declaration } from "../../src/syntax/ast.ts";
import { grouped, parse, shape } from "../support/syntax.ts";

const names = (declarations: readonly Declaration[]): string[] =>
  declarations.map((declaration) =>
    declaration.kind === "train" ? `train ${declaration.model.name}` : declaration.name.name,
  );

describe("values", () => {
  it.each([
    ["a + b * c - d", "((a + (b * c)) - d)"],
    ["-x^2", "(- (x ^ 2))"],
    ["2^-3^2", "(2 ^ (- (3 ^ 2)))"],
    ["a^b^c", "(a ^ (b ^ c))"],
    ["-a * -b", "((- a) * (- b))"],
    ["a / b / c", "((a / b) / c)"],
    ["not a == b and c or d", "(((not (a == b)) and c) or d)"],
    ["a < b + 1 and c", "((a < (b + 1)) and c)"],
    ["1..n - 1", "(1 .. (n - 1))"],
    ["if a then b else c + 1", "(if a then b else (c + 1))"],
    ["Linear(64)(x).mean", "Linear(64)(x).mean"],
    ["min(size, max = repeat(2))", "min(size, max = repeat(2))"],
    ["sum(e.bound for e in es)", "sum({e.bound for e in es})"],
    ["[f(a, b,) for a, b in pairs(x, y)]", "{f(a, b) for a, b in pairs(x, y)}"],
    ["[1, 2,]", "[1, 2]"],
    ["(a == b) == c", "((a == b) == c)"],
    ["Orthogonal(\n  1,\n)", "Orthogonal(1)"],
  ])("reads `%s`", (text, expected) => {
    expect(grouped(text)).toBe(expected);
  });

  it.each([
    ["", "syntax-incomplete"],
    ["a b", "syntax-unexpected"],
    ["f(1", "syntax-unclosed"],
    ["a < b < c", "syntax-chained-comparison"],
    [".5", "syntax-bad-number"],
    ["1_000", "syntax-bad-number"],
    ["a $ b", "syntax-unknown-character"],
    ["}", "syntax-unopened"],
  ])("refuses `%s`", (text, code) => {
    expect(grouped(text).split(" ")).toContain(code);
  });
});

describe("declarations", () => {
  it("lets keywords be names where that is not ambiguous", () => {
    const { file, codes } = parse(
      "model M {\n  size = 3\n  min = max(size, group = select)\n  size size = 4\n  loss loss = min(size)\n  input input : f32[batch, label]\n}\ntrain M {\n  report min, max\n  phase model {\n    minimize min(loss)\n    updates all\n  }\n}\n",
    );
    expect(codes).toEqual([]);
    const [model, train] = file.declarations;
    expect(model?.kind === "model" && model.members.map((member) => member.kind)).toEqual([
      "let",
      "let",
      "size",
      "loss",
      "input",
    ]);
    expect(train?.kind === "train" && train.members.map((member) => member.kind)).toEqual([
      "report",
      "phase",
    ]);
  });

  it("attaches doc comments to what stands below", () => {
    const { file } = parse(
      "// not this\n/// Two\n/// lines.\nmodel M {\n  size d = 1 /// not this\n  /// Its input.\n  input x : f32[B]\n}\n",
    );
    const model = file.declarations[0];
    expect(model?.doc).toBe("Two\nlines.");
    expect(model?.kind === "model" && model.members.map((member) => member.doc)).toEqual(["", "Its input."]);
  });

  it("separates members by lines or commas alike", () => {
    const lines = parse(
      "train M {\n  epochs 100\n  patience 10\n  report mae, corr\n  batch 4 labelled + 8 unlabelled\n}\n",
    );
    const commas = parse(
      "train M { epochs 100, patience 10, report mae, corr, batch 4 labelled + 8 unlabelled }\n",
    );
    expect(commas.codes).toEqual([]);
    expect(shape(commas.file)).toEqual(shape(lines.file));
  });

  it("reads selections of parameters", () => {
    const { file, codes } = parse(
      "train M {\n  phase a {\n    updates all except penalty, h.1.weight\n    group est[z_y, z_l].mu, x (lr = 1e-4)\n  }\n}\n",
    );
    expect(codes).toEqual([]);
    const path = (...parts: string[]) => ({ parts: parts.map((name) => ({ name })) });
    const train = file.declarations[0];
    const phase = train?.kind === "train" ? train.members[0] : undefined;
    expect(phase?.kind === "phase" && shape(phase.members)).toMatchObject([
      { selection: { all: true, include: [], except: [path("penalty"), path("h", "1", "weight")] } },
      { selection: { all: false, include: [path("est[z_y,z_l]", "mu"), path("x")], except: [] } },
    ]);
  });

  it("gives every node the text that it was read from", () => {
    const text = "model M {\n  z = (a + b) * f(c)\n}\n";
    const { file } = parse(text);
    const model = file.declarations[0];
    const z = model?.kind === "model" ? model.members[0] : undefined;
    const cut = (span: { start: number; end: number } | undefined) => text.slice(span?.start, span?.end);
    expect(cut(model?.span)).toBe(text.trim());
    expect(cut(z?.span)).toBe("z = (a + b) * f(c)");
    const value = z?.kind === "let" && z.value.kind === "binary" ? z.value : undefined;
    expect([cut(value?.left.span), cut(value?.right.span)]).toEqual(["(a + b)", "f(c)"]);
  });
});

describe("recovery", () => {
  it("keeps everything but the broken statements", () => {
    const { file, codes } = parse(
      "module A() {\n  (x: f32) {\n    y = x +\n    z = (y\n    return x\n  }\n}\nmodul B() {\n}\nmodel C {\n  size = = 2\n  size d = 3\n}\ntrain C {\n  phase p {\n    updates\n    repeat 2\n  }\n  epochs 3 4\n}\n",
    );
    expect(codes).toEqual([
      "syntax-incomplete",
      "syntax-unclosed",
      "syntax-unexpected",
      "syntax-unexpected",
      "syntax-incomplete",
      "syntax-unexpected",
    ]);
    expect(names(file.declarations)).toEqual(["A", "C", "train C"]);
    const [module, model, train] = file.declarations;
    expect(module?.kind === "module" && module.methods[0]?.result.values.length).toBe(1);
    expect(model?.kind === "model" && model.members.map((member) => member.kind)).toEqual(["size"]);
    expect(train?.kind === "train" && train.members.map((member) => member.kind)).toEqual(["phase"]);
  });

  it("finds later declarations behind an unclosed brace", () => {
    const { file, codes } = parse("module A() {\n  (x: f32) {\n    return x\n\nmodel B {\n  size d = 1\n}\n");
    expect(codes).toEqual(["syntax-unclosed", "syntax-unclosed"]);
    expect(names(file.declarations)).toEqual(["A", "B"]);
  });

  it("says one thing about each of many broken lines", () => {
    const lines = Array.from({ length: 20 }, (_, index) => `  x${index} = ${index} +`);
    expect(parse(`model M {\n${lines.join("\n")}\n}\n`).codes).toHaveLength(20);
  });
});

describe("texts that exist", () => {
  const folder = (path: string): string[] =>
    existsSync(path)
      ? readdirSync(path, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".mird"))
      : [];
  const files = folder("specs").map((file) => join("specs", file));

  it.each(files)("reads %s", (file) => {
    expect(parse(readFileSync(file, "utf8"), file).messages).toBe("");
  });
});
