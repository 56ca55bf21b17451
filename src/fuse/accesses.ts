/** What each unit reads: the stored values that its expression reaches, and how. */
import { at } from "../base/invariant.ts";
import type { Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { isPlainView } from "../ir/graph-walk.ts";
import { ops } from "../ops/index.ts";
import { expressionCost } from "./cost.ts";
import type { AccessMap } from "./digits.ts";
import { digitsOf, identityMap } from "./digits.ts";
import type { Coordinates } from "./index-map.ts";
import { atomIndex, CoordinateTables, IndexSpace, ZERO } from "./index-map.ts";
import type { Unit } from "./units.ts";
import { throughConcat, throughPad, throughView } from "./views.ts";

/** A value that a kernel reads from a buffer: a unit's result, or an input. */
export type Source = Unit | NodeOf<"input">;

export interface Access {
  readonly source: Source;
  /** Relative to the unit's domain; null when it is not a plain digit map. */
  readonly map: AccessMap | null;
}

export interface UnitReads {
  readonly accesses: readonly Access[];
  /** Nodes that are computed with the unit, itself included. */
  readonly nodes: readonly Node[];
  /** Cost of one element. */
  readonly cost: number;
}

/** The shape that a unit's expression runs over: its own, or for reductions that of the operand. */
export function domainShape(unit: Unit): readonly number[] {
  return unit.kind === "reduction" ? at(unit.node.inputs, 0).shape : unit.node.shape;
}

/** Finds the reads of a unit. `unitOf` knows the nodes that have values of their own. */
export function readsOf(unit: Unit, unitOf: (node: Node) => Unit | undefined): UnitReads {
  const { node } = unit;
  if (unit.isCopy) return copyReads(unit, unitOf);
  const scheduling = ops[node.op].scheduling;
  if (scheduling === "contraction" || scheduling === "library") {
    const sources = node.inputs.map((input) => operandSource(input, unitOf));
    return { accesses: sources.map((source) => ({ source, map: null })), nodes: [node], cost: 0 };
  }
  // Splitting an axis changes how indices are written, so the walk is done again until it splits nothing.
  const space = new IndexSpace();
  const coordinates = domainShape(unit).map((extent) =>
    extent === 1 ? ZERO : atomIndex(space.axis(extent)),
  );
  for (;;) {
    const before = space.splits;
    const walk = new ReadWalk(space, unitOf);
    if (unit.kind === "reduction") {
      walk.nodes.add(node);
      walk.reference(at(node.inputs, 0), coordinates, false);
    } else walk.definition(node, coordinates, false);
    if (space.splits === before)
      return { accesses: walk.accesses(), nodes: [...walk.nodes], cost: walk.cost };
  }
}

/** The stored value behind the operand of a contraction or library kernel. */
export function operandSource(operand: Node, unitOf: (node: Node) => Unit | undefined): Source {
  let current = operand;
  for (;;) {
    const source = unitOf(current) ?? (current.op === "input" ? current : undefined);
    if (source !== undefined) return source;
    current = at(current.inputs, 0);
  }
}

function copyReads(unit: Unit, unitOf: (node: Node) => Unit | undefined): UnitReads {
  const { node } = unit;
  const map = identityMap(elementCount(node.shape));
  const source = unitOf(node) ?? (node.op === "input" ? node : undefined);
  return { accesses: source === undefined ? [] : [{ source, map }], nodes: [], cost: 0 };
}

class ReadWalk {
  readonly nodes = new Set<Node>();
  cost = 0;
  readonly #space: IndexSpace;
  readonly #unitOf: (node: Node) => Unit | undefined;
  /** Nodes that were visited at some coordinates. */
  readonly #seen: CoordinateTables<{ readonly plain: Set<Node>; readonly guarded: Set<Node> }>;
  readonly #found = new Map<string, Access>();

  constructor(space: IndexSpace, unitOf: (node: Node) => Unit | undefined) {
    this.#space = space;
    this.#seen = new CoordinateTables(space, () => ({ plain: new Set(), guarded: new Set() }));
    this.#unitOf = unitOf;
  }

  accesses(): readonly Access[] {
    return [...this.#found.values()];
  }

  /** The value of a node, which may be stored. */
  reference(node: Node, coordinates: Coordinates, guarded: boolean): void {
    const unit = this.#unitOf(node);
    if (unit !== undefined) this.#read(unit, node, coordinates, guarded);
    else this.definition(node, coordinates, guarded);
  }

  /** The expression of a node. */
  definition(node: Node, coordinates: Coordinates, guarded: boolean): void {
    const space = this.#space;
    // Views cost nothing, and looking one up takes longer than looking through it.
    if (isPlainView(node)) {
      this.nodes.add(node);
      this.reference(at<Node>(node.inputs, 0), throughView(space, node, coordinates), guarded);
      return;
    }
    if (!this.#isNew(node, coordinates, guarded)) return;
    this.nodes.add(node);
    this.cost += expressionCost(node);
    if (node.op === "input") this.#read(node, node, coordinates, guarded);
    else if (node.op === "pad") {
      const inner = throughPad(space, node, coordinates);
      this.reference(at(node.inputs, 0), inner.coordinates, guarded || inner.guards.length > 0);
    } else if (node.op === "concat") {
      for (const piece of throughConcat(space, node, coordinates)) {
        this.reference(piece.node, piece.coordinates, guarded || piece.guard !== null);
      }
    } else if (node.op === "take") this.#take(node, coordinates, guarded);
    else if (node.op === "gather") this.#gather(node, coordinates, guarded);
    else if (node.op === "random")
      for (const place of STATE_PLACES) this.reference(at(node.inputs, 0), place, guarded);
    else for (const input of node.inputs) this.reference(input, coordinates, guarded);
  }

  #take(node: NodeOf<"take">, coordinates: Coordinates, guarded: boolean): void {
    const [table, ids] = [at(node.inputs, 0), at(node.inputs, 1)];
    const rank = ids.shape.length;
    this.reference(ids, coordinates.slice(0, rank), guarded);
    const row = atomIndex(this.#space.dynamic(at(table.shape, 0)));
    this.reference(table, [row, ...coordinates.slice(rank)], guarded);
  }

  #gather(node: NodeOf<"gather">, coordinates: Coordinates, guarded: boolean): void {
    const [x, positions] = [at(node.inputs, 0), at(node.inputs, 1)];
    this.reference(positions, coordinates, guarded);
    const place = atomIndex(this.#space.dynamic(at(x.shape, -1)));
    this.reference(x, [...coordinates.slice(0, -1), place], guarded);
  }

  #read(source: Source, node: Node, coordinates: Coordinates, guarded: boolean): void {
    const linear = this.#space.linearise(coordinates, node.shape);
    const map = guarded ? null : digitsOf(this.#space, linear);
    const name = "kind" in source ? `u${source.id}` : `i${source.id}`;
    this.#found.set(`${name} ${map?.key ?? ""}`, { source, map });
  }

  #isNew(node: Node, coordinates: Coordinates, guarded: boolean): boolean {
    const here = this.#seen.of(coordinates);
    const visited = guarded ? here.guarded : here.plain;
    if (visited.has(node)) return false;
    visited.add(node);
    return true;
  }
}

/** Seed and counter in a random state. */
const STATE_PLACES: readonly Coordinates[] = [[ZERO], [{ offset: 1, terms: [] }]];
