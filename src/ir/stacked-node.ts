/** One operation on stacked operands: the leading axis goes through everything. */
import { CompilerBug } from "../base/invariant.ts";
import type { Node } from "./graph.ts";
import type { GraphBuilder } from "./graph-build.ts";

/** How operand `index` is stacked; `shared` is the operand when all places of the stack have the same one. */
export interface StackedOperands {
  readonly stacked: (index: number) => Node;
  readonly shared: (index: number) => Node | null;
}

/** `count` times the operation of `first`, on stacked operands. */
export function stackedNode(
  g: GraphBuilder,
  first: Node,
  { stacked, shared }: StackedOperands,
  count: number,
): Node {
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
    case "matmul": {
      const right = shared(1);
      // Against one matrix, the leading axis only makes more rows.
      return right !== null && right.shape.length === 2
        ? g.matmul(stacked(0), right)
        : g.node("matmul", [stacked(0), stacked(1)], {});
    }
    case "take": {
      const table = shared(0);
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
