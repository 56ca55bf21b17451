/** The one way in which the checker reports: a problem at a span; the value concerned becomes unknown. */
import type { Diagnostic, Label } from "../diagnostics/diagnostic.ts";
import type { Problems } from "../diagnostics/problems.ts";
import type { Span } from "../diagnostics/source.ts";
import { type UnknownType, unknownType } from "./values.ts";

export interface Words {
  readonly code: string;
  readonly title: string;
  /** Under the primary span. */
  readonly label: string;
  readonly text: string;
  readonly related?: readonly Label[];
  readonly hint?: string | undefined;
}

/** Adds an error at `span`; gives the unknown type, so that `return report(…)` ends an inference. */
export function report(problems: Problems, span: Span, words: Words): UnknownType {
  problems.add(diagnostic("error", span, words));
  return unknownType;
}

export function warn(problems: Problems, span: Span, words: Words): void {
  problems.add(diagnostic("warning", span, words));
}

function diagnostic(severity: Diagnostic["severity"], span: Span, words: Words): Diagnostic {
  const { code, title, label, text, related = [], hint } = words;
  const base = { code, severity, title, primary: { span, text: label }, related, text };
  return hint === undefined ? base : { ...base, hint };
}

/** The source text of a span on one line, for hints that can be copied; null when it is too long for that. */
export function shortText(span: Span): string | null {
  const text = span.source.text.slice(span.start, span.end).replace(/\s+/g, " ");
  return text.length > 0 && text.length <= 48 ? text : null;
}
