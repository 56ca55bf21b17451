/** What ids tell of rows that should not be in two places: the same id, or the same video or speaker. */

/** One finding about the ids of a split. */
export interface IdFinding {
  readonly split: string;
  readonly what: string;
  readonly count: number;
  readonly examples: readonly string[];
}

/** The part of an id that names its video or speaker (`video$_$3`, `video[3]`), or the whole id. */
export function groupOf(id: string): string {
  return id.split("$_$")[0]?.replace(/\[\d+\]$/, "") ?? id;
}

/** Ids that occur twice, and videos or speakers with rows in two splits. */
export function idFindings(
  splits: readonly (readonly [split: string, ids: readonly string[]])[],
): IdFinding[] {
  const found = new Map<string, { split: string; what: string; items: string[] }>();
  const add = (split: string, what: string, item: string) => {
    const key = `${split}\0${what}`;
    const entry = found.get(key) ?? { split, what, items: [] };
    entry.items.push(item);
    found.set(key, entry);
  };
  const firstSplit = new Map<string, string>();
  const splitsOfGroup = new Map<string, Set<string>>();
  for (const [split, ids] of splits) {
    for (const id of ids) {
      const earlier = firstSplit.get(id);
      if (earlier === split) add(split, "rows whose id occurs before", id);
      else if (earlier !== undefined) add(split, `rows whose id is in ${earlier} as well`, id);
      else firstSplit.set(id, split);
      const group = groupOf(id);
      if (group === id) continue;
      const known = splitsOfGroup.get(group) ?? new Set();
      const [other] = known;
      if (other !== undefined && !known.has(split)) add(split, `videos with rows in ${other} as well`, group);
      splitsOfGroup.set(group, known.add(split));
    }
  }
  return [...found.values()].map(({ split, what, items }) => ({
    split,
    what,
    count: items.length,
    examples: items.slice(0, 3),
  }));
}
