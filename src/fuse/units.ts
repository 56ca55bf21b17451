/**
 * Which nodes get a value of their own (units), and which are computed inside their users. Units may later share a kernel, and then need not be
 * stored either; everything else is an expression that each user evaluates anew.
 */
import { at } from "../base/invariant.ts";
import type { ArenaRange, Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { isPlainView } from "../ir/graph-walk.ts";
import { ARENA_ALIGNMENT } from "../ir/program.ts";
import { ops } from "../ops/index.ts";
import { expressionCost } from "./cost.ts";
import type { Affine, Coordinates } from "./index-map.ts";
import { atomIndex, IndexSpace, ZERO } from "./index-map.ts";
import type { SegmentMap } from "./segments.ts";
import type { FusionTarget } from "./target.ts";
import { throughView } from "./views.ts";

export type UnitKind = "map" | "reduction" | "contraction" | "library";

/** A value that fusion decides about. */
export interface Unit {
  /** Position in an order in which operands come before their users. */
  readonly id: number;
  readonly node: Node;
  readonly kind: UnitKind;
  readonly segment: number;
  /** Only moves the stored value of `node` to `targets`. */
  readonly isCopy: boolean;
  /** Arena ranges that the value must be stored to. */
  readonly targets: readonly ArenaRange[];
}

/** Sizes up to which a value is nothing to think about. */
const SMALL_ELEMENTS = 64;
const CHEAP_COST = 6;
const SMALL_COST = 40;
const HEAVY_COST = 8;

/** What it takes to compute a node inside a user. */
interface Inlined {
  readonly cost: number;
  /** Stored values that are read. */
  readonly leaves: readonly Node[];
  /** Last segment in which all of them can be read. */
  readonly expiry: number;
}

/** Nodes that stay nodes of their own whatever happens, chosen once for a graph. */
export function chooseUnits(segments: SegmentMap, target: FusionTarget): ReadonlySet<Node> {
  return new UnitChoice(segments, target).choose();
}

class UnitChoice {
  readonly #segments: SegmentMap;
  readonly #target: FusionTarget;
  readonly #units: Set<Node>;
  readonly #inlined = new Map<Node, Inlined>();
  readonly #uses = new Map<Node, { count: number; reach: number }>();

  constructor(segments: SegmentMap, target: FusionTarget) {
    this.#segments = segments;
    this.#target = target;
    this.#units = new Set(segments.outlived);
  }

  choose(): ReadonlySet<Node> {
    const { order, graph } = this.#segments;
    for (const { outputs } of graph.segments) {
      for (const { node } of outputs) if (node.op !== "input") this.#units.add(node);
    }
    for (const node of order) this.#requireOperands(node);
    this.#countUses();
    for (const node of order) this.#decide(node);
    return this.#units;
  }

  #requireOperands(node: Node): void {
    const { scheduling } = ops[node.op];
    if (scheduling === "reduction" || scheduling === "contraction" || scheduling === "library")
      this.#units.add(node);
    if (node.op === "matmul") this.#requireMatrices(node);
    else if (node.op === "after") this.#requireValue(at(node.inputs, 1));
    else if (scheduling === "library") for (const input of node.inputs) this.#requireContiguous(input);
  }

  #requireMatrices(node: Node): void {
    const space = new IndexSpace();
    const { batch, row, column, inner } = contractionAtoms(space, node);
    this.#requireAffine(space, at(node.inputs, 0), [...batch, row, inner]);
    this.#requireAffine(space, at(node.inputs, 1), [...batch, inner, column]);
  }

  /** Finds the value that an operand of a contraction reads, as far down as views stay affine, and makes it a unit. */
  #requireAffine(space: IndexSpace, operand: Node, coordinates: Coordinates): void {
    let current = operand;
    let place = coordinates;
    while (isPlainView(current) && !this.#units.has(current)) {
      const next = throughView(space, current, place);
      const input = at<Node>(current.inputs, 0);
      const linear = space.linearise(next, input.shape);
      if (linear.terms.some(({ atom }) => space.division(atom) !== null)) break;
      current = input;
      place = next;
    }
    if (current.op !== "input") this.#units.add(current);
  }

  /** What something waits for is computed as it stands, and not as a part of what reads it later. */
  #requireValue(awaited: Node): void {
    const base = this.#base(awaited);
    if (base.op !== "input") this.#units.add(base);
  }

  /** The operands of library kernels are read from their start, element by element. */
  #requireContiguous(operand: Node): void {
    let current = operand;
    while (current.op === "reshape" && !this.#units.has(current)) current = at(current.inputs, 0);
    const aligned = current.op === "input" && (current.attributes.offset * 4) % ARENA_ALIGNMENT === 0;
    if (!aligned) this.#units.add(current);
  }

  #countUses(): void {
    const { order, graph } = this.#segments;
    for (const { outputs } of graph.segments)
      for (const { node } of outputs) this.#use(node, 1, elementCount(node.shape));
    for (let position = order.length - 1; position >= 0; position--) {
      const node = at(order, position);
      const own = this.#uses.get(node) ?? { count: 0, reach: 0 };
      const transparent = isPlainView(node) && !this.#units.has(node);
      const isReduction = ops[node.op].scheduling === "reduction";
      for (const input of node.inputs) {
        // What only says when to compute is not read.
        if (node.op === "after" && input !== node.inputs[0]) continue;
        if (transparent) this.#use(input, own.count, own.reach);
        else this.#use(input, 1, elementCount(isReduction ? input.shape : node.shape));
      }
    }
  }

  #use(node: Node, count: number, reach: number): void {
    const uses = this.#uses.get(node) ?? { count: 0, reach: 0 };
    uses.count += count;
    uses.reach += reach;
    this.#uses.set(node, uses);
  }

  #decide(node: Node): void {
    if (!this.#units.has(node)) {
      const inlined = this.#combine(node);
      if (this.#deservesUnit(node, inlined)) this.#units.add(node);
      else this.#inlined.set(node, inlined);
    } else this.#combine(node);
  }

  /** What computing `node` in place takes; makes units of operands when too many values would be read. */
  #combine(node: Node): Inlined {
    if (node.op === "input") return { cost: 0, leaves: [node], expiry: this.#segments.expiry(node) };
    const scheduling = ops[node.op].scheduling;
    if (scheduling === "contraction" || scheduling === "library") return { cost: 0, leaves: [], expiry: 0 };
    const most = Math.max(3, this.#target.maxOperands - 2);
    for (;;) {
      const read = node.op === "after" ? node.inputs.slice(0, 1) : node.inputs;
      const parts = read.map((input) => this.#inlinedOf(input));
      const leaves = [...new Set(parts.flatMap((part) => part.leaves))];
      if (leaves.length > most && this.#storeLargest(node.inputs)) continue;
      const cost = parts.reduce((sum, part) => sum + part.cost, expressionCost(node));
      return {
        cost,
        leaves,
        expiry: Math.min(Number.POSITIVE_INFINITY, ...parts.map((part) => part.expiry)),
      };
    }
  }

  #storeLargest(inputs: readonly Node[]): boolean {
    const bases = inputs
      .map((input) => this.#base(input))
      .filter((base) => !this.#units.has(base) && base.op !== "input");
    let largest: Node | null = null;
    let most = 1;
    for (const base of bases) {
      const count = this.#inlinedOf(base).leaves.length;
      if (count > most) [largest, most] = [base, count];
    }
    if (largest !== null) this.#units.add(largest);
    return largest !== null;
  }

  #base(node: Node): Node {
    let current = node;
    while (isPlainView(current) && !this.#units.has(current)) current = at(current.inputs, 0);
    return current;
  }

  #inlinedOf(node: Node): Inlined {
    const base = this.#base(node);
    const known = this.#units.has(base) ? undefined : this.#inlined.get(base);
    return known ?? { cost: 0, leaves: [base], expiry: Number.POSITIVE_INFINITY };
  }

  /** Whether an expression of `elements` elements is all that becomes of a contraction or reduction: then it is stored in its place, for nothing. */
  #finishes(leaf: Node, elements: number): boolean {
    const { scheduling } = ops[leaf.op];
    if (scheduling !== "contraction" && scheduling !== "reduction") return false;
    return this.#uses.get(leaf)?.count === 1 && elementCount(leaf.shape) === elements;
  }

  #deservesUnit(node: Node, { cost, leaves, expiry }: Inlined): boolean {
    const lastUse = this.#segments.lastUse(node);
    const crosses = lastUse > this.#segments.home(node);
    if (crosses && expiry < lastUse && node.op !== "input") return true;
    const { scheduling } = ops[node.op];
    if (scheduling === "leaf" || isPlainView(node)) return false;
    const elements = elementCount(node.shape);
    const { count, reach } = this.#uses.get(node) ?? { count: 1, reach: elements };
    const again = cost * Math.max(0, reach - elements);
    if (count <= 1 && !crosses) return cost >= HEAVY_COST && again > this.#target.dispatchCost;
    if (leaves.some((leaf) => this.#finishes(leaf, elements))) return true;
    const read = leaves.reduce((sum, leaf) => sum + Math.min(elements, elementCount(leaf.shape)), 0);
    const cheap = cost <= CHEAP_COST && read <= 1.5 * elements + SMALL_ELEMENTS;
    const small = cost <= SMALL_COST && leaves.length <= 2 && again <= this.#target.dispatchCost / 10;
    return !cheap && !small;
  }
}

/** Axes of a contraction in the order of the kernel. Only batch axes may be split. */
export function contractionAtoms(
  space: IndexSpace,
  node: Node,
): {
  readonly batch: readonly Affine[];
  readonly row: Affine;
  readonly column: Affine;
  readonly inner: Affine;
} {
  const left = at(node.inputs, 0).shape;
  const batch = node.shape
    .slice(0, -2)
    .map((extent) => (extent === 1 ? ZERO : atomIndex(space.axis(extent))));
  const row = atomIndex(space.axis(at(node.shape, -2), false));
  const column = atomIndex(space.axis(at(node.shape, -1), false));
  const inner = atomIndex(space.axis(at(left, -1), false));
  return { batch, row, column, inner };
}
