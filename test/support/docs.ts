/** Pages of the repository as tests see them: their code blocks, and sections between marked lines that a test keeps equal to what they describe. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/** The repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const isUpdate = process.env.UPDATE_GOLDEN === "1";

export interface CodeBlock {
  /** What stands behind the opening fence: `mird`, `mird fragment`, `text`. */
  readonly info: string;
  readonly text: string;
}

/** The fenced blocks of a page, in order. */
export function codeBlocks(page: string): CodeBlock[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```([^\n]+)\n([\s\S]*?)^```$/gm)].map(([, info = "", body = ""]) => ({
    info,
    text: body,
  }));
}

/**
 * Compares the lines between `<!-- begin: NAME -->` and `<!-- end: NAME -->` of a page with what they should be. With `UPDATE_GOLDEN=1` they
 * are rewritten instead.
 */
export function expectSection(page: string, name: string, expected: string): void {
  const found = sectionOf(page, name);
  if (!isUpdate) {
    expect(found, `${page}, ${name}; UPDATE_GOLDEN=1 rewrites it`).toBe(expected);
    return;
  }
  const path = join(root, page);
  const text = readFileSync(path, "utf8");
  const start = text.indexOf(`<!-- begin: ${name} -->\n`) + `<!-- begin: ${name} -->\n`.length;
  writeFileSync(path, `${text.slice(0, start)}${expected}${text.slice(start + found.length)}`);
}

const TIME = /\d+\.\d s\b/g;
const NUMBER = /[+-]?\d+\.\d+/g;
/** Numbers, and the shades that stand for them, left out; of several blanks one. */
const words = (text: string) =>
  text
    .replaceAll(NUMBER, "#")
    .replaceAll(/[░▒▓█·]+/g, "")
    .replaceAll(/ +/g, " ");
const numbers = (text: string) => (text.replaceAll(TIME, "").match(NUMBER) ?? []).map(Number);

/**
 * As `expectSection`, for what a training prints: it amplifies how a processor rounds, so numbers may differ a little; words, order and rows
 * may not. Times are those of a quiet machine, so they are neither compared nor rewritten.
 */
export function expectPrinted(page: string, name: string, printed: string): void {
  const shown = sectionOf(page, name);
  const times = shown.match(TIME) ?? [];
  const now = printed.replaceAll(TIME, (time) => times.shift() ?? time);
  if (isUpdate) {
    expectSection(page, name, now);
    return;
  }
  expect(words(now), `${page}, ${name}; UPDATE_GOLDEN=1 rewrites it`).toBe(words(shown));
  for (const [index, value] of numbers(now).entries()) {
    const before = numbers(shown)[index] ?? Number.NaN;
    expect(Math.abs(value - before), `${value} where ${page} has ${before}`).toBeLessThan(
      0.1 + 0.25 * Math.abs(before),
    );
  }
}

/** The lines between the marks of a section of a page. */
export function sectionOf(page: string, name: string): string {
  const text = readFileSync(join(root, page), "utf8");
  const [begin, end] = [`<!-- begin: ${name} -->\n`, `<!-- end: ${name} -->`];
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
  expect(start >= 0 && stop >= 0, `${page} has no marked section ${name}`).toBe(true);
  return text.slice(start + begin.length, stop);
}

/** Compares a whole page, which is generated, or rewrites it with `UPDATE_GOLDEN=1`. */
export function expectPage(page: string, expected: string): void {
  const path = join(root, page);
  if (isUpdate) writeFileSync(path, expected);
  expect(readFileSync(path, "utf8"), `${page}; UPDATE_GOLDEN=1 rewrites it`).toBe(expected);
}

/** A table in Markdown. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("");
}
