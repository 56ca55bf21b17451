/**
 * Reverse-mode differentiation, source to source: the gradient of a loss is an ordinary graph, to which every optimisation applies
 * (the idea of tinygrad's `mixin/gradient.py`; the rules stand in the records of the primitives).
 */
import { invariant } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import type { OpRecords } from "../ir/op.ts";
import { cotangents } from "../ir/reverse.ts";

/**
 * Nodes for the derivative of a scalar `loss` with respect to each node of `wrt`, of their shapes. Where no gradient arrives the result is a
 * tensor of zeros. Throws CompilerBug when the loss is not a scalar or a primitive on the way has no derivative.
 */
export function gradient(g: GraphBuilder, ops: OpRecords, loss: Node, wrt: readonly Node[]): Node[] {
  invariant(
    loss.dtype === "f32" && loss.shape.length === 0,
    `the loss has the shape [${loss.shape.join(", ")}]`,
  );
  const flows = cotangents(g, ops, [{ node: loss, cotangent: g.constant(1) }], wrt);
  return wrt.map((node, index) => flows[index] ?? g.zerosLike(node));
}
