/** How much work one element of a node is, in simple operations. Only ratios matter. */
import type { Node } from "../ir/graph.ts";

/** Cost of one element, its operands not counted. */
export function expressionCost(node: Node): number {
  switch (node.op) {
    case "input":
    case "constant":
    case "reshape":
    case "transpose":
    case "broadcast":
    case "slice":
    case "after":
    case "stop_gradient":
    case "scale_gradient":
    case "recompute":
      return 0;
    case "divide":
    case "sqrt":
    case "integer_divide":
    case "remainder":
    // Random numbers cost more than this to compute, and yet are never worth storing.
    case "random":
      return 2;
    case "pad":
      return 2;
    case "concat":
      return node.inputs.length;
    case "take":
    case "gather":
      return 3;
    case "power":
      return Number.isInteger(node.attributes.exponent) && Math.abs(node.attributes.exponent) <= 4 ? 2 : 10;
    case "exp":
    case "log":
    case "log1p":
    case "tanh":
    case "sigmoid":
    case "softplus":
    case "erf":
    case "sin":
    case "cos":
      return 8;
    default:
      return 1;
  }
}
