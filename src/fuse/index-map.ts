/**
 * Symbolic indices: affine expressions over atoms. An atom is a loop axis or a number that is only known at run time (an id that was read, a
 * quotient, a remainder). Views turn coordinates of their result into coordinates of their operand; as long as these stay affine, a view costs
 * nothing. Where a reshape cuts through an axis, the axis itself is split, and only where that is impossible is a division left.
 */
import { at, invariant } from "../base/invariant.ts";

export interface IndexTerm {
  readonly atom: number;
  readonly stride: number;
}

/** offset + sum(atom * stride); terms ascend by atom, no stride is 0. */
export interface Affine {
  readonly offset: number;
  readonly terms: readonly IndexTerm[];
}

/** One index per axis of a tensor. */
export type Coordinates = readonly Affine[];

/** The quotient or the remainder of `dividend` by `divisor`. */
export interface Division {
  readonly kind: "quotient" | "remainder";
  readonly dividend: Affine;
  readonly divisor: number;
  /** The atom of the other kind. */
  readonly partner: number;
}

interface Atom {
  /** Values are 0..extent-1. */
  readonly extent: number;
  readonly splittable: boolean;
  /** Once split: value = high * extent(low) + low. */
  parts: { readonly high: number; readonly low: number } | null;
  readonly division: Division | null;
}

export const ZERO: Affine = { offset: 0, terms: [] };

export function constantIndex(offset: number): Affine {
  return { offset, terms: [] };
}

export function shiftIndex(index: Affine, by: number): Affine {
  return by === 0 ? index : { offset: index.offset + by, terms: index.terms };
}

/** factor * index. */
export function scaleIndex(index: Affine, factor: number): Affine {
  if (factor === 1) return index;
  return {
    offset: index.offset * factor,
    terms: index.terms.map(({ atom, stride }) => ({ atom, stride: stride * factor })),
  };
}

/** Sum of terms by atom. */
function collect(offset: number, terms: Iterable<IndexTerm>): Affine {
  const strides = new Map<number, number>();
  for (const { atom, stride } of terms) strides.set(atom, (strides.get(atom) ?? 0) + stride);
  const kept = [...strides].filter(([, stride]) => stride !== 0).sort(([a], [b]) => a - b);
  return { offset, terms: kept.map(([atom, stride]) => ({ atom, stride })) };
}

/** a + b. */
export function addIndices(a: Affine, b: Affine): Affine {
  if (b.terms.length === 0) return shiftIndex(a, b.offset);
  if (a.terms.length === 0) return shiftIndex(b, a.offset);
  const terms: IndexTerm[] = [];
  let [i, j] = [0, 0];
  while (i < a.terms.length && j < b.terms.length) {
    const [x, y] = [at(a.terms, i), at(b.terms, j)];
    if (x.atom <= y.atom) i++;
    if (y.atom <= x.atom) j++;
    const stride = x.stride + y.stride;
    if (x.atom !== y.atom) terms.push(x.atom < y.atom ? x : y);
    else if (stride !== 0) terms.push({ atom: x.atom, stride });
  }
  while (i < a.terms.length) terms.push(at(a.terms, i++));
  while (j < b.terms.length) terms.push(at(b.terms, j++));
  return { offset: a.offset + b.offset, terms };
}

/** Text that is equal for equal indices. */
export function indexKey(index: Affine): string {
  let key = String(index.offset);
  for (const { atom, stride } of index.terms) key += `+${atom}*${stride}`;
  return key;
}

/** One table for all coordinates that are equal. Nodes of one shape share the object, so that most tables are found without comparing. */
export class CoordinateTables<Table> {
  readonly #space: IndexSpace;
  readonly #make: () => Table;
  readonly #byObject = new Map<Coordinates, Table>();
  readonly #byKey = new Map<string, Table>();
  #splits = 0;

  constructor(space: IndexSpace, make: () => Table) {
    this.#space = space;
    this.#make = make;
  }

  of(coordinates: Coordinates): Table {
    if (this.#splits !== this.#space.splits) this.#byObject.clear();
    this.#splits = this.#space.splits;
    const known = this.#byObject.get(coordinates);
    if (known !== undefined) return known;
    let key = "";
    for (const index of coordinates) key += `${indexKey(this.#space.expand(index))}|`;
    const table = this.#byKey.get(key) ?? this.#make();
    this.#byKey.set(key, table);
    this.#byObject.set(coordinates, table);
    return table;
  }
}

export class IndexSpace {
  readonly #atoms: Atom[] = [];
  readonly #axes: number[] = [];
  readonly #divisions = new Map<string, readonly [Affine, Affine]>();
  #splits = 0;
  /** The axes as they were when they were last asked for. */
  #current: { splits: number; count: number; axes: readonly number[] } = { splits: 0, count: 0, axes: [] };

  /** Adds a loop axis; axes are numbered in the order of their making, parts of a split axis in its place. */
  axis(extent: number, splittable = true): number {
    this.#axes.push(this.#atoms.length);
    return this.#atom(extent, splittable, null);
  }

  /** Adds a number that the kernel finds at run time. */
  dynamic(extent: number): number {
    return this.#atom(extent, false, null);
  }

  /** How often an axis was split: what was made before the last split may name axes that are no more. */
  get splits(): number {
    return this.#splits;
  }

  extent(atom: number): number {
    return at(this.#atoms, atom).extent;
  }

  division(atom: number): Division | null {
    return at(this.#atoms, atom).division;
  }

  /** The unsplit parts of an axis, outermost first. */
  parts(axis: number): readonly number[] {
    const { parts } = at(this.#atoms, axis);
    return parts === null ? [axis] : [...this.parts(parts.high), ...this.parts(parts.low)];
  }

  /** All axes as they are after splitting, outermost first. */
  axes(): readonly number[] {
    if (this.#current.splits !== this.#splits || this.#current.count !== this.#axes.length) {
      const axes = this.#axes.flatMap((axis) => this.parts(axis));
      this.#current = { splits: this.#splits, count: this.#axes.length, axes };
    }
    return this.#current.axes;
  }

  /** The index in terms of unsplit atoms. */
  expand(index: Affine): Affine {
    if (this.#splits === 0 || index.terms.every(({ atom }) => at(this.#atoms, atom).parts === null))
      return index;
    const terms: IndexTerm[] = [];
    const visit = ({ atom, stride }: IndexTerm) => {
      const { parts } = at(this.#atoms, atom);
      if (parts === null) {
        terms.push({ atom, stride });
        return;
      }
      visit({ atom: parts.high, stride: stride * this.extent(parts.low) });
      visit({ atom: parts.low, stride });
    };
    index.terms.forEach(visit);
    return collect(index.offset, terms);
  }

  /** Smallest and largest value. */
  bounds(index: Affine): readonly [number, number] {
    let [low, high] = [index.offset, index.offset];
    for (const { atom, stride } of index.terms) {
      const reach = stride * (this.extent(atom) - 1);
      if (reach < 0) low += reach;
      else high += reach;
    }
    return [low, high];
  }

  /** Position in row-major order. */
  linearise(coordinates: Coordinates, shape: readonly number[]): Affine {
    let linear = ZERO;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const extent = at(shape, axis);
      if (extent === 1) continue;
      linear = addIndices(linear, scaleIndex(at(coordinates, axis), stride));
      stride *= extent;
    }
    return this.#recombine(this.expand(linear));
  }

  /** Coordinates of a position in row-major order. */
  delinearise(linear: Affine, shape: readonly number[]): Coordinates {
    const coordinates = shape.map(() => ZERO);
    const outermost = shape.findIndex((extent) => extent !== 1);
    let rest = linear;
    for (let axis = shape.length - 1; axis > outermost; axis--) {
      const extent = at(shape, axis);
      if (extent === 1) continue;
      const [quotient, remainder] = this.#divide(rest, extent);
      coordinates[axis] = remainder;
      rest = quotient;
    }
    if (outermost >= 0) coordinates[outermost] = rest;
    return coordinates;
  }

  /** Coordinates in `to` of the element with `coordinates` in `from`; axes that correspond are kept as they are. */
  reshape(coordinates: Coordinates, from: readonly number[], to: readonly number[]): Coordinates {
    const result: Affine[] = [];
    let [i, j] = [0, 0];
    while (i < from.length || j < to.length) {
      const [firstFrom, firstTo] = [i, j];
      let [a, b] = [i < from.length ? at(from, i++) : 1, j < to.length ? at(to, j++) : 1];
      while (a !== b) {
        if (a < b) a *= at(from, i++);
        else b *= at(to, j++);
      }
      const [source, target] = [from.slice(firstFrom, i), to.slice(firstTo, j)];
      const own = coordinates.slice(firstFrom, i);
      if (source.length === 1 && target.length === 1) result.push(at(own, 0));
      else result.push(...this.delinearise(this.linearise(own, source), target));
    }
    return result;
  }

  #atom(extent: number, splittable: boolean, division: Division | null): number {
    this.#atoms.push({ extent, splittable, parts: null, division });
    return this.#atoms.length - 1;
  }

  #split(axis: number, inner: number): void {
    const atom = at(this.#atoms, axis);
    invariant(
      atom.parts === null && atom.extent % inner === 0,
      `axis of ${atom.extent} cannot be split at ${inner}`,
    );
    this.#splits++;
    const high = this.#atom(atom.extent / inner, true, null);
    atom.parts = { high, low: this.#atom(inner, true, null) };
  }

  #divide(dividend: Affine, divisor: number): readonly [Affine, Affine] {
    const index = this.#splitAxes(dividend, divisor);
    const lowOffset = ((index.offset % divisor) + divisor) % divisor;
    const [high, low]: [IndexTerm[], IndexTerm[]] = [[], []];
    for (const term of index.terms)
      if (term.stride % divisor !== 0) low.push(term);
      else high.push({ atom: term.atom, stride: term.stride / divisor });
    const remainder: Affine = { offset: lowOffset, terms: low };
    const [least, greatest] = this.bounds(remainder);
    if (least >= 0 && greatest < divisor)
      return [{ offset: (index.offset - lowOffset) / divisor, terms: high }, remainder];
    return this.#divideAtRunTime(index, divisor);
  }

  /** Splits the axes that a division cuts through. */
  #splitAxes(dividend: Affine, divisor: number): Affine {
    let index = this.expand(dividend);
    for (;;) {
      const cut = index.terms.find(({ atom, stride }) => {
        const { extent, splittable } = at(this.#atoms, atom);
        const inner = divisor / stride;
        return (
          splittable &&
          stride * extent > divisor &&
          inner > 1 &&
          Number.isInteger(inner) &&
          extent % inner === 0
        );
      });
      if (cut === undefined) return index;
      this.#split(cut.atom, divisor / cut.stride);
      index = this.expand(index);
    }
  }

  #divideAtRunTime(dividend: Affine, divisor: number): readonly [Affine, Affine] {
    const key = `${indexKey(dividend)}/${divisor}`;
    const known = this.#divisions.get(key);
    if (known !== undefined) return known;
    const most = Math.max(0, this.bounds(dividend)[1]);
    const first = this.#atoms.length;
    const quotient = this.#atom(Math.floor(most / divisor) + 1, false, {
      kind: "quotient",
      dividend,
      divisor,
      partner: first + 1,
    });
    const remainder = this.#atom(divisor, false, { kind: "remainder", dividend, divisor, partner: first });
    const made = [
      { offset: 0, terms: [{ atom: quotient, stride: 1 }] },
      { offset: 0, terms: [{ atom: remainder, stride: 1 }] },
    ] as const;
    this.#divisions.set(key, made);
    return made;
  }

  /** quotient * divisor + remainder is the dividend again. */
  #recombine(index: Affine): Affine {
    if (this.#divisions.size === 0) return index;
    for (const { atom, stride } of index.terms) {
      const division = this.division(atom);
      if (division?.kind !== "remainder") continue;
      const quotient = index.terms.find((term) => term.atom === division.partner);
      if (quotient?.stride !== stride * division.divisor) continue;
      const others = index.terms.filter((term) => term.atom !== atom && term !== quotient);
      const dividend = scaleIndex(this.expand(division.dividend), stride);
      return this.#recombine(addIndices({ offset: index.offset, terms: others }, dividend));
    }
    return index;
  }
}

/** The index of one atom. */
export function atomIndex(atom: number): Affine {
  return { offset: 0, terms: [{ atom, stride: 1 }] };
}
