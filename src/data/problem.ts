/**
 * Problems in data files. Readers collect them here, so that one run names every independent fault; a fault that
 * repeats (a bad column in ten thousand rows) is shown a few times and then counted.
 */
import type { Diagnostic, FilePlace } from "../diagnostics/diagnostic.ts";
import { UserError } from "../diagnostics/problems.ts";
import { suggest } from "../diagnostics/suggest.ts";

/** Stable code words of this folder. */
export type DataCode =
  | "data-unreadable"
  | "data-format"
  | "data-empty"
  | "data-version"
  | "data-missing-column"
  | "data-missing-dataset"
  | "data-shape"
  | "data-value"
  | "data-join"
  | "data-split"
  | "data-manifest"
  | "data-tokenizer"
  | "data-exists"
  | "data-unsafe";

const TITLES: Record<DataCode, string> = {
  "data-unreadable": "File cannot be read",
  "data-format": "File is not well formed",
  "data-empty": "Nothing to read",
  "data-version": "Unknown version",
  "data-missing-column": "Column not found",
  "data-missing-dataset": "HDF5 dataset not found",
  "data-shape": "Sizes do not agree",
  "data-value": "Value not accepted",
  "data-join": "Rows do not join",
  "data-split": "Split not usable",
  "data-manifest": "Mistake in the import description",
  "data-tokenizer": "Tokenizer not supported",
  "data-exists": "Folder is already there",
  "data-unsafe": "File holds more than data",
};

/** How many problems of one kind in one data file are shown before the rest is only counted. */
const SHOWN = 5;
/** Descriptions are written by hand: their mistakes differ, and each wants to be read. */
export const SHOWN_IN_DESCRIPTION = 30;

/** One problem in a data file; `within` is listed outermost first. */
function dataProblem(code: DataCode, place: FilePlace, text: string, hint: string | null = null): Diagnostic {
  return {
    code,
    severity: "error",
    title: TITLES[code],
    primary: null,
    related: [],
    place,
    text,
    ...(hint === null ? {} : { hint }),
  };
}

/** A {@link UserError} with a single data problem. */
export function dataError(
  code: DataCode,
  place: FilePlace,
  text: string,
  hint: string | null = null,
): UserError {
  return new UserError([dataProblem(code, place, text, hint)]);
}

/** Collects data problems; at most `shown` of one code in one file are kept as they are. */
export class DataProblems {
  private readonly shown: number;
  private readonly kept: Diagnostic[] = [];
  private readonly counts = new Map<string, { code: DataCode; file: string; count: number }>();

  constructor(shown: number = SHOWN) {
    this.shown = shown;
  }

  add(code: DataCode, place: FilePlace, text: string, hint: string | null = null): void {
    const key = `${code}|${place.file}`;
    const entry = this.counts.get(key) ?? { code, file: place.file, count: 0 };
    entry.count++;
    this.counts.set(key, entry);
    if (entry.count <= this.shown) this.kept.push(dataProblem(code, place, text, hint));
  }

  /** Runs `work`; its data problems are added here and `null` is returned instead of its value. */
  attempt<T>(work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      this.absorb(error);
      return null;
    }
  }

  /** Adds the problems of a {@link UserError}; anything else is thrown on. */
  absorb(error: unknown): void {
    if (!(error instanceof UserError)) throw error;
    this.kept.push(...error.problems);
  }

  get any(): boolean {
    return this.kept.length > 0;
  }

  /** Throws a {@link UserError} with everything collected, if there is anything. */
  throwIfAny(): void {
    if (!this.any) return;
    const rest: Diagnostic[] = [];
    for (const { code, file, count } of this.counts.values()) {
      if (count <= this.shown) continue;
      const more = count - this.shown;
      rest.push(
        dataProblem(
          code,
          { file },
          `${more} more problem${more === 1 ? "" : "s"} of this kind in this file.`,
        ),
      );
    }
    throw new UserError([...this.kept, ...rest]);
  }
}

/** A short list for messages: `a`, `b`, `c` and 4 more. */
export function listNames(names: readonly string[], most = 12): string {
  if (names.length === 0) return "nothing";
  const shown = names.slice(0, most).map((name) => `\`${name}\``);
  const rest = names.length - shown.length;
  return shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** The hint for a misspelt name, or null if no known name is near. */
export function didYouMean(name: string, known: Iterable<string>): string | null {
  const near = suggest(name, known);
  return near === null ? null : `Did you mean \`${near}\`?`;
}
