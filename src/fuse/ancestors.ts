/** Which groups a group needs, directly or not: one bit per pair, kept up to date while groups merge. */
import { at } from "../base/invariant.ts";

export class Ancestors {
  readonly #words: number;
  readonly #sets: Uint32Array[] = [];
  /** For a group that was merged into another, that one. */
  readonly #merged: number[] = [];

  constructor(count: number) {
    this.#words = Math.ceil(count / 32);
  }

  /** Adds group `id` (the next number) that needs `needed`. */
  add(id: number, needed: readonly number[]): void {
    const set = new Uint32Array(this.#words);
    for (const other of needed) {
      const root = this.#root(other);
      unite(set, at(this.#sets, root));
      insert(set, root);
    }
    this.#sets[id] = set;
    this.#merged[id] = id;
  }

  /** Whether `group` needs `other`. */
  has(group: number, other: number): boolean {
    return contains(at(this.#sets, this.#root(group)), this.#root(other));
  }

  /** Makes one group of two; the smaller number stands for both. */
  merge(a: number, b: number): void {
    const [kept, gone] = [Math.min(this.#root(a), this.#root(b)), Math.max(this.#root(a), this.#root(b))];
    const union = at(this.#sets, kept);
    unite(union, at(this.#sets, gone));
    remove(union, kept);
    remove(union, gone);
    this.#merged[gone] = kept;
    for (const [id, set] of this.#sets.entries()) {
      if (id === kept || at(this.#merged, id) !== id) continue;
      if (!contains(set, kept) && !contains(set, gone)) continue;
      unite(set, union);
      insert(set, kept);
      remove(set, gone);
    }
  }

  #root(id: number): number {
    let root = id;
    while (at(this.#merged, root) !== root) root = at(this.#merged, root);
    return root;
  }
}

function unite(set: Uint32Array, other: Uint32Array): void {
  for (let word = 0; word < set.length; word++) set[word] = (set[word] as number) | (other[word] as number);
}

function contains(set: Uint32Array, id: number): boolean {
  return (((set[id >>> 5] as number) >>> (id & 31)) & 1) === 1;
}

function insert(set: Uint32Array, id: number): void {
  set[id >>> 5] = (set[id >>> 5] as number) | (1 << (id & 31));
}

function remove(set: Uint32Array, id: number): void {
  set[id >>> 5] = (set[id >>> 5] as number) & ~(1 << (id & 31));
}
