/** Where the values of units lie, and what must run before what within a segment because of it. */
import { at, invariant } from "../base/invariant.ts";
import type { ArenaRange, DType, Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { ARENA_ALIGNMENT } from "../ir/program.ts";
import { ops } from "../ops/index.ts";
import type { Source, UnitReads } from "./accesses.ts";
import { domainShape, readsOf } from "./accesses.ts";
import { isIdentity } from "./digits.ts";
import type { Candidate } from "./group.ts";
import { predecessors } from "./group.ts";
import type { SegmentMap } from "./segments.ts";
import type { Unit, UnitKind } from "./units.ts";

/** A buffer, or a part of one. */
export type Place =
  | { readonly kind: "work"; readonly unit: Unit; readonly elements: number; readonly dtype: DType }
  | {
      readonly kind: "arena";
      readonly arena: string;
      readonly offset: number;
      readonly elements: number;
      readonly dtype: DType;
    };

/** Equal for equal places. */
export function placeName(place: Place): string {
  return place.kind === "work" ? `work ${place.unit.id}` : `${place.arena} ${place.offset} ${place.elements}`;
}

/** What did not work out in an earlier attempt to lay out a graph. */
export interface Concessions {
  /** Outputs that are stored in the work arena first and moved when their segment ends; keys by {@link outputKey}. */
  readonly moved: Set<string>;
  /** Inputs that are copied to the work arena before anything overwrites them. */
  readonly saved: Set<Node>;
}

/** Units of all segments with their storage. */
export class Storage {
  readonly units: readonly Unit[];
  readonly #segments: SegmentMap;
  readonly #byNode = new Map<Node, Unit>();
  readonly #reads = new Map<Unit, UnitReads>();
  readonly #readers = new Map<Unit, Unit[]>();

  constructor(segments: SegmentMap, chosen: ReadonlySet<Node>, concessions: Concessions) {
    this.#segments = segments;
    this.units = this.#makeUnits(chosen, concessions);
    for (const unit of this.units) {
      const reads = readsOf(unit, (node) => this.unitOf(node));
      this.#reads.set(unit, reads);
      for (const source of new Set(reads.accesses.map((access) => access.source))) {
        if (isUnit(source)) append(this.#readers, source, unit);
        else this.#checkReadable(source, unit);
      }
    }
  }

  /** The unit that stores the value of a node. */
  unitOf(node: Node): Unit | undefined {
    return this.#byNode.get(node);
  }

  reads(unit: Unit): UnitReads {
    const reads = this.#reads.get(unit);
    invariant(reads !== undefined, "a unit of another graph");
    return reads;
  }

  /** Units that read a unit's value, each once. */
  readers(unit: Unit): readonly Unit[] {
    return this.#readers.get(unit) ?? [];
  }

  /** Where a value is found from `segment`. */
  placeOf(source: Source, segment: number): Place {
    if (!isUnit(source)) return inputPlace(source);
    const target = source.targets[0];
    if (target === undefined || !this.#readable(source, target, segment)) return workPlace(source);
    return targetPlace(source, target);
  }

  /** Every place that a unit's value goes to when it is stored. */
  storedTo(unit: Unit): readonly Place[] {
    const places: Place[] = unit.targets.map((target) => targetPlace(unit, target));
    const last = Math.max(unit.segment, ...this.readers(unit).map((reader) => reader.segment));
    const target = unit.targets[0];
    if (target === undefined || !this.#readable(unit, target, last)) places.push(workPlace(unit));
    return places;
  }

  /** The units of a segment in an order that respects values and overwriting; null after new `concessions`, which need another attempt. */
  candidates(segment: number, concessions: Concessions): readonly Candidate[] | null {
    const units = this.units.filter((unit) => unit.segment === segment);
    const before = this.#overwriting(units, concessions);
    if (before === null) return null;
    const made = units.map((unit): Candidate => this.#candidate(unit, before.get(unit) ?? []));
    const { sorted, circle } = sortCandidates(made);
    if (circle.length === 0) return sorted;
    const stuck = circle.filter((candidate) => candidate.before.length > 0);
    invariant(stuck.length > 0, `values of segment ${segment} need each other`);
    for (const { unit } of stuck) concede(unit, concessions);
    return null;
  }

  #candidate(unit: Unit, before: Candidate["before"]): Candidate {
    const reads = this.reads(unit);
    const sources = [...new Set(reads.accesses.map((access) => access.source))];
    const readers = this.readers(unit);
    return {
      unit,
      reads,
      producers: sources.filter(isUnit).filter((source) => source.segment === unit.segment),
      before: [...before, ...this.#awaited(unit).map((earlier) => ({ unit: earlier, together: false }))],
      storedTo: this.storedTo(unit).map(placeName),
      // What others only wait for is stored too, since a kernel has to store something.
      mustStore:
        unit.targets.length > 0 ||
        readers.length === 0 ||
        readers.some((reader) => reader.segment !== unit.segment),
      readers: readers.filter((reader) => reader.segment === unit.segment),
    };
  }

  /** Units of the same segment that must have run although a unit does not read them: they stand behind an `after` in its expression. */
  #awaited(unit: Unit): readonly Unit[] {
    if (!this.#segments.hasOrder) return [];
    const awaited = new Set<Unit>();
    const seen = new Set<Node>();
    const visit = (node: Node, isAwaited: boolean): void => {
      const stored = node === unit.node ? undefined : this.unitOf(node);
      if (stored !== undefined && isAwaited && stored.segment === unit.segment) awaited.add(stored);
      if (stored !== undefined || seen.has(node)) return;
      seen.add(node);
      node.inputs.forEach((input, index) => {
        visit(input, isAwaited || (node.op === "after" && index > 0));
      });
    };
    visit(unit.node, false);
    return [...awaited];
  }

  /** For each unit that overwrites an arena range, the units that read it. */
  #overwriting(
    units: readonly Unit[],
    concessions: Concessions,
  ): Map<Unit, Candidate["before"][number][]> | null {
    const reads = units.flatMap((unit) =>
      this.reads(unit).accesses.flatMap(({ source, map }) => {
        if (isUnit(source)) return [];
        const plain = map !== null && isIdentity(map, elementCount(domainShape(unit)));
        return [{ unit, place: inputPlace(source), plain }];
      }),
    );
    const byArena = new Map<string, (typeof reads)[number][]>();
    for (const read of reads) append(byArena, read.place.arena, read);
    const before = new Map<Unit, Candidate["before"][number][]>();
    let fits = true;
    for (const unit of units) {
      for (const target of unit.targets) {
        const place = targetPlace(unit, target);
        for (const read of byArena.get(target.arena) ?? []) {
          if (!overlap(read.place, place)) continue;
          const together = read.plain && placeName(read.place) === placeName(place) && unit.kind === "map";
          if (read.unit !== unit) append(before, unit, { unit: read.unit, together });
          else if (!together) {
            concede(unit, concessions);
            fits = false;
          }
        }
      }
    }
    return fits ? before : null;
  }

  #readable(unit: Unit, target: ArenaRange, segment: number): boolean {
    return segment <= this.#segments.readableUntil(target, elementCount(unit.node.shape), unit.segment);
  }

  #checkReadable(input: NodeOf<"input">, unit: Unit): void {
    invariant(
      unit.segment <= this.#segments.expiry(input),
      `${unit.node.op} (node ${unit.node.id}) reads ${input.attributes.name} version ${input.attributes.version} after it was overwritten`,
    );
  }

  #makeUnits(chosen: ReadonlySet<Node>, { moved, saved }: Concessions): readonly Unit[] {
    const { graph, order } = this.#segments;
    const targets = new Map<Node, ArenaRange[]>();
    const copies: { readonly node: Node; readonly segment: number; readonly target: ArenaRange }[] = [];
    for (const [segment, { outputs }] of graph.segments.entries()) {
      for (const { node, target } of outputs) {
        const isUnitHere = chosen.has(node) && node.op !== "input" && this.#segments.home(node) === segment;
        const own = targets.get(node) ?? [];
        if (isUnitHere && !moved.has(outputKey(segment, target)) && mayStore(node, target, own))
          targets.set(node, [...own, target]);
        else copies.push({ node, segment, target });
      }
    }
    const units: Unit[] = [];
    for (const node of order) {
      if (!chosen.has(node) && !saved.has(node)) continue;
      const unit: Unit = {
        id: units.length,
        node,
        kind: unitKind(node),
        segment: this.#segments.home(node),
        isCopy: false,
        targets: targets.get(node) ?? [],
      };
      this.#byNode.set(node, unit);
      units.push(unit);
    }
    for (const { node, segment, target } of copies) {
      units.push({ id: units.length, node, kind: "map", segment, isCopy: true, targets: [target] });
    }
    return units;
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** Library kernels write one contiguous result. */
function mayStore(node: Node, target: ArenaRange, others: readonly ArenaRange[]): boolean {
  if (ops[node.op].scheduling !== "library") return true;
  return others.length === 0 && (target.offset * 4) % ARENA_ALIGNMENT === 0;
}

function unitKind(node: Node): UnitKind {
  const { scheduling } = ops[node.op];
  if (scheduling === "contraction" || scheduling === "library") return scheduling;
  const reduces =
    scheduling === "reduction" && elementCount(at(node.inputs, 0).shape) > elementCount(node.shape);
  return reduces ? "reduction" : "map";
}

export function isUnit(source: Source): source is Unit {
  return "kind" in source;
}

/** Identifies an output of a segment. */
function outputKey(segment: number, target: ArenaRange): string {
  return `${segment} ${target.arena} ${target.offset}`;
}

function concede(unit: Unit, { moved, saved }: Concessions): void {
  if (unit.isCopy) saved.add(unit.node);
  for (const target of unit.targets) moved.add(outputKey(unit.segment, target));
}

function inputPlace(input: NodeOf<"input">): Extract<Place, { kind: "arena" }> {
  const { arena, offset } = input.attributes;
  return { kind: "arena", arena, offset, elements: elementCount(input.shape), dtype: input.dtype };
}

function targetPlace(unit: Unit, { arena, offset }: ArenaRange): Extract<Place, { kind: "arena" }> {
  return { kind: "arena", arena, offset, elements: elementCount(unit.node.shape), dtype: unit.node.dtype };
}

function workPlace(unit: Unit): Place {
  return { kind: "work", unit, elements: elementCount(unit.node.shape), dtype: unit.node.dtype };
}

function overlap(
  a: { readonly offset: number; readonly elements: number },
  b: { readonly offset: number; readonly elements: number },
): boolean {
  return a.offset < b.offset + b.elements && b.offset < a.offset + a.elements;
}

/** Candidates after everything that they need, otherwise in the given order; or the members of a circle. */
function sortCandidates(candidates: readonly Candidate[]): {
  readonly sorted: readonly Candidate[];
  readonly circle: readonly Candidate[];
} {
  const byUnit = new Map(candidates.map((candidate) => [candidate.unit, candidate]));
  const state = new Map<Candidate, "open" | "done">();
  const sorted: Candidate[] = [];
  for (const root of candidates) {
    const stack: { readonly candidate: Candidate; readonly needed: readonly Unit[]; next: number }[] = [];
    const enter = (candidate: Candidate) => {
      state.set(candidate, "open");
      stack.push({ candidate, needed: predecessors(candidate), next: 0 });
    };
    if (!state.has(root)) enter(root);
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const unit = frame.needed[frame.next++];
      const needed = unit === undefined ? undefined : byUnit.get(unit);
      if (unit === undefined) {
        state.set(frame.candidate, "done");
        sorted.push(frame.candidate);
        stack.pop();
      } else if (needed !== undefined && state.get(needed) === "open") {
        const first = stack.findIndex((open) => open.candidate === needed);
        return { sorted, circle: stack.slice(first).map((open) => open.candidate) };
      } else if (needed !== undefined && !state.has(needed)) enter(needed);
    }
  }
  return { sorted, circle: [] };
}
