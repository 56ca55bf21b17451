/** Source texts and places in them. A {@link Span} is all that later stages carry; lines are computed when printing. */
export interface Source {
  /** Path as the user would type it, for messages. */
  readonly path: string;
  readonly text: string;
}

/** Half-open range of UTF-16 offsets in one source. */
export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** 1-based line and column of an offset. */
export function lineAndColumn(source: Source, offset: number): { line: number; column: number } {
  const before = source.text.slice(0, offset);
  const lastBreak = before.lastIndexOf("\n");
  let line = 1;
  for (let index = 0; index < before.length; index++) if (before.charCodeAt(index) === 10) line++;
  return { line, column: offset - lastBreak };
}

/** `path:line:column` of a span's start. */
export function describePlace(span: Span): string {
  const { line, column } = lineAndColumn(span.source, span.start);
  return `${span.source.path}:${line}:${column}`;
}

/** Characters of a line that stand beside its place. */
const SHOWN = 50;

/** The place of a span and the line that it stands in, cut where it is long: `specs/mird.mird:35  z_y = joint(d)(text, audio, vision)`. */
export function describeLine(span: Span): string {
  const { path, text } = span.source;
  const { line } = lineAndColumn(span.source, span.start);
  const content = (text.split("\n")[line - 1] ?? "").trim();
  return `${path}:${line}  ${content.length > SHOWN ? `${content.slice(0, SHOWN - 1)}…` : content}`;
}

/** The smallest span that covers both; they must lie in one source. */
export function joinSpans(first: Span, last: Span): Span {
  return {
    source: first.source,
    start: Math.min(first.start, last.start),
    end: Math.max(first.end, last.end),
  };
}
