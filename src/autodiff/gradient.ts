/**
 * Reverse-mode differentiation, source to source: the gradient of a loss is an ordinary graph, to which every optimisation applies
 * (the idea of tinygrad's `mixin/gradient.py`; the rules stand in the records of the primitives).
 */
import { at, invariant } from "../base/invariant.ts";
import type { Node, NodeOf } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import { sameShape, topologicalOrder } from "../ir/graph-walk.ts";
import type { OpRecords } from "../ir/op.ts";
import type { OpName } from "../ir/op-table.ts";

/**
 * Nodes for the derivative of a scalar `loss` with respect to each node of `wrt`, of their shapes. Where no gradient arrives the result is a
 * tensor of zeros. Throws CompilerBug when the loss is not a scalar or a primitive on the way has no derivative.
 */
export function gradient(g: GraphBuilder, ops: OpRecords, loss: Node, wrt: readonly Node[]): Node[] {
  invariant(
    loss.dtype === "f32" && loss.shape.length === 0,
    `the loss has the shape [${loss.shape.join(", ")}]`,
  );
  const order = topologicalOrder([loss]);
  const active = dependents(order, wrt);
  const cotangents = new Map<Node, Node>([[loss, g.constant(1)]]);
  for (const node of order.reverse()) {
    const cotangent = cotangents.get(node);
    if (cotangent === undefined || !node.inputs.some((input) => active.has(input))) continue;
    g.withOrigin(node.origin, () => {
      const flows = inputCotangents(g, ops, node, cotangent);
      node.inputs.forEach((input, index) => {
        const flow = at(flows, index);
        if (flow === null || !active.has(input)) return;
        invariant(sameShape(flow.shape, input.shape), `the derivative of ${node.op} has a wrong shape`);
        const before = cotangents.get(input);
        cotangents.set(input, before === undefined ? flow : g.add(before, flow));
      });
    });
  }
  return wrt.map((node) => cotangents.get(node) ?? g.zerosLike(node));
}

/** The nodes of `wrt` and every node of `order` that a change of one of them can move. */
function dependents(order: readonly Node[], wrt: readonly Node[]): ReadonlySet<Node> {
  const active = new Set(wrt);
  for (const node of order) {
    const differentiable = node.dtype === "f32" && node.op !== "stop_gradient";
    if (differentiable && node.inputs.some((input) => active.has(input))) active.add(node);
  }
  return active;
}

function inputCotangents<Op extends OpName>(
  g: GraphBuilder,
  ops: OpRecords,
  node: NodeOf<Op>,
  cotangent: Node,
): readonly (Node | null)[] {
  const { derivative } = ops[node.op];
  invariant(derivative !== null, `${node.op} has no derivative`);
  return derivative({ g, node, inputs: node.inputs, cotangent });
}
