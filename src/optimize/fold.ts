/**
 * Constant folding beyond single numbers: what depends on positions only may still be the same everywhere, as the mask of an axis
 * without padding.
 */
import { at } from "../base/invariant.ts";
import type { Node, NodeOf } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { OpRecords, Tensor } from "../ir/op.ts";
import type { OpName } from "../ir/op-table.ts";
import { type Pass, rewriteGraph, withInputs } from "./pass.ts";

/** Larger tensors are left alone: computing them here would cost more than it can save. */
const MOST_ELEMENTS = 65536;

export const fold: Pass = {
  name: "fold",
  doc: "Replaces what depends on no input and has the same value everywhere by that number.",
  run: (graph, { g }) => {
    const known = new Map<Node, Tensor>();
    return rewriteGraph(graph, g, (node, replacement) => {
      const made = withInputs(g, node, node.inputs.map(replacement));
      const value = constantValue(g.ops, made, known);
      if (value === null) return made;
      const uniform = uniformElement(value);
      const folded = uniform === null ? made : g.full(made.shape, uniform, made.dtype);
      known.set(made, value);
      known.set(folded, value);
      return folded;
    });
  },
};

/** The value of a node whose operands are all known; null for inputs, what depends on them, and what is too large. */
function constantValue<Op extends OpName>(
  ops: OpRecords,
  node: NodeOf<Op>,
  known: ReadonlyMap<Node, Tensor>,
): Tensor | null {
  if (node.op === "input" || elementCount(node.shape) > MOST_ELEMENTS) return null;
  const operands = node.inputs.flatMap((input) => known.get(input) ?? []);
  if (operands.length !== node.inputs.length) return null;
  return ops[node.op].evaluate(operands, node.attributes, { shape: node.shape, dtype: node.dtype });
}

/** The finite number that every element is, or null. */
function uniformElement({ data }: Tensor): number | null {
  const first = at(data, 0);
  return Number.isFinite(first) && data.every((element) => element === first) ? first : null;
}
