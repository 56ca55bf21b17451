/** "Did you mean …?": the known name that is closest to a mistyped one. */
import { at } from "../base/invariant.ts";

/**
 * The candidate that `name` was most likely meant to be, or null. Accepted is the one candidate that differs only in
 * case, else the nearest within a third of the name's length; the first of equally near ones.
 */
export function suggest(name: string, candidates: Iterable<string>): string | null {
  const known = [...new Set(candidates)];
  const sameLetters = known.filter((candidate) => candidate.toLowerCase() === name.toLowerCase());
  if (sameLetters.length === 1) return at(sameLetters, 0);
  let best: string | null = null;
  let bestDistance = Math.floor(name.length / 3) + 1;
  for (const candidate of known) {
    // The lengths alone are a lower bound, and much cheaper than the table.
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/**
 * Damerau–Levenshtein distance in its restricted form: insert, delete, replace, or swap two neighbours, none of them
 * touched twice. Three rows of the table are enough, as a swap looks back two.
 */
function editDistance(a: string, b: string): number {
  let older: number[] = [];
  let old = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(old, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(at(old, column) + 1, at(current, column - 1) + 1, replaced);
      const swaps = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swaps) cost = Math.min(cost, at(older, column - 2) + 1);
      current.push(cost);
    }
    [older, old] = [old, current];
  }
  return at(old, b.length);
}
