/** Inputs of a model as graph nodes: the rows of a batch, gathered from the dataset where it lies on the device as a whole. */
import { invariant } from "../base/invariant.ts";
import type { InputNodes, InputRequest } from "../elaborate/elaboration.ts";
import type { DType, Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import type { DataArena } from "../train/compiled.ts";

/** Gathers batches and remembers which arenas it read. */
export class DataInputs {
  readonly #g: GraphBuilder;
  /** Rows of the dataset on the device, all splits together; null where only the rows of the batch are there, in its order. */
  readonly #rows: number | null;
  readonly arenas = new Map<string, DataArena>();

  constructor(g: GraphBuilder, rows: number | null) {
    this.#g = g;
    this.#rows = rows;
  }

  /** The rows that the arena `batch` names; a negative number stands for an absent row. */
  input(request: InputRequest): InputNodes {
    const [rows, ...rest] = request.shape;
    invariant(rows !== undefined, `input ${request.name} has no rows`);
    const g = this.#g;
    const places = placesOf(g, rows, this.#rows === null);
    const filled = g.greaterEqual(places, 0);
    const row = g.maximum(places, 0);
    const dtype = request.type.element === "f32" ? "f32" : "i32";
    const node = this.#take(request.name, "values", "data", dtype, rest, row);
    const stored = this.#take(request.name, "present", "present", "i32", [], row);
    const present = g.and(filled, g.notEqual(stored, 0));
    const ragged = request.type.axes.some((axis) => axis.kind === "axis" && axis.ragged);
    if (!ragged) return { node, present, lengths: null };
    const lengths = this.#take(request.name, "lengths", "length", "i32", [], row);
    return { node, present, lengths: g.where(present, lengths, 0) };
  }

  #take(
    field: string,
    content: DataArena["content"],
    prefix: string,
    dtype: DType & ("f32" | "i32"),
    rest: readonly number[],
    row: Node,
  ): Node {
    const arena = `${prefix}.${field}`;
    this.arenas.set(arena, { field, arena, content, dtype, rowElements: elementCount(rest) });
    const shape = [this.#rows ?? elementCount(row.shape), ...rest];
    const table = this.#g.input({ name: arena, arena, offset: 0, version: 0, shape, dtype });
    return this.#g.take(table, row);
  }
}

/** i32[rows]: the rows of the dataset that a batch holds; a negative number stands for an absent row. */
export function batchRows(g: GraphBuilder, rows: number): Node {
  return g.input({ name: "batch", arena: "batch", offset: 0, version: 0, shape: [rows], dtype: "i32" });
}

/** bool[rows]: which places of a batch hold a row. */
export function filledRows(g: GraphBuilder, rows: number, streamed: boolean): Node {
  return g.greaterEqual(placesOf(g, rows, streamed), 0);
}

/**
 * i32[rows]: where the rows of a batch lie in the arenas of the data, a negative number for an absent row: their numbers, or 0, 1, 2, … for a streamed batch.
 * Gathering the rows of that as from a dataset gives the same kernels, hence the same bits.
 */
function placesOf(g: GraphBuilder, rows: number, streamed: boolean): Node {
  if (!streamed) return batchRows(g, rows);
  return g.input({ name: "place", arena: "place", offset: 0, version: 0, shape: [rows], dtype: "i32" });
}

/** Whether a node is what {@link placesOf} gives. */
export function arePlaces(node: Node): boolean {
  return node.op === "input" && (node.attributes.arena === "batch" || node.attributes.arena === "place");
}

/** f32: the number of the epoch, from 1. */
export function epochNumber(g: GraphBuilder): Node {
  return g.input({ name: "epoch", arena: "epoch", offset: 0, version: 0, shape: [], dtype: "f32" });
}

/** i32[2] = (seed, iteration). */
export function randomState(g: GraphBuilder): Node {
  return g.input({ name: "random", arena: "random", offset: 0, version: 0, shape: [2], dtype: "i32" });
}
