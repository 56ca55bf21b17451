/**
 * Order along the last axis. What is sorted is positions, so that values and their derivatives follow by reading: the derivative of a sorted row is
 * the cotangent put back where its elements came from.
 */
import { at, invariant } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import type { OpRecord } from "../ir/op.ts";
import { noFlops, operand } from "./define.ts";
import { zeros } from "./elements.ts";
import { describeType, expectDType, expectType, operands } from "./type-rules.ts";

export const argsort: OpRecord<"argsort"> = {
  name: "argsort",
  doc: "Positions along the last axis in ascending order of their elements; equal ones keep their order, masked ones come last.",
  scheduling: "library",
  type: (inputs) => {
    operands("argsort", inputs, 2);
    const x = at(inputs, 0);
    expectDType("argsort", x, ["f32"]);
    expectType("argsort", at(inputs, 1), "bool", x.shape);
    invariant(x.shape.length > 0, `argsort needs an axis, not ${describeType(x)}`);
    return { shape: x.shape, dtype: "i32" };
  },
  derivative: null,
  evaluate: (inputs, _, type) => {
    const [x, mask] = [at(inputs, 0).data, at(inputs, 1).data];
    const width = at(type.shape, -1);
    const result = zeros(type);
    for (let start = 0; start < result.data.length; start += width) {
      const masked = (position: number) => (mask[start + position] === 0 ? 1 : 0);
      const order = Array.from({ length: width }, (_, position) => position).sort((a, b) => {
        const side = masked(a) - masked(b);
        if (side !== 0 || masked(a) === 1) return side || a - b;
        return at(x, start + a) - at(x, start + b) || a - b;
      });
      result.data.set(order, start);
    }
    return result;
  },
  // Comparisons.
  flops: (node) => elementCount(node.shape) * Math.ceil(Math.log2(at(node.shape, -1) + 1)),
  samples: [
    { inputs: [operand("f32", [3, 6], -1, 1), operand("bool", [3, 6], 1, 1)], attributes: {} },
    { inputs: [operand("f32", [2, 3, 5], -1, 1), operand("bool", [2, 3, 5], 0, 1)], attributes: {} },
  ],
};

/** Whether a node holds every position of its last axis once. */
function isPermutation(node: Node): boolean {
  let current = node;
  while (current.op === "reshape" && at(current.shape, -1) === at(at<Node>(current.inputs, 0).shape, -1))
    current = at(current.inputs, 0);
  return current.op === "argsort";
}

/** The positions at which a permutation has 0, 1, 2, … */
function inverse(g: GraphBuilder, permutation: Node): Node {
  return g.argsort(g.cast(permutation, "f32"));
}

export const gather: OpRecord<"gather"> = {
  name: "gather",
  doc: "The elements of the last axis that positions name, row by row.",
  scheduling: "gather",
  type: (inputs) => {
    operands("gather", inputs, 2);
    const [x, ids] = [at(inputs, 0), at(inputs, 1)];
    expectDType("gather", ids, ["i32"]);
    const rows = (shape: readonly number[]) => shape.slice(0, -1).join("x");
    invariant(
      x.shape.length > 0 && x.shape.length === ids.shape.length && rows(x.shape) === rows(ids.shape),
      `gather from ${describeType(x)} at ${describeType(ids)}`,
    );
    return { shape: ids.shape, dtype: x.dtype };
  },
  derivative: ({ g, inputs, cotangent }) => {
    const [x, ids] = [at(inputs, 0), at(inputs, 1)];
    if (isPermutation(ids)) return [g.gather(cotangent, inverse(g, ids)), null];
    const [count, width] = [at(ids.shape, -1), at(x.shape, -1)];
    const shape = [...x.shape.slice(0, -1), width, count];
    const spread = (node: Node) =>
      g.broadcastTo(g.reshape(node, [...node.shape.slice(0, -1), 1, count]), shape);
    const named = g.equal(spread(ids), g.iota(shape, shape.length - 2));
    return [g.sum(g.where(named, spread(cotangent), 0), [-1]), null];
  },
  evaluate: (inputs, _, type) => {
    const [x, ids] = [at(inputs, 0), at(inputs, 1)];
    const [count, width] = [at(type.shape, -1), at(x.shape, -1)];
    const result = zeros(type);
    for (const [place, id] of ids.data.entries()) {
      invariant(Number.isInteger(id) && id >= 0 && id < width, `position ${id} is outside 0..${width - 1}`);
      result.data[place] = at(x.data, Math.floor(place / count) * width + id);
    }
    return result;
  },
  flops: noFlops,
  samples: [
    { inputs: [operand("f32", [3, 5], -2, 2), operand("i32", [3, 4], 0, 4)], attributes: {} },
    { inputs: [operand("f32", [4], -2, 2), operand("i32", [1], 0, 3)], attributes: {} },
    { inputs: [operand("f32", [2, 2, 3], -2, 2), operand("i32", [2, 2, 3], 0, 2)], attributes: {} },
  ],
};
