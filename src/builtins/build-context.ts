/** Values during elaboration, and what builtin functions may ask of the place that they are called from. */

import type { Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import type { Dim } from "../types/dim.ts";
import type { TensorType } from "../types/tensor-type.ts";
import type { BuiltinProblem } from "./builtin.ts";

/** Lengths of a ragged axis: i32, one number for every element of the axis `along`. */
export interface RaggedLengths {
  readonly lengths: Node;
  readonly along: Dim;
}

/**
 * A tensor while its graph is built. Axes of `type` and `node.shape` correspond one to one (no `..`: every axis has a size).
 * `presence` holds, for an axis (by the key of its dim), the bool[extent] nodes that say which of its elements take part: a row is absent as soon as one of them is false.
 */
export interface TensorValue {
  readonly kind: "tensor";
  readonly type: TensorType;
  readonly node: Node;
  readonly presence: ReadonlyMap<string, ReadonlySet<Node>>;
  /** Such nodes of axes that were reduced on the way here, with the axis: which elements the value was taken over. None when left out. */
  readonly over?: ReadonlyMap<Node, Dim>;
  /** Lengths of the ragged axes of `type`, by the key of the axis' dim. */
  readonly ragged: ReadonlyMap<string, RaggedLengths>;
}

export interface BuildContext {
  readonly g: GraphBuilder;
  /** Whether dropout and sampling are active. */
  readonly training: boolean;
  /** The number that a size stands for. */
  size(dim: Dim): number;
  /** Reports what is wrong now that sizes have numbers, and ends the elaboration. */
  reject(problem: BuiltinProblem): never;
  /** i32[2] = (seed, counter) for random numbers. */
  randomState(): Node;
  /** i32[B]: the rows of the dataset that the batch holds; a negative number stands for an absent row. */
  batch(): Node;
  /** What `present`, of the presence of a value, would be if no row lacked an input: false only for places that hold no row; null where all do. */
  ifComplete(present: Node): Node | null;
  /** A number that names this place in the unrolled program; different for every call. */
  randomSite(): number;
}
