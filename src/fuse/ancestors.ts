/** Which groups a group needs, directly or not: one bit per pair, kept up to date while groups merge. */
import { at } from "../base/invariant.ts";

export class Ancestors {
  /** Words of the set of one group; the sets lie one after another. */
  readonly #words: number;
  readonly #bits: Uint32Array;
  /** For a group that was merged into another, that one. */
  readonly #merged: number[] = [];

  constructor(count: number) {
    this.#words = Math.ceil(count / 32);
    this.#bits = new Uint32Array(count * this.#words);
  }

  /** Adds group `id` (the next number) that needs `needed`. */
  add(id: number, needed: readonly number[]): void {
    for (const other of needed) {
      const root = this.#root(other);
      this.#unite(id, root);
      this.#insert(id, root);
    }
    this.#merged[id] = id;
  }

  /** Whether `group` needs `other`. */
  has(group: number, other: number): boolean {
    return this.#contains(this.#root(group), this.#root(other));
  }

  /** Makes one group of two; the smaller number stands for both. */
  merge(a: number, b: number): void {
    const [kept, gone] = [Math.min(this.#root(a), this.#root(b)), Math.max(this.#root(a), this.#root(b))];
    this.#unite(kept, gone);
    this.#remove(kept, kept);
    this.#remove(kept, gone);
    this.#merged[gone] = kept;
    for (let id = 0; id < this.#merged.length; id++) {
      if (id === kept || this.#merged[id] !== id) continue;
      if (!this.#contains(id, gone) && !this.#contains(id, kept)) continue;
      this.#unite(id, kept);
      this.#insert(id, kept);
      this.#remove(id, gone);
    }
  }

  #root(id: number): number {
    let root = id;
    while (at(this.#merged, root) !== root) root = at(this.#merged, root);
    return root;
  }

  /** Adds what `other` needs to what `group` needs. */
  #unite(group: number, other: number): void {
    const bits = this.#bits;
    const [to, from] = [group * this.#words, other * this.#words];
    for (let word = 0; word < this.#words; word++)
      bits[to + word] = (bits[to + word] as number) | (bits[from + word] as number);
  }

  #contains(group: number, id: number): boolean {
    return (((this.#bits[group * this.#words + (id >>> 5)] as number) >>> (id & 31)) & 1) === 1;
  }

  #insert(group: number, id: number): void {
    const word = group * this.#words + (id >>> 5);
    this.#bits[word] = (this.#bits[word] as number) | (1 << (id & 31));
  }

  #remove(group: number, id: number): void {
    const word = group * this.#words + (id >>> 5);
    this.#bits[word] = (this.#bits[word] as number) & ~(1 << (id & 31));
  }
}
