/** docs/library.md is what specs/std declares: every declaration with its signatures and doc comment. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Span } from "../../src/diagnostics/source.ts";
import type { Declaration, MethodSignature } from "../../src/syntax/ast.ts";
import { expectPage, root, table } from "../support/docs.ts";
import { parse } from "../support/syntax.ts";

const folder = join(root, "specs/std");
const files = readdirSync(folder).sort();

const HEAD = `# The standard library

Everything here is written in the language itself and lies in \`specs/std\`; import what you use: \`import std.nn (Linear, Mlp)\`. This page is generated from the doc comments there.
`;

interface Entry {
  readonly declaration: Declaration;
  readonly signatures: readonly string[];
}

function entryOf(declaration: Declaration): Entry | null {
  const head = textOf(declaration.span);
  switch (declaration.kind) {
    case "function":
      return { declaration, signatures: [head] };
    case "module":
      return {
        declaration,
        signatures: [head, ...declaration.methods.map(({ signature }) => signatureText(signature))],
      };
    case "weights":
      return { declaration, signatures: [head] };
    case "interface":
      return { declaration, signatures: [head, ...declaration.methods.map(signatureText)] };
    default:
      return null;
  }
}

/** From a declaration to its brace. */
function textOf({ source, start }: Span): string {
  return source.text.slice(start, source.text.indexOf("{", start)).trim();
}

/** A signature without the body that may follow it. */
function signatureText({ span }: MethodSignature): string {
  return span.source.text.slice(span.start, span.end).trim();
}

/** The formatter's layout of what fits into a line. */
function oneLine(signature: string): string {
  return signature.replaceAll(/\s+/g, " ").replaceAll("( ", "(").replaceAll(/,? \)/g, ")");
}

it("lists every declaration of the library, each with a doc comment", () => {
  const sections = files.map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const { file } = parse(text, name);
    const entries = file.declarations.map(entryOf).filter((entry) => entry !== null);
    expect(entries.length).toBe(file.declarations.length);
    const rows = entries.map(({ declaration, signatures }) => {
      expect(declaration.doc, `doc comment in ${name} of ${signatures[0]}`).not.toBe("");
      const code = signatures.map((signature) => `\`${oneLine(signature)}\``).join("<br>");
      return [code, declaration.doc.replaceAll(/\s+/g, " ").trim()];
    });
    const about = /^\/\/ (.*)\n/.exec(text)?.[1];
    expect(about, `${name} begins with a line that says what it holds`).toBeDefined();
    return `\n## std.${name.replace(".mird", "")}\n\n${about}\n\n${table(["declaration", "meaning"], rows)}`;
  });
  expectPage("docs/library.md", `${HEAD}${sections.join("")}`);
});
