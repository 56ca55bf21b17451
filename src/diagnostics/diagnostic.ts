/** Problems as data. Words are chosen where a problem is found; layout (carets, colours, JSON) happens in `render.ts` and `json.ts`. */
import type { Span } from "./source.ts";

export type Severity = "error" | "warning";

/** A place involved in a problem, with the shortest label that says what it contributes. */
export interface Label {
  readonly span: Span;
  readonly text: string;
}

/** A place outside any spec: a data file, a flag, a device. */
export interface FilePlace {
  readonly file: string;
  /** For example `row 12`, `field "audio"`, `byte 512`; outermost first. */
  readonly within?: readonly string[];
}

export interface Diagnostic {
  /** Stable word used by tests, editors and `mird explain`. */
  readonly code: string;
  readonly severity: Severity;
  /** The kind of mistake in at most six words. */
  readonly title: string;
  /** The smallest wrong piece; null for problems outside spec text. */
  readonly primary: Label | null;
  /** Every other place involved, possibly in other files. */
  readonly related: readonly Label[];
  /** Set for problems in data files, flags or devices. */
  readonly place?: FilePlace;
  /** Whole sentences: what is true here. Paragraphs separated by blank lines; lists indented by four. */
  readonly text: string;
  /** At most one thing that can be done as it stands. */
  readonly hint?: string;
}
