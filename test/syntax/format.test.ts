/** The formatter: one layout, nothing lost, nothing changed by a second run. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Problems } from "../../src/diagnostics/problems.ts";
import { formatFile } from "../../src/syntax/format.ts";
import { program } from "../support/programs.ts";
import { format, parse, shape } from "../support/syntax.ts";

/** Layout of a whole file must be stable and keep the tree; returns it. */
function check(text: string): string {
  const formatted = format(text);
  expect(format(formatted)).toBe(formatted);
  expect(shape(parse(formatted).file)).toEqual(shape(parse(text).file));
  return formatted;
}

const inModel = (lines: string): string => `model M {\n${lines}\n}\n`;

describe("layout", () => {
  it.each([
    ["spaces in values", "x=-(a+b)^-2*f (c , k=1)[]", null],
    ["values", "  x=-(a+b) ^ -2*f (c , k=1) . d", "  x = -(a + b)^-2 * f(c, k = 1).d"],
    ["lists and ranges", "  x=[1 .. n,not( a )and b , ]", "  x = [1..n, not (a) and b]"],
    ["types", "  input t:ids [ B,L ~ ]<V", "  input t : ids[B, L~] < V"],
    ["parentheses that nobody needs", "  x = ((a))", "  x = ((a))"],
  ])("settles %s", (_, line, expected) => {
    if (expected === null) expect(formatFile({ path: "m", text: inModel(line) }, new Problems())).toBe(null);
    else expect(check(inModel(line))).toBe(inModel(expected));
  });

  it("breaks long calls into one argument a line", () => {
    const words = [
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
      "cccccccccccccccccccccccccccccccccccccc",
    ];
    expect(check(inModel(`  x = Foo(${words.join(",")})(y)`))).toBe(
      inModel(`  x = Foo(\n${words.map((word) => `    ${word},\n`).join("")}  )(y)`),
    );
  });

  it("breaks long sums behind their loosest operator", () => {
    const term = `${"a".repeat(30)} * ${"b".repeat(20)}`;
    expect(check(inModel(`  x = ${term} + ${term} - ${term}`))).toBe(
      inModel(`  x = ${term} +\n    ${term} -\n    ${term}`),
    );
  });

  it("breaks repetitions before `for` and choices behind `then` and `else`", () => {
    const [a, b] = ["a".repeat(60), "b".repeat(60)];
    expect(check(inModel(`  x = [${a} for a in ${b}]`))).toBe(
      inModel(`  x = [\n    ${a}\n    for a in ${b}\n  ]`),
    );
    expect(check(inModel(`  x = if c then ${a} else ${b}`))).toBe(
      inModel(`  x = if c then\n    ${a} else\n    ${b}`),
    );
  });

  it("gives every member a line, and declarations an empty one between", () => {
    expect(
      check(
        "import a.b (C)\nimport b (D)\ntrain M { epochs 3, phase p { updates all, repeat 2 }, report a, b }\nmodule A{(x:f32){return x}}",
      ),
    ).toBe(
      [
        "import a.b (C)\nimport b (D)\n",
        "train M {\n  epochs 3\n  phase p {\n    updates all\n    repeat 2\n  }\n  report a, b\n}\n",
        "module A {\n  (x: f32) {\n    return x\n  }\n}\n",
      ].join("\n"),
    );
  });

  it("keeps variants in one line where they were and fit", () => {
    expect(check("model A = B with {c=D( ),e=2,}\n")).toBe("model A = B with { c = D(), e = 2 }\n");
    expect(check("model A = B with {\nc=D(),e=2}\n")).toBe("model A = B with {\n  c = D()\n  e = 2\n}\n");
    const long = `${"x".repeat(60)}()`;
    expect(check(`model A = B with { c = ${long}, d = ${long} }\n`)).toBe(
      `model A = B with {\n  c = ${long}\n  d = ${long}\n}\n`,
    );
  });

  it("keeps at most one empty line, and none at the edges of a block", () => {
    expect(check(inModel("\n\n  size a\n\n\n\n  size b\n  size c\n\n"))).toBe(
      inModel("  size a\n\n  size b\n  size c"),
    );
  });

  it("writes plain line ends and nothing for an empty file", () => {
    expect(format("model M {\r\n  size d // width\r\n}\r\n")).toBe("model M {\n  size d // width\n}\n");
    expect(format(" \n\n")).toBe("");
  });

  it("refuses a file with errors", () => {
    const problems = new Problems();
    expect(formatFile({ path: "m.mird", text: "model {" }, problems)).toBe(null);
    expect(problems.hasErrors).toBe(true);
  });
});

describe("comments", () => {
  it("stay where they were", () => {
    const text = [
      "// head",
      "",
      "/// Doc.",
      "model M { // beside the brace",
      "  // own line",
      "  size d = 64 // behind",
      "",
      "  /// Doc of z.",
      "  z = f( // behind the parenthesis",
      "    a, // behind a",
      "    // above b",
      "    b,",
      "    // last",
      "  )",
      "  y = a + // behind an operator",
      "    b",
      "  // at the end",
      "}",
      "",
      "// foot",
      "",
    ].join("\n");
    expect(check(text)).toBe(text);
  });

  it("never break the line that they follow", () => {
    const text = inModel(`  x = f(a, b) // ${"long ".repeat(40).trim()}`);
    expect(check(text)).toBe(text);
  });

  it("move behind a brace or a comma that they stood before", () => {
    expect(check("model M // why\n{\n  size d\n}\n")).toBe("model M { // why\n  size d\n}\n");
    expect(check("model M\n/// no doc of d\n{\n  size d\n}\n")).toBe(
      "model M { // no doc of d\n  size d\n}\n",
    );
    expect(check(inModel("  x = f(a // one\n  , b)"))).toBe(inModel("  x = f(\n    a, // one\n    b,\n  )"));
  });
});

describe("any program", () => {
  it("keeps its tree and its comments, and its layout is final", () => {
    fc.assert(
      fc.property(program, ({ text, comments }) => {
        const formatted = check(text);
        const found = formatted.match(/\/\/ note \d+/g) ?? [];
        expect([...found].sort()).toEqual([...comments].sort());
      }),
      { numRuns: 120 },
    );
  });

  const specs = existsSync("specs") ? readdirSync("specs", { recursive: true, encoding: "utf8" }) : [];
  const files = specs.filter((file) => file.endsWith(".mird")).map((file) => join("specs", file));
  it.each(files)("keeps the meaning of %s", (file) => {
    check(readFileSync(file, "utf8"));
  });
});
