/** Groups as kernels. */
import { at, invariant } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { isPlainView } from "../ir/graph-walk.ts";
import type { ContractionKernel, Expression, ExpressionId, Kernel, LoopKernel, Store } from "../ir/kernel.ts";
import { canonicalKernel } from "../ir/kernel-collapse.ts";
import type { ExpressionKernel } from "../ir/kernel-walk.ts";
import { expressionOperands, usedOperands } from "../ir/kernel-walk.ts";
import { Evaluation } from "./evaluate.ts";
import type { Candidate, Group } from "./group.ts";
import type { Affine, Coordinates } from "./index-map.ts";
import { addIndices, atomIndex, IndexSpace, scaleIndex, ZERO } from "./index-map.ts";
import { KernelBuilder } from "./kernel-build.ts";
import type { Location } from "./scheduled.ts";
import type { Storage } from "./storage.ts";
import type { Unit } from "./units.ts";
import { contractionAtoms } from "./units.ts";
import { throughView } from "./views.ts";

export interface LoweredKernel {
  readonly kernel: Kernel;
  readonly locations: readonly Location[];
}

/** The kernel that computes a loop or contraction group. */
export function lowerGroup(group: Group, name: string, storage: Storage): LoweredKernel {
  const lowering =
    group.kind === "contraction"
      ? contractionLowering(group, name, storage)
      : loopLowering(group, name, storage);
  // A split axis makes indices from before the split useless: then everything is lowered again over the finer axes.
  for (;;) {
    const before = lowering.space.splits;
    const lowered = lowering.run();
    if (lowering.space.splits === before) return finish(lowered.kernel, lowered.builder);
  }
}

/** What is to be lowered, over the axes of `space`. */
interface Work {
  readonly group: Group;
  readonly name: string;
  readonly storage: Storage;
  readonly space: IndexSpace;
}

interface Lowering {
  readonly space: IndexSpace;
  readonly run: () => { readonly kernel: ExpressionKernel; readonly builder: KernelBuilder };
}

function finish(kernel: ExpressionKernel, builder: KernelBuilder): LoweredKernel {
  const { operands, locations, moved } = builder.finishOperands(usedOperands(kernel));
  const canonical = canonicalKernel(kernel, (operand) => at(moved, operand));
  return { kernel: { ...canonical, operands }, locations };
}

/** The parts that loops and contractions have in common: members, their coordinates and their stores. */
class MemberWriter {
  readonly evaluation: Evaluation;
  readonly #group: Group;
  readonly #storage: Storage;
  readonly #space: IndexSpace;
  readonly #builder: KernelBuilder;
  readonly #point: Affine;
  readonly #row: Affine;
  readonly #values = new Map<Node, ExpressionId>();
  readonly #inside: ReadonlySet<Unit>;
  readonly #segment: number;

  constructor(
    group: Group,
    storage: Storage,
    space: IndexSpace,
    builder: KernelBuilder,
    point: Affine,
    row: Affine,
  ) {
    this.#group = group;
    this.#storage = storage;
    this.#space = space;
    this.#builder = builder;
    this.#point = point;
    this.#row = row;
    this.#inside = new Set(group.members.map((member) => member.unit));
    this.#segment = at(group.members, 0).unit.segment;
    this.evaluation = new Evaluation(space, builder, {
      atHand: (node) => this.#values.get(node),
      stored: (node) => {
        const unit = storage.unitOf(node);
        return unit === undefined || this.#inside.has(unit)
          ? undefined
          : storage.placeOf(unit, this.#segment);
      },
    });
  }

  /** Makes a value known that needs no loads: a reduction's or a contraction's. */
  define(node: Node, value: ExpressionId): void {
    this.#values.set(node, value);
  }

  /** The operand of a reduction at the current point. */
  reduced(unit: Unit): ExpressionId {
    const operand = at<Node>(unit.node.inputs, 0);
    return this.evaluation.reference(operand, this.#space.delinearise(this.#point, operand.shape), null);
  }

  isRow(unit: Unit): boolean {
    return unit.kind === "reduction" || this.#group.rows.has(unit);
  }

  /** The stores of a member; none when all that read it are in the group. */
  stores({ unit, mustStore, readers }: Candidate): readonly Store[] {
    if (!mustStore && readers.every((reader) => this.#inside.has(reader))) return [];
    const linear = this.#linear(unit);
    const coordinates = this.#space.delinearise(linear, unit.node.shape);
    const value = this.#value(unit, coordinates);
    return this.#storage.storedTo(unit).map((place) => ({
      operand: this.#builder.operand(place),
      index: this.#builder.index(linear),
      value,
    }));
  }

  #value(unit: Unit, coordinates: Coordinates): ExpressionId {
    const known = this.#values.get(unit.node);
    if (known !== undefined) return known;
    if (unit.isCopy) return this.evaluation.reference(unit.node, coordinates, null);
    return this.evaluation.definition(unit.node, coordinates, null);
  }

  /** Position of the element of a unit that the current point computes. */
  #linear(unit: Unit): Affine {
    if (this.isRow(unit)) return this.#row;
    const transform = this.#group.transforms.get(unit);
    if (transform === undefined) return this.#point;
    const digits = [...transform.digits].reverse();
    const parts = this.#space.delinearise(
      this.#point,
      digits.map((digit) => digit.extent),
    );
    return digits.reduce(
      (sum, { to }, position) => addIndices(sum, scaleIndex(at(parts, position), to)),
      ZERO,
    );
  }
}

function loopLowering(group: Group, name: string, storage: Storage): Lowering {
  const space = new IndexSpace();
  const axes = group.domain?.axes ?? [{ extent: group.points, reduced: false }];
  const solid = axes.filter((axis) => axis.extent > 1);
  const atoms = new Map(solid.filter((axis) => !axis.reduced).map((axis) => [axis, space.axis(axis.extent)]));
  const kept = [...atoms.values()];
  for (const axis of solid) if (axis.reduced) atoms.set(axis, space.axis(axis.extent));
  let [point, row, points, rows] = [ZERO, ZERO, 1, 1];
  for (const axis of [...solid].reverse()) {
    const index = atomIndex(atoms.get(axis) ?? 0);
    point = addIndices(point, scaleIndex(index, points));
    points *= axis.extent;
    if (axis.reduced) continue;
    row = addIndices(row, scaleIndex(index, rows));
    rows *= axis.extent;
  }
  return { space, run: () => writeLoop({ group, name, storage, space }, { point, row, kept }) };
}

interface LoopIndices {
  readonly point: Affine;
  readonly row: Affine;
  /** Parallel axes before splitting. */
  readonly kept: readonly number[];
}

function writeLoop({ group, name, storage, space }: Work, { point, row, kept }: LoopIndices) {
  const builder = new KernelBuilder(space);
  const writer = new MemberWriter(group, storage, space, builder, point, row);
  const reducePhases = writeReductions(group, writer, builder);
  const pointStores = group.members.flatMap((member) =>
    writer.isRow(member.unit) ? [] : writer.stores(member),
  );
  const rowStores = group.members.flatMap((member) =>
    writer.isRow(member.unit) ? writer.stores(member) : [],
  );
  const phases: LoopKernel["phases"][number][] = [...reducePhases];
  if (pointStores.length > 0)
    phases.push({ kind: group.domain === null ? "row" : "points", stores: pointStores });
  if (rowStores.length > 0) phases.push({ kind: "row", stores: rowStores });
  const parallel = new Set(kept.flatMap((axis) => space.parts(axis)));
  const axis = (atom: number) => ({ name: `axis${atom}`, extent: space.extent(atom) });
  const kernel: LoopKernel = {
    kind: "loop",
    name,
    operands: [],
    parallel: space
      .axes()
      .filter((atom) => parallel.has(atom))
      .map(axis),
    reduce: space
      .axes()
      .filter((atom) => !parallel.has(atom))
      .map(axis),
    expressions: builder.expressions,
    phases,
  };
  return { kernel, builder };
}

type ReducePhase = Extract<LoopKernel["phases"][number], { kind: "reduce" }>;

/** Reductions in as few phases as their needs of each other allow. */
function writeReductions(group: Group, writer: MemberWriter, builder: KernelBuilder): readonly ReducePhase[] {
  const phases: { kind: "reduce"; reductions: { reducer: "sum" | "max"; value: ExpressionId }[] }[] = [];
  const levels: number[] = [];
  for (const { unit } of group.members) {
    const { node } = unit;
    if (unit.kind !== "reduction" || (node.op !== "sum" && node.op !== "max")) continue;
    const value = writer.reduced(unit);
    for (let id = levels.length; id < builder.expressions.length; id++)
      levels.push(reductionLevel(at(builder.expressions, id), levels));
    const phase = at(levels, value);
    if (phase === phases.length) phases.push({ kind: "reduce", reductions: [] });
    const { reductions } = at(phases, phase);
    writer.define(
      node,
      builder.expression({ op: "reduction", dtype: node.dtype, phase, position: reductions.length }),
    );
    reductions.push({ reducer: node.op, value });
  }
  return phases;
}

/** The first phase in which an expression can be computed. */
function reductionLevel(expression: Expression, levels: readonly number[]): number {
  if (expression.op === "reduction") return expression.phase + 1;
  return Math.max(0, ...expressionOperands(expression).map((id) => at(levels, id)));
}

function contractionLowering(group: Group, name: string, storage: Storage): Lowering {
  const space = new IndexSpace();
  const member = group.members.find(({ unit }) => unit.kind === "contraction");
  invariant(member !== undefined, "a contraction group without a contraction");
  const { node } = member.unit;
  const atoms = contractionAtoms(space, node);
  return { space, run: () => writeContraction({ group, name, storage, space }, node, atoms) };
}

function writeContraction(
  { group, name, storage, space }: Work,
  node: Node,
  { batch, row, column, inner }: ReturnType<typeof contractionAtoms>,
) {
  const builder = new KernelBuilder(space);
  const side = (operand: Node, coordinates: Coordinates) => {
    let [current, place] = [operand, coordinates];
    while (storage.unitOf(current) === undefined && isPlainView(current)) {
      place = throughView(space, current, place);
      current = at<Node>(current.inputs, 0);
    }
    const source = storage.unitOf(current) ?? (current.op === "input" ? current : undefined);
    invariant(source !== undefined, `an operand of matmul (node ${node.id}) is not stored`);
    const index = builder.index(space.linearise(place, current.shape));
    invariant(index.dynamic.length === 0, `an operand of matmul (node ${node.id}) is not a strided view`);
    return {
      operand: builder.operand(storage.placeOf(source, at(group.members, 0).unit.segment)),
      index,
    };
  };
  const left = side(at(node.inputs, 0), [...batch, row, inner]);
  const right = side(at(node.inputs, 1), [...batch, inner, column]);
  const point = space.linearise([...batch, row, column], node.shape);
  const writer = new MemberWriter(group, storage, space, builder, point, ZERO);
  writer.define(node, builder.expression({ op: "accumulator", dtype: "f32" }));
  const stores = group.members.flatMap((member) => writer.stores(member));
  const axis = (atom: number) => ({ name: `axis${atom}`, extent: space.extent(atom) });
  const axes = space.axes().map(axis);
  const kernel: ContractionKernel = {
    kind: "contraction",
    name,
    operands: [],
    batch: axes.slice(0, -3),
    row: at(axes, -3),
    column: at(axes, -2),
    inner: at(axes, -1),
    left,
    right,
    expressions: builder.expressions,
    stores,
  };
  return { kernel, builder };
}

/** The kernel of a group with a single library primitive. */
export function lowerLibrary(group: Group, storage: Storage): LoweredKernel {
  const { unit } = at(group.members, 0);
  const builder = new KernelBuilder(new IndexSpace());
  for (const { source } of storage.reads(unit).accesses)
    builder.operand(storage.placeOf(source, unit.segment));
  builder.operand(at(storage.storedTo(unit), 0));
  const { node } = unit;
  const count = node.inputs.length;
  const { operands, locations } = builder.finishOperands({
    read: new Set(node.inputs.keys()),
    written: new Set([count]),
  });
  invariant(
    operands.length === count + 1,
    `${node.op} (node ${node.id}) reads one value twice or beside its result`,
  );
  const shape = (index: number) => at<Node>(node.inputs, index).shape;
  const recurrent = { batch: at(node.shape, 0), time: node.shape[1] ?? 1, hidden: 0 };
  const common = { kind: "library" as const, name: node.op, operands, reverse: false };
  switch (node.op) {
    case "lstm":
    case "gru":
    case "lstm_backward":
    case "gru_backward": {
      const sizes = { ...recurrent, hidden: at(shape(1), 1) };
      return { kernel: { ...common, routine: node.op, sizes, reverse: node.attributes.reverse }, locations };
    }
    case "sparsemax":
    case "argsort": {
      const columns = at(node.shape, -1);
      return {
        kernel: { ...common, routine: node.op, sizes: { rows: elementCount(node.shape) / columns, columns } },
        locations,
      };
    }
    case "cholesky":
    case "triangular_inverse": {
      const order = at(node.shape, -1);
      const matrices = elementCount(node.shape) / (order * order);
      return { kernel: { ...common, routine: node.op, sizes: { matrices, order } }, locations };
    }
    case "occurrences":
      return {
        kernel: {
          ...common,
          routine: node.op,
          sizes: { rows: node.attributes.rows, positions: elementCount(shape(0)) },
        },
        locations,
      };
    case "scatter_add": {
      const positionCount = at(shape(1), 0);
      const sizes = {
        rows: node.attributes.rows,
        positions: positionCount,
        width: elementCount(shape(1)) / positionCount,
      };
      return { kernel: { ...common, routine: node.op, sizes }, locations };
    }
    default:
      invariant(false, `${node.op} is no library primitive`);
  }
}
