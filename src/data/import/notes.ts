/** The record of what an import changed or noticed, counted by field and split, with the first few places. */
import type { CleaningNote } from "../schema.ts";

/** Places kept per note. */
const SHOWN = 3;

interface Entry {
  readonly field: string | null;
  readonly split: string | null;
  readonly what: string;
  count: number;
  readonly examples: string[];
}

export class Notes {
  private readonly entries = new Map<string, Entry>();

  add(
    field: string | null,
    split: string | null,
    what: string,
    count = 1,
    examples: readonly string[] = [],
  ): void {
    if (count === 0) return;
    const key = `${field}\0${split}\0${what}`;
    const entry = this.entries.get(key) ?? { field, split, what, count: 0, examples: [] };
    entry.count += count;
    for (const example of examples) if (entry.examples.length < SHOWN) entry.examples.push(example);
    this.entries.set(key, entry);
  }

  get all(): CleaningNote[] {
    return [...this.entries.values()].map(({ examples, ...note }) =>
      examples.length === 0 ? note : { ...note, examples },
    );
  }
}
