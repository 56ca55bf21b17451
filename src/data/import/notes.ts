/** The record of what an import changed or noticed, counted by field and split. */
import type { CleaningNote } from "../schema.ts";

export class Notes {
  private readonly counts = new Map<
    string,
    { field: string | null; split: string | null; what: string; count: number }
  >();

  add(field: string | null, split: string | null, what: string, count = 1): void {
    if (count === 0) return;
    const key = JSON.stringify([field, split, what]);
    const entry = this.counts.get(key) ?? { field, split, what, count: 0 };
    entry.count += count;
    this.counts.set(key, entry);
  }

  get all(): CleaningNote[] {
    return [...this.counts.values()];
  }
}
