/** Runs a graph node by node in float64: what every target is compared with, and the device `reference`. */
import { invariant } from "../../base/invariant.ts";
import type { Node, NodeOf } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { topologicalOrder } from "../../ir/graph-walk.ts";
import type { Tensor } from "../../ir/op.ts";
import type { OpName } from "../../ir/op-table.ts";
import { ops } from "../../ops/index.ts";

/** The values of `nodes`; `inputs` supplies those of the input nodes. */
export function interpret(nodes: readonly Node[], inputs: (node: NodeOf<"input">) => Tensor): Tensor[] {
  const values = new Map<Node, Tensor>();
  const value = (node: Node): Tensor => {
    const known = values.get(node);
    invariant(known !== undefined, `node ${node.id} (${node.op}) is used before it is computed`);
    return known;
  };
  for (const node of topologicalOrder(nodes)) {
    const result = node.op === "input" ? inputs(node) : evaluateNode(node, node.inputs.map(value));
    invariant(
      result.data.length === elementCount(node.shape),
      `${node.op === "input" ? node.attributes.name : node.op} has ${result.data.length} elements, not [${node.shape.join(", ")}]`,
    );
    values.set(node, result);
  }
  return nodes.map(value);
}

/** The value of one node, given those of its operands. */
export function evaluateNode<Op extends OpName>(node: NodeOf<Op>, operands: readonly Tensor[]): Tensor {
  return ops[node.op].evaluate(operands, node.attributes, { shape: node.shape, dtype: node.dtype });
}
