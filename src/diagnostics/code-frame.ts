/** Source lines with marks under the places that a problem names. */
import { at } from "../base/invariant.ts";
import type { Diagnostic, Label } from "./diagnostic.ts";
import { lineAndColumn, type Source } from "./source.ts";
import { harmless, type ShownLine, showLine } from "./text.ts";

/** How the pieces of a message are painted; plain text has painters that change nothing. */
export interface Painters {
  readonly frame: (text: string) => string;
  readonly primary: (text: string) => string;
  readonly related: (text: string) => string;
}

/** Longer lines are cut to what surrounds their first mark. */
const MAX_WIDTH = 120;
const CONTEXT = 40;
/** Characters of a line that are looked at, before and behind its first mark; bounds the work for a line of a megabyte. */
const WINDOW = 500;

/** A mark on one line, in UTF-16 offsets within that line. */
interface Mark {
  readonly line: number;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly primary: boolean;
}

/** The blocks of one problem, a block a file, that of the main place first. */
export function codeFrames(problem: Diagnostic, paint: Painters): string[] {
  const labels = withoutRepeats(problem.primary ? [problem.primary, ...problem.related] : problem.related);
  const bySource = new Map<Source, Label[]>();
  for (const label of labels) {
    const same =
      [...bySource.keys()].find((source) => source.path === label.span.source.path) ?? label.span.source;
    bySource.set(same, [...(bySource.get(same) ?? []), label]);
  }
  const files = [...bySource].map(([source, own]) => {
    const lines = source.text.split("\n").map((line) => line.replace(/\r$/, ""));
    const marks = own.flatMap((label) => marksOf(label, lines, label === problem.primary));
    return { source, first: at(own, 0), lines, marks };
  });
  const last = Math.max(0, ...files.flatMap((file) => file.marks.map((mark) => mark.line)));
  const gutter = String(last).length;
  return files.map(({ source, first, lines, marks }) => {
    const { line, column } = lineAndColumn(source, clamp(first.span.start, 0, source.text.length));
    const head = `${" ".repeat(gutter + 1)}${paint.frame("┌─")} ${harmless(source.path)}:${line}:${column}`;
    return [head, ...frameLines(lines, marks, gutter, paint)].join("\n");
  });
}

/** Two operands may name one origin, which is marked once. */
function withoutRepeats(labels: readonly Label[]): Label[] {
  const key = ({ span, text }: Label) => `${span.source.path}|${span.start}|${span.end}|${text}`;
  const seen = new Set<string>();
  return labels.filter((label) => !seen.has(key(label)) && seen.add(key(label)));
}

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** The marks of a label: one, or two where its text spans lines, the last of which carries the words. */
function marksOf(label: Label, lines: readonly string[], primary: boolean): Mark[] {
  const { source, start, end } = label.span;
  const length = source.text.length;
  const from = lineAndColumn(source, clamp(start, 0, length));
  // The last character decides, so that a span which ends with its line does not reach into the next.
  const to = lineAndColumn(source, clamp(Math.max(start, end - 1), 0, length));
  const text = harmless(label.text).replaceAll("\n", " ");
  if (from.line === to.line) {
    return [{ line: from.line, start: from.column - 1, end: from.column - 1 + (end - start), text, primary }];
  }
  const firstLine = at(lines, from.line - 1);
  const lastLine = at(lines, to.line - 1);
  return [
    { line: from.line, start: from.column - 1, end: firstLine.length, text: "", primary },
    { line: to.line, start: lastLine.length - lastLine.trimStart().length, end: to.column, text, primary },
  ];
}

function frameLines(
  lines: readonly string[],
  marks: readonly Mark[],
  gutter: number,
  paint: Painters,
): string[] {
  const shown = [...new Set(marks.map((mark) => mark.line))].sort((a, b) => a - b);
  const blank = " ".repeat(gutter);
  return shown.flatMap((number, index) => {
    const own = marks
      .filter((mark) => mark.line === number)
      .sort((a, b) => a.start - b.start || a.end - b.end);
    const gap = index > 0 && at(shown, index - 1) < number - 1 ? [`${blank} ${paint.frame("·")}`] : [];
    const { line, marks: near, before } = aroundMarks(lines[number - 1] ?? "", own);
    const view = cut(line, line.cellAt(at(near, 0).start), before);
    const source = `${paint.frame(`${String(number).padStart(gutter)} │`)} ${view.text}`.trimEnd();
    const below = near.map((mark) => `${blank} ${paint.frame("│")} ${underline(mark, line, view, paint)}`);
    return [...gap, source, ...below];
  });
}

/** The part of a line around its first mark, and the marks moved into it. */
function aroundMarks(
  text: string,
  marks: readonly Mark[],
): { line: ShownLine; marks: Mark[]; before: boolean } {
  const skip = Math.max(0, at(marks, 0).start - WINDOW);
  const part = text.slice(skip, skip + 2 * WINDOW);
  const moved = marks.map((mark) => ({
    ...mark,
    start: mark.start - skip,
    end: Math.min(mark.end - skip, part.length),
  }));
  return { line: showLine(part), marks: moved, before: skip > 0 };
}

interface View {
  readonly text: string;
  /** Cells of the line that are shown, from the first to behind the last. */
  readonly from: number;
  readonly to: number;
}

/** The whole line, or the part of a very long one around a cell. */
function cut(line: ShownLine, around: number, isPart: boolean): View {
  const all = (characters: ShownLine["characters"]) => characters.map((character) => character.text).join("");
  if (line.width <= MAX_WIDTH) return { text: all(line.characters), from: 0, to: line.width };
  const from = clamp(around - CONTEXT, 0, line.width - MAX_WIDTH);
  const to = from + MAX_WIDTH;
  const inside = line.characters.filter(({ cell, cells }) => cell >= from && cell + cells <= to);
  const start = at(inside, 0).cell;
  const before = isPart || from > 0 ? "…" : "";
  return { text: `${before}${all(inside)}${to < line.width ? "…" : ""}`, from: start - before.length, to };
}

function underline(mark: Mark, line: ShownLine, view: View, paint: Painters): string {
  const start = clamp(line.cellAt(mark.start), view.from, view.to);
  const end = clamp(line.cellAt(Math.max(mark.start, mark.end)), view.from, view.to);
  const bar = (mark.primary ? "^" : "-").repeat(Math.max(1, end - start));
  const painter = mark.primary ? paint.primary : paint.related;
  return `${" ".repeat(start - view.from)}${painter(mark.text === "" ? bar : `${bar} ${mark.text}`)}`;
}
