/** The matrix product. */
import { at, invariant } from "../base/invariant.ts";
import { elementCount } from "../ir/graph.ts";
import { sameShape } from "../ir/graph-walk.ts";
import type { OpRecord } from "../ir/op.ts";
import { operand } from "./define.ts";
import { dot, zeros } from "./elements.ts";
import { describeType, expectDType, operands } from "./type-rules.ts";

export const matmul: OpRecord<"matmul"> = {
  name: "matmul",
  doc: "Matrix product over the last two axes.",
  scheduling: "contraction",
  type: (inputs) => {
    operands("matmul", inputs, 2);
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    expectDType("matmul", a, ["f32"]);
    expectDType("matmul", b, ["f32"]);
    const batch = a.shape.slice(0, -2);
    const fits =
      a.shape.length >= 2 &&
      b.shape.length >= 2 &&
      sameShape(batch, b.shape.slice(0, -2)) &&
      at(a.shape, -1) === at(b.shape, -2);
    invariant(fits, () => `matmul of ${describeType(a)} and ${describeType(b)}`);
    return { shape: [...batch, at(a.shape, -2), at(b.shape, -1)], dtype: "f32" };
  },
  derivative: ({ g, inputs, cotangent }) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    return [
      g.node("matmul", [cotangent, g.swapAxes(b)], {}),
      g.node("matmul", [g.swapAxes(a), cotangent], {}),
    ];
  },
  evaluate: (inputs, _, type) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    const [rows, inner, columns] = [at(a.shape, -2), at(a.shape, -1), at(b.shape, -1)];
    const result = zeros(type);
    for (let position = 0; position < result.data.length; position++) {
      const column = position % columns;
      const row = Math.floor(position / columns) % rows;
      const batch = Math.floor(position / (columns * rows));
      const [left, right] = [(batch * rows + row) * inner, batch * inner * columns + column];
      result.data[position] = dot(a.data, left, 1, b.data, right, columns, inner);
    }
    return result;
  },
  flops: (node) => 2 * elementCount(node.shape) * at(at(node.inputs, 0).shape, -1),
  samples: [
    { inputs: [operand("f32", [3, 4], -1, 1), operand("f32", [4, 2], -1, 1)], attributes: {} },
    { inputs: [operand("f32", [2, 3, 4], -1, 1), operand("f32", [2, 4, 5], -1, 1)], attributes: {} },
    { inputs: [operand("f32", [1, 5], -1, 1), operand("f32", [5, 1], -1, 1)], attributes: {} },
  ],
};
