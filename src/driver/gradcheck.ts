/**
 * Whether derivatives are right: the gradients of every phase objective, as the compiler derives them, against central differences of the
 * objective, in float64 on invented data. What the language promises is compared, not what a function does: `stop(x)` stays as it is while
 * parameters move, `reverse(x, w)` moves the opposite way.
 */
import { gradient } from "../autodiff/gradient.ts";
import { hash32 } from "../base/hash.ts";
import { at, invariant } from "../base/invariant.ts";
import { RandomStream } from "../base/random.ts";
import type { CheckedModel, CheckedPhase } from "../check/checked.ts";
import type { ValueType } from "../check/values.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import { topologicalOrder } from "../ir/graph-walk.ts";
import type { Tensor } from "../ir/op.ts";
import { ops } from "../ops/index.ts";
import { evaluateNode } from "../runtime/reference/interpret.ts";
import { dataArena } from "../train/data-arenas.ts";
import { initialParameters } from "../train/initialise.ts";
import type { ParameterLayout, PlacedParameter } from "../train/layout.ts";
import { trainBlock } from "./compile.ts";
import { inventData } from "./invented-data.ts";
import type { TrainingSetup } from "./iteration.ts";
import { elaborate, placeParameters } from "./iteration.ts";

export interface GradcheckRequest {
  readonly model: CheckedModel;
  /** Types of inputs and labels, by their nodes. */
  readonly types: ReadonlyMap<object, ValueType>;
  readonly seed: number;
  /** Random directions through all parameters of a phase together. */
  readonly directions: number;
  /** Comparisons for each parameter by itself: first a random direction, then single entries; 0 for none. */
  readonly each: number;
}

/** The worst comparison of one parameter, or of all of a phase together (null). */
export interface GradcheckRow {
  readonly phase: string;
  readonly parameter: string | null;
  readonly elements: number;
  /** Comparisons made. */
  readonly checks: number;
  readonly derivative: number;
  readonly difference: number;
  /** |derivative - difference| over the larger of both, or over 1e-5 of the objective where both are smaller than that. */
  readonly error: number;
}

/** Steps of the differences. Where the first disagrees, a kink may lie within it, so shorter ones are tried. */
const STEPS = [1e-5, 1e-6, 1e-7];
/** Disagreement after which a shorter step is tried. */
const CLOSE = 3e-6;
/** Derivatives below this share of the objective are compared with that share. */
const FLOOR = 1e-5;

/** Compares the gradients of all phases. Throws a UserError when the model cannot be trained. */
export function gradcheck(request: GradcheckRequest): GradcheckRow[] {
  const { model, types, seed } = request;
  const declared = trainBlock(model);
  const batch = { labelled: 6, unlabelled: declared.batch.unlabelled > 0 ? 2 : 0 };
  const { dataset, sizes } = inventData({ model, types, batch, batches: 1, seed });
  const rows = batch.labelled + batch.unlabelled;
  const dataRows = rows + 2 * batch.labelled;
  const train = { ...declared, batch };
  const setup: TrainingSetup = { model, train, sizes: new Map([...sizes, ["B", rows]]), dataRows };
  const layout = placeParameters(setup);
  const values = startingPoint(layout, seed);
  return train.phases.flatMap((phase) => {
    const checked = new PhaseCheck(setup, layout, phase, values);
    checked.feed("random", Float64Array.of(seed, 0), "i32");
    checked.feed(
      "batch",
      Float64Array.from({ length: rows }, (_, row) => row),
      "i32",
    );
    // What a model does from the second epoch on is what it does for most of its training.
    checked.feed("epoch", Float64Array.of(2), "f32");
    for (const arena of checked.arenas)
      checked.feed(arena.arena, Float64Array.from(dataArena(dataset, arena)), arena.dtype);
    return checked.rows(request);
  });
}

/** Initial values, those of parameters moved a little: where many are 0 or 1, kinks and symmetries would hide mistakes. */
function startingPoint(layout: ParameterLayout, seed: number): Float64Array {
  const values = Float64Array.from(initialParameters(layout.parameters, layout.elements, seed));
  const noise = new RandomStream(seed, hash32("gradcheck/start"));
  const moved = values.map((value, index) => value + 0.05 * noise.normal(index));
  for (const { kind, offset, shape } of layout.parameters)
    if (kind === "state") moved.set(values.subarray(offset, offset + elementCount(shape)), offset);
  return moved;
}

/** One phase: its objective and gradients as a graph, evaluated again for what a moved parameter reaches. */
class PhaseCheck {
  readonly #phase: CheckedPhase;
  readonly #objective: Node;
  readonly #trained: readonly PlacedParameter[];
  readonly #nodes: readonly Node[];
  readonly #gradients: readonly Node[];
  readonly #inputs = new Map<string, Tensor>();
  readonly #base = new Map<Node, Tensor>();
  readonly arenas;

  constructor(setup: TrainingSetup, layout: ParameterLayout, phase: CheckedPhase, start: Float64Array) {
    const g = new GraphBuilder(ops);
    const placed = new Map(layout.parameters.map((parameter) => [parameter.path, parameter]));
    const nodeOf = (path: string, shape: readonly number[]) =>
      g.input({ name: path, arena: path, offset: 0, version: 0, shape, dtype: "f32" });
    const { model, inputs } = elaborate(
      setup,
      g,
      () => "iteration",
      true,
      ({ path, shape }) => nodeOf(path, shape),
    );
    this.#phase = phase;
    this.#objective = model.objective(phase);
    this.#trained = [...placed.values()].filter(({ updatedBy }) => updatedBy.includes(phase.name));
    this.#nodes = this.#trained.map(({ path, shape }) => nodeOf(path, shape));
    this.#gradients = gradient(g, ops, this.#objective, this.#nodes);
    this.arenas = [...inputs.arenas.values()];
    for (const { path, offset, shape } of layout.parameters) {
      const count = shape.reduce((product, extent) => product * extent, 1);
      this.feed(path, start.slice(offset, offset + count), "f32");
    }
  }

  /** What an input node of this arena holds. */
  feed(arena: string, data: Float64Array, dtype: "f32" | "i32"): void {
    this.#inputs.set(arena, { shape: [data.length], dtype, data });
  }

  rows({ seed, directions, each }: GradcheckRequest): GradcheckRow[] {
    if (this.#trained.length === 0) return [];
    for (const node of topologicalOrder([this.#objective, ...this.#gradients])) this.#evaluate(node);
    const noise = new RandomStream(seed, hash32(`gradcheck/${this.#phase.name}`));
    let draws = 0;
    const normal = () => noise.normal(draws++);
    const random = (places: readonly number[]) =>
      places.map((place) => ({ place, direction: this.#values(at(this.#nodes, place)).map(normal) }));
    const everything = this.#trained.map((_, place) => place);
    const together = Array.from({ length: directions }, () => random(everything));
    const rows = [this.#worst(null, everything, together)];
    for (const [place, { path }] of each === 0 ? [] : this.#trained.entries()) {
      const size = this.#values(at(this.#nodes, place)).length;
      const single = Array.from({ length: Math.min(each - 1, size) }, () => {
        const direction = new Float64Array(size);
        direction[Math.floor(noise.uniform(draws++) * size)] = 1;
        return [{ place, direction }];
      });
      rows.push(this.#worst(path, [place], [random([place]), ...single]));
    }
    return rows;
  }

  #worst(parameter: string | null, places: readonly number[], moves: readonly (readonly Move[])[]) {
    const reached = this.#reachedFrom(places);
    const elements = places.reduce((sum, place) => sum + this.#values(at(this.#nodes, place)).length, 0);
    let worst: GradcheckRow | null = null;
    for (const move of moves) {
      const row = {
        phase: this.#phase.name,
        parameter,
        elements,
        checks: moves.length,
        ...this.#compare(move, reached),
      };
      if (worst === null || !(row.error <= worst.error)) worst = row;
    }
    invariant(worst !== null, "nothing was compared");
    return worst;
  }

  #compare(move: readonly Move[], reached: readonly Node[]): Comparison {
    const length = Math.hypot(...move.map(({ direction }) => Math.hypot(...direction)));
    const unit = move.map(({ place, direction }) => ({ place, direction: direction.map((d) => d / length) }));
    const derivative = unit.reduce((sum, { place, direction }) => {
      const gradients = this.#values(at(this.#gradients, place));
      return sum + direction.reduce((dot, d, index) => dot + d * (gradients[index] as number), 0);
    }, 0);
    const floor = FLOOR * Math.max(1, Math.abs(this.#values(this.#objective)[0] ?? 0));
    let best: Comparison | null = null;
    for (const step of STEPS) {
      const difference = (this.#moved(unit, step, reached) - this.#moved(unit, -step, reached)) / (2 * step);
      const scale = Math.max(Math.abs(derivative), Math.abs(difference), floor);
      const error = Math.abs(derivative - difference) / scale;
      if (best === null || error < best.error) best = { derivative, difference, error };
      if (best.error <= CLOSE) break;
    }
    invariant(best !== null, "no step was tried");
    return best;
  }

  /** The objective after parameters have moved by `step` along a direction. */
  #moved(move: readonly Move[], step: number, reached: readonly Node[]): number {
    const changed = new Map<Node, Tensor>();
    for (const { place, direction } of move) {
      const node = at(this.#nodes, place);
      const data = this.#values(node).map((value, index) => value + step * (direction[index] as number));
      changed.set(node, { ...this.#tensor(node), data });
    }
    for (const node of reached) {
      if (changed.has(node)) continue;
      const operands = node.inputs.map((input) => changed.get(input) ?? this.#tensor(input));
      changed.set(node, this.#surrogate(node, operands));
    }
    return (changed.get(this.#objective) ?? this.#tensor(this.#objective)).data[0] ?? Number.NaN;
  }

  /** The value of a node as its derivative promises that it moves. */
  #surrogate(node: Node, operands: readonly Tensor[]): Tensor {
    const base = this.#tensor(node);
    if (node.op === "stop_gradient") return base;
    if (node.op !== "scale_gradient") return evaluateNode(node, operands);
    const { factor } = node.attributes;
    const operand = at(operands, 0).data;
    return {
      ...base,
      data: base.data.map((value, index) => value + factor * ((operand[index] ?? 0) - value)),
    };
  }

  /** Nodes under the objective that the parameters at these places can move, in order. */
  #reachedFrom(places: readonly number[]): Node[] {
    const moved = new Set(places.map((place) => at(this.#nodes, place)));
    return topologicalOrder([this.#objective]).filter((node) => {
      const isMoved =
        moved.has(node) || (node.op !== "stop_gradient" && node.inputs.some((input) => moved.has(input)));
      if (isMoved) moved.add(node);
      return isMoved;
    });
  }

  #evaluate(node: Node): void {
    if (node.op !== "input") {
      this.#base.set(
        node,
        evaluateNode(
          node,
          node.inputs.map((input) => this.#tensor(input)),
        ),
      );
      return;
    }
    const { arena } = node.attributes;
    const contents = this.#inputs.get(arena);
    invariant(contents !== undefined, `nothing is known about the input ${arena}`);
    this.#base.set(node, { ...contents, shape: node.shape });
  }

  #tensor(node: Node): Tensor {
    const tensor = this.#base.get(node);
    invariant(tensor !== undefined, `${node.op} was not evaluated`);
    return tensor;
  }

  #values(node: Node): Float64Array {
    return this.#tensor(node).data;
  }
}

/** How one parameter moves. */
interface Move {
  readonly place: number;
  readonly direction: Float64Array;
}

type Comparison = Pick<GradcheckRow, "derivative" | "difference" | "error">;
