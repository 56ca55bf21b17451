/**
 * The transpose of a product is the product of the transposed operands, in the other order. Derivatives of weights that are used transposed
 * come out the wrong way round; turned like this, the product is stored in the layout of the weight and no kernel has to turn it.
 */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { countUsers, type Pass, rewriteGraph } from "./pass.ts";

export const orient: Pass = {
  name: "orient",
  doc: "Computes matrix products in the orientation in which they are used.",
  run: (graph, { g }) => {
    const users = countUsers(graph);
    return rewriteGraph(graph, g, (node, replacement) => {
      const product = node.inputs[0];
      const turns = swapsLastAxes(node) && product?.op === "matmul" && users[product.id] === 1;
      if (!turns) return g.moved(node, replacement);
      const [a, b] = [replacement(at(product.inputs, 0)), replacement(at(product.inputs, 1))];
      return g.withOrigin(product.origin, () => g.node("matmul", [g.swapAxes(b), g.swapAxes(a)], {}));
    });
  },
};

function swapsLastAxes(node: Node): boolean {
  if (node.op !== "transpose") return false;
  const { permutation } = node.attributes;
  const rank = permutation.length;
  const swapped = permutation.map((_, axis) =>
    axis === rank - 2 ? rank - 1 : axis === rank - 1 ? rank - 2 : axis,
  );
  return permutation.every((axis, index) => axis === swapped[index]);
}
