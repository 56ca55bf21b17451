/** Whatever is in a file, the parser answers with messages, never with an exception, and in reasonable time. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grouped, parse } from "../support/syntax.ts";

const inModel = (value: string): string => `model M {\n  x = ${value}\n}\n`;

describe("hostile texts", () => {
  it.each(["", "\n\n", "// only\n// comments", "/// only a doc comment", "\ufeff", "\r\n\r\n", " \t "])(
    "reads %j as an empty file",
    (text) => {
      const { file, codes } = parse(text);
      expect([file.imports, file.declarations, codes]).toEqual([[], [], []]);
    },
  );

  it.each<[string, string, string]>([
    ["parentheses", inModel(`${"(".repeat(10_000)}a${")".repeat(10_000)}`), "syntax-too-deep"],
    ["lists", inModel("[".repeat(10_000) + "]".repeat(10_000)), "syntax-too-deep"],
    ["signs", inModel(`${"-".repeat(10_000)}a`), "syntax-too-deep"],
    ["powers", inModel(`${"a^".repeat(10_000)}a`), "syntax-too-deep"],
    ["sums", inModel(`${"a + ".repeat(10_000)}a`), "syntax-too-deep"],
    ["members", inModel(`a${".b".repeat(10_000)}`), "syntax-too-deep"],
    ["choices", inModel(`${"if a then b else ".repeat(10_000)}c`), "syntax-too-deep"],
    ["unclosed parentheses", inModel("(".repeat(10_000)), "syntax-unclosed"],
    ["stray parentheses", ")".repeat(10_000), "syntax-unopened"],
    ["mixed brackets", `${"([".repeat(5000)}${")]".repeat(5000)}`, "syntax-unclosed"],
    ["braces", "{".repeat(10_000), "syntax-too-deep"],
    ["modules in modules", "module A() {\n".repeat(1000), "syntax-unclosed"],
    ["unclosed text", 'import "./x', "syntax-unclosed-text"],
    ["half a declaration", "module", "syntax-incomplete"],
    ["half a signature", "function f(x: f32[B,", "syntax-unclosed"],
  ])("survives %s", (_, text, code) => {
    expect(parse(text).codes).toContain(code);
  });

  it.each([
    ["parentheses", `${"(".repeat(100)}a${")".repeat(100)}`],
    ["signs", `${"-".repeat(900)}a`],
    ["a sum", `${"a + ".repeat(900)}a`],
  ])("still reads deep %s", (_, value) => {
    expect(parse(inModel(value)).codes).toEqual([]);
  });

  it("reads a line of a megabyte", () => {
    const list = parse(inModel(`[${"123456, ".repeat(125_000)}]`));
    expect(list.codes).toEqual([]);
    const name = parse(`model M {\n  ${"x".repeat(1_000_000)}\n}\n`);
    expect(name.codes).toEqual(["syntax-unexpected"]);
    expect(name.messages.length).toBeLessThan(2000);
  });

  it("limits the messages about a file that is no spec", () => {
    const noise = Array.from({ length: 100_000 }, (_, index) =>
      String.fromCharCode((index * 7919) % 65_536),
    ).join("");
    expect(parse(noise).codes.length).toBeLessThanOrEqual(100);
  });

  const pieces = fc.constantFrom(
    ...[
      "model",
      "module",
      "train",
      "M",
      "x",
      "=",
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      "\n",
      "+",
      "-",
      "^",
      "..",
      "<",
    ],
    ...[
      "if",
      "then",
      "else",
      "for",
      "in",
      "not",
      "return",
      "param",
      "size",
      "1",
      ".5",
      '"',
      "//",
      "///",
      "f32",
      "~",
      "phase",
    ],
    ...["->", "implements", "with", "updates", "all", "except", "report", "\t", "é", "\u0000"],
  );

  it("answers any sequence of tokens with a tree or with messages", () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (words) => {
        const text = words.join(" ");
        const { file, problems, messages } = parse(text);
        expect(file.declarations.length + file.imports.length).toBeLessThanOrEqual(words.length);
        for (const problem of problems.all) {
          expect(problem.title.split(" ").length).toBeLessThanOrEqual(6);
          expect(problem.primary?.span.start).toBeLessThanOrEqual(text.length);
        }
        expect(messages === "").toBe(problems.all.length === 0);
        grouped(text);
      }),
      { numRuns: 400 },
    );
  });

  it("answers any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
        expect(parse(text).file.source.text).toBe(text);
      }),
      { numRuns: 300 },
    );
  });
});
