/**
 * Common subexpressions. Equal nodes are one node by construction; what remains is to write the operands of commutative operations in one
 * order, so that a + b and b + a become equal.
 */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { uniformValue } from "../ir/graph-walk.ts";
import type { OpName } from "../ir/op-table.ts";
import { type Pass, rewriteGraph } from "./pass.ts";

const COMMUTATIVE: ReadonlySet<OpName> = new Set<OpName>([
  "add",
  "multiply",
  "maximum",
  "minimum",
  "equal",
  "and",
  "or",
]);

export const share: Pass = {
  name: "share",
  doc: "Computes equal expressions once, also when they differ only in the order of operands that may be exchanged.",
  run: (graph, { g }) =>
    rewriteGraph(graph, g, (node, replacement) => {
      const inputs = node.inputs.map(replacement);
      return g.remade(
        node,
        COMMUTATIVE.has(node.op) && goesBefore(at(inputs, 1), at(inputs, 0)) ? inputs.reverse() : inputs,
      );
    }),
};

/** Constants last, as the simplifier wants them; otherwise what was made first. */
function goesBefore(a: Node, b: Node): boolean {
  const [constantA, constantB] = [uniformValue(a) !== null, uniformValue(b) !== null];
  return constantA === constantB ? a.id < b.id : constantB;
}
