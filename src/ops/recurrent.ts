/** What the recurrent primitives share: the order of steps, shifted states and sizes of packed results. */
import { at, invariant } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import type { TensorType } from "../ir/op.ts";
import { describeType, expectDType, expectRank, expectType, operands } from "./type-rules.ts";

export interface RecurrentSizes {
  readonly batch: number;
  readonly time: number;
  readonly hidden: number;
}

/**
 * Sizes of a recurrence whose packed operand `x` is f32[B, T, fields * H]; checks x, w (f32[gates * H, H]) and lengths (i32[B]).
 */
export function recurrentSizes(
  op: string,
  x: TensorType,
  w: TensorType,
  lengths: TensorType,
  fields: number,
  gates: number,
): RecurrentSizes {
  expectDType(op, x, ["f32"]);
  expectRank(op, x, 3);
  expectRank(op, w, 2);
  const hidden = at(w.shape, 1);
  const [batch, time] = [at(x.shape, 0), at(x.shape, 1)];
  invariant(at(x.shape, 2) === fields * hidden, `${op} of ${describeType(x)} and ${describeType(w)}`);
  expectType(op, w, "f32", [gates * hidden, hidden]);
  expectType(op, lengths, "i32", [batch]);
  return { batch, time, hidden };
}

/** The operands of a recurrence, after checking their number. */
export function four(
  op: string,
  inputs: readonly TensorType[],
): [TensorType, TensorType, TensorType, TensorType] {
  operands(op, inputs, 4);
  return [at(inputs, 0), at(inputs, 1), at(inputs, 2), at(inputs, 3)];
}

/** The steps in the order in which the recurrence runs. */
export function stepOrder(time: number, reverse: boolean): number[] {
  const steps = Array.from({ length: time }, (_, step) => step);
  return reverse ? steps.reverse() : steps;
}

/** Field `index` of a packed tensor [B, T, fields * H]. */
export function field(g: GraphBuilder, packed: Node, index: number, count: number, hidden: number): Node {
  return g.sliceAxis(packed, 2, index * hidden, count * hidden);
}

/**
 * [B, T, H] states moved by one step, so that each step sees the state that it started from; 0 at the first step. Null when
 * there is only one step.
 */
export function previousStates(g: GraphBuilder, states: Node, reverse: boolean): Node | null {
  const time = at(states.shape, 1);
  if (time === 1) return null;
  const kept = g.sliceAxis(states, 1, reverse ? 1 : 0, time - 1);
  return g.pad(kept, [0, reverse ? 0 : 1, 0], [0, reverse ? 1 : 0, 0]);
}

/** Sum over all rows and steps of gate cotangents [B, T, G] times the states [B, T, H] that they met: [G, H]. */
export function weightCotangent(g: GraphBuilder, gates: Node, states: Node | null, hidden: number): Node {
  const width = at(gates.shape, 2);
  if (states === null) return g.full([width, hidden], 0);
  const steps = at(gates.shape, 0) * at(gates.shape, 1);
  const flat = g.reshape(gates, [steps, width]);
  return g.matmul(g.swapAxes(flat), g.reshape(states, [steps, hidden]));
}
