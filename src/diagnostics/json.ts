/** Problems for programs: editors, scripts, `--json`. */
import type { Diagnostic, Severity } from "./diagnostic.ts";
import { lineAndColumn, type Span } from "./source.ts";

interface JsonDiagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly title: string;
  readonly message: string;
  /** The spec, the data file or the flag; null where the problem has no place. */
  readonly file: string | null;
  /** 1-based; the end is the place behind the last character. Null outside specs. */
  readonly line: number | null;
  readonly column: number | null;
  readonly endLine: number | null;
  readonly endColumn: number | null;
  /** Where in a data file, outermost first; only there. */
  readonly within?: readonly string[];
  readonly related: readonly { file: string; line: number; column: number; label: string }[];
  readonly hint: string | null;
}

/** One plain object a problem, in the given order. */
export function diagnosticsToJson(problems: readonly Diagnostic[]): JsonDiagnostic[] {
  return problems.map((problem) => ({
    code: problem.code,
    severity: problem.severity,
    title: problem.title,
    message: problem.text,
    ...placeOf(problem),
    related: problem.related.map(({ span, text }) => ({
      file: span.source.path,
      ...lineAndColumn(span.source, span.start),
      label: text,
    })),
    hint: problem.hint ?? null,
  }));
}

type Place = Pick<JsonDiagnostic, "file" | "line" | "column" | "endLine" | "endColumn" | "within">;

function placeOf({ primary, place }: Diagnostic): Place {
  if (primary) return placeOfSpan(primary.span);
  const nowhere = { file: place?.file ?? null, line: null, column: null, endLine: null, endColumn: null };
  return place?.within ? { ...nowhere, within: place.within } : nowhere;
}

function placeOfSpan(span: Span): Place {
  const start = lineAndColumn(span.source, span.start);
  const end = lineAndColumn(span.source, span.end);
  return { file: span.source.path, ...start, endLine: end.line, endColumn: end.column };
}
