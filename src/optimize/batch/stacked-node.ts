/** One operation on stacked operands: the leading axis goes through everything. */
import { at, CompilerBug } from "../../base/invariant.ts";
import type { Node } from "../../ir/graph.ts";
import type { GraphBuilder } from "../../ir/graph-build.ts";
import type { Plan } from "./stacking.ts";

/** `count` times the operation of `first`, on the operands that `plans` stack. */
export function stackedNode(g: GraphBuilder, first: Node, plans: readonly Plan[], count: number): Node {
  const stacked = (index: number) => at(plans, index).make();
  switch (first.op) {
    case "reshape":
      return g.reshape(stacked(0), [count, ...first.shape]);
    case "broadcast":
      return g.node("broadcast", [stacked(0)], { shape: [count, ...first.shape] });
    case "transpose": {
      const permutation = [0, ...first.attributes.permutation.map((axis) => axis + 1)];
      return g.transpose(stacked(0), permutation);
    }
    case "slice": {
      const { start, size } = first.attributes;
      return g.slice(stacked(0), [0, ...start], [count, ...size]);
    }
    case "pad": {
      const { before, after } = first.attributes;
      return g.pad(stacked(0), [0, ...before], [0, ...after]);
    }
    case "concat": {
      const parts = first.inputs.map((_, index) => stacked(index));
      return g.concat(parts, first.attributes.axis + 1);
    }
    case "sum":
    case "max":
      return g.node(first.op, [stacked(0)], { axes: first.attributes.axes.map((axis) => axis + 1) });
    case "matmul":
      return g.node("matmul", [stacked(0), stacked(1)], {});
    case "take": {
      const table = at(plans, 0).shared;
      if (table === null) throw new CompilerBug("a take from several tables is not stacked");
      return g.take(table, stacked(1));
    }
    default:
      return g.node(
        first.op,
        first.inputs.map((_, index) => stacked(index)),
        first.attributes,
      );
  }
}
