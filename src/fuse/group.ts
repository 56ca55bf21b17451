/**
 * Groups of units that share a kernel. Every unit starts alone; groups are then merged along the flow of values in topological order, and
 * afterwards beside each other, as long as one loop can run them all: same points, at most one set of reduced axes, values handed on only at
 * the point (or row) where they were made, no way out of the group and back in, and not too many operands.
 */
import { at, invariant } from "../base/invariant.ts";
import { elementCount } from "../ir/graph.ts";
import type { Source, UnitReads } from "./accesses.ts";
import { domainShape } from "./accesses.ts";
import { Ancestors } from "./ancestors.ts";
import type { AccessMap } from "./digits.ts";
import { inverseMap, isIdentity } from "./digits.ts";
import type { Domain } from "./domain.ts";
import { reductionDomain } from "./domain.ts";
import type { FusionTarget } from "./target.ts";
import type { Unit } from "./units.ts";

/** A unit in the order of its segment, with what it reads and what must come before it. */
export interface Candidate {
  readonly unit: Unit;
  readonly reads: UnitReads;
  /** Units of the same segment whose value it reads. */
  readonly producers: readonly Unit[];
  /** Units that must run before (they read what this one overwrites); `together`: may share its kernel. */
  readonly before: readonly { readonly unit: Unit; readonly together: boolean }[];
  /** Names of the buffers that its value is stored to when it is stored. */
  readonly storedTo: readonly string[];
  /** Whether it must be stored whoever shares its kernel. */
  readonly mustStore: boolean;
  /** Units of the same segment that read its value. */
  readonly readers: readonly Unit[];
}

export interface Group {
  readonly id: number;
  members: readonly Candidate[];
  /** Elements of the loop. */
  points: number;
  /** Present when the group reduces. */
  domain: Domain | null;
  kind: "loop" | "contraction" | "library";
  /** For members whose elements lie in another order than the loop: how an element of theirs is found from a point. */
  transforms: ReadonlyMap<Unit, AccessMap>;
  /** Members with one element per row of the domain. */
  rows: ReadonlySet<Unit>;
  cost: number;
}

const MOST_MEMBERS = 64;
/** How many earlier groups of the same loop a group is compared with when merging side by side. */
const SIDEWAYS_TRIES = 12;

/** Groups of one segment, in no particular order. */
export function groupUnits(
  candidates: readonly Candidate[],
  target: FusionTarget,
  nameOf: (source: Source) => string,
): readonly Group[] {
  return new Grouping(candidates, target, nameOf).run();
}

class Grouping {
  readonly #candidates: readonly Candidate[];
  readonly #target: FusionTarget;
  readonly #nameOf: (source: Source) => string;
  readonly #groupOf = new Map<Unit, Group>();
  readonly #ancestors: Ancestors;

  constructor(candidates: readonly Candidate[], target: FusionTarget, nameOf: (source: Source) => string) {
    this.#candidates = candidates;
    this.#target = target;
    this.#nameOf = nameOf;
    this.#ancestors = new Ancestors(candidates.length);
  }

  run(): readonly Group[] {
    for (const [id, candidate] of this.#candidates.entries()) {
      const group = singleGroup(id, candidate);
      this.#groupOf.set(candidate.unit, group);
      this.#ancestors.add(
        id,
        predecessors(candidate).map((unit) => this.#group(unit).id),
      );
      this.#mergeUpwards(group, candidate);
    }
    this.#mergeSideways();
    return [...new Set(this.#groupOf.values())];
  }

  #group(unit: Unit): Group {
    const group = this.#groupOf.get(unit);
    invariant(
      group !== undefined,
      () => `${unit.node.op} (node ${unit.node.id}) is needed before it is computed`,
    );
    return group;
  }

  #mergeUpwards(group: Group, candidate: Candidate): void {
    let current = group;
    const producers = [...new Set(predecessors(candidate).map((unit) => this.#group(unit)))];
    const rank = (each: Group) => (each.domain !== null ? 0 : each.kind === "contraction" ? 1 : 2);
    producers.sort((a, b) => rank(a) - rank(b) || b.id - a.id);
    for (const producer of producers) current = this.#tryMerge(producer, current) ?? current;
  }

  #mergeSideways(): void {
    const byLoop = new Map<number, Group[]>();
    for (const group of new Set(this.#groupOf.values())) {
      if (group.kind !== "loop") continue;
      const others = byLoop.get(group.points) ?? [];
      byLoop.set(group.points, others);
      let joined: Group | null = null;
      for (
        let index = others.length - 1;
        index >= Math.max(0, others.length - SIDEWAYS_TRIES) && joined === null;
        index--
      ) {
        joined = this.#tryMerge(at(others, index), group);
        if (joined !== null) others[index] = joined;
      }
      if (joined === null) others.push(group);
    }
  }

  /** The merged group, when one kernel can do the work of both. */
  #tryMerge(a: Group, b: Group): Group | null {
    if (a === b || a.kind === "library" || b.kind === "library") return null;
    if (a.members.length + b.members.length > MOST_MEMBERS || a.cost + b.cost > this.#target.maxKernelCost)
      return null;
    if (!loopsFit(a, b) || this.#losesParallelism(a, b) || this.#leavesAndReturns(a, b)) return null;
    const merged = mergeLoops(a, b);
    const alone =
      b.members.length === 1 && b.domain === null && b.kind === "loop" ? at(b.members, 0).unit : null;
    if (!this.#flowsFit(merged, alone) || this.#operandCount(merged) > this.#target.maxOperands) return null;
    this.#ancestors.merge(a.id, b.id);
    for (const { unit } of merged.members) this.#groupOf.set(unit, merged);
    return merged;
  }

  /** Whether a map over many points would have to share the few rows of a reduction. */
  #losesParallelism(a: Group, b: Group): boolean {
    const [map, rows] = a.domain === null ? [a, b.domain] : [b, a.domain];
    if (rows === null || map.domain !== null || rows.rows >= this.#target.split.rows) return false;
    return map.points === rows.points && rows.points * (a.cost + b.cost + 1) > this.#target.dispatchCost;
  }

  /** Whether a third group needs one of the two and is needed by the other. */
  #leavesAndReturns(a: Group, b: Group): boolean {
    const between = (from: Group, to: Group) =>
      to.members.some((member) =>
        predecessors(member).some((unit) => {
          const group = this.#group(unit);
          return group !== from && group !== to && this.#ancestors.has(group.id, from.id);
        }),
      );
    return between(a, b) || between(b, a);
  }

  /** Whether every value that members hand to each other arrives where it is made. `free` may still choose the order of its elements. */
  #flowsFit(merged: Group, free: Unit | null): boolean {
    const inside = new Set(merged.members.map((member) => member.unit));
    const own = free === null ? undefined : merged.members.find((member) => member.unit === free);
    if (own !== undefined && !merged.rows.has(own.unit)) {
      const order = chosenOrder(merged, own, inside);
      if (order !== null) merged.transforms = new Map([...merged.transforms, [own.unit, order]]);
    }
    return merged.members.every((member) => memberFits(merged, member, inside));
  }

  #operandCount({ members }: Group): number {
    const inside = new Set(members.map((member) => member.unit));
    const names = new Set<string>();
    for (const member of members) {
      for (const { source } of member.reads.accesses) {
        if (!("kind" in source) || !inside.has(source)) names.add(this.#nameOf(source));
      }
      if (member.mustStore || member.readers.some((reader) => !inside.has(reader))) {
        for (const name of member.storedTo) names.add(name);
      }
    }
    return names.size;
  }
}

/** Units that must run before a candidate, or with it. */
export function predecessors(candidate: Candidate): readonly Unit[] {
  if (candidate.before.length === 0) return candidate.producers;
  return [...candidate.producers, ...candidate.before.map((edge) => edge.unit)];
}

function singleGroup(id: number, candidate: Candidate): Group {
  const { unit, reads } = candidate;
  const shape = domainShape(unit);
  const { node } = unit;
  const reduces = unit.kind === "reduction" && (node.op === "sum" || node.op === "max");
  const domain = reduces ? reductionDomain(shape, node.attributes.axes) : null;
  return {
    id,
    members: [candidate],
    points: elementCount(shape),
    domain,
    kind: unit.kind === "contraction" || unit.kind === "library" ? unit.kind : "loop",
    transforms: new Map(),
    rows: new Set(),
    cost: reads.cost,
  };
}

/** Whether one loop can run the members of both, before looking at what they hand to each other. */
function loopsFit(a: Group, b: Group): boolean {
  if (a.kind === "contraction" || b.kind === "contraction") {
    const plain = a.kind === "contraction" ? b : a;
    return plain.kind === "loop" && plain.domain === null && a.points === b.points;
  }
  if (a.domain !== null && b.domain !== null) return a.domain.key === b.domain.key;
  if (a.points === b.points) return true;
  const [map, domain] = a.domain === null ? [a, b.domain] : [b, a.domain];
  return domain !== null && map.points === domain.rows && map.transforms.size === 0;
}

function mergeLoops(a: Group, b: Group): Group {
  const domain = a.domain ?? b.domain;
  const points = domain?.points ?? a.points;
  const rows = new Set([...a.rows, ...b.rows]);
  for (const group of [a, b]) {
    if (group.domain === null && group.points !== points)
      for (const { unit } of group.members) rows.add(unit);
  }
  return {
    id: Math.min(a.id, b.id),
    members: [...a.members, ...b.members].sort((x, y) => x.unit.id - y.unit.id),
    points,
    domain,
    kind: a.kind === "contraction" || b.kind === "contraction" ? "contraction" : "loop",
    transforms: new Map([...a.transforms, ...b.transforms]),
    rows,
    cost: a.cost + b.cost,
  };
}

/** The order of elements in which a unit that permutes a member's elements fits a group; null for the order of the loop. */
function chosenOrder(group: Group, { unit, reads }: Candidate, inside: ReadonlySet<Unit>): AccessMap | null {
  for (const { source, map } of reads.accesses) {
    if (!("kind" in source) || !inside.has(source) || isRow(group, source) || map === null) continue;
    if (isIdentity(map, group.points)) return group.transforms.get(source) ?? null;
    return group.transforms.has(source) ? null : inverseMap(map, elementCount(unit.node.shape));
  }
  return null;
}

function isRow(group: Group, unit: Unit): boolean {
  return unit.kind === "reduction" || group.rows.has(unit);
}

function memberFits(group: Group, { unit, reads, before }: Candidate, inside: ReadonlySet<Unit>): boolean {
  const own = group.transforms.get(unit)?.key;
  for (const edge of before) {
    if (!inside.has(edge.unit)) continue;
    const alike =
      group.transforms.get(edge.unit)?.key === own && group.rows.has(edge.unit) === group.rows.has(unit);
    if (!edge.together || !alike) return false;
  }
  return reads.accesses.every(
    ({ source, map }) =>
      !("kind" in source) || !inside.has(source) || (map !== null && flowFits(group, unit, source, map)),
  );
}

/** Whether `reader` finds the value of `source` at its own point or row. */
function flowFits(group: Group, reader: Unit, source: Unit, map: AccessMap): boolean {
  const own = group.transforms.get(reader);
  if (isRow(group, source)) {
    if (group.rows.has(reader)) return isIdentity(map, group.domain?.rows ?? 0);
    return own === undefined && map.key === group.domain?.rowMap.key;
  }
  if (group.rows.has(reader)) return false;
  const sourceOrder = group.transforms.get(source);
  if (isIdentity(map, group.points)) return own?.key === sourceOrder?.key;
  return sourceOrder === undefined && own !== undefined && own.key === inverseMap(map, group.points)?.key;
}
