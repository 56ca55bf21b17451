/** Reductions; the reduced axes stay with extent 1. */
import { at, invariant } from "../base/invariant.ts";
import { elementCount } from "../ir/graph.ts";
import type { OpRecord, Tensor, TensorType } from "../ir/op.ts";
import { operand } from "./define.ts";
import { broadcastStrides, eachPosition, zeros } from "./elements.ts";
import { describeType, expectDType, operands } from "./type-rules.ts";

function reducedType(op: string, inputs: readonly TensorType[], axes: readonly number[]): TensorType {
  const x = at(operands(op, inputs, 1), 0);
  expectDType(op, x, ["f32", "i32"]);
  const valid = axes.every(
    (axis, index) => axis >= 0 && axis < x.shape.length && axis > (axes[index - 1] ?? -1),
  );
  invariant(valid && axes.length > 0, () => `${op} over the axes [${axes.join(", ")}] of ${describeType(x)}`);
  return { shape: x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)), dtype: x.dtype };
}

/** Calls `combine(target, value)` with the position in the result of every element. */
function eachReduced(x: Tensor, type: TensorType, combine: (target: number, value: number) => void): void {
  eachPosition(x.shape, broadcastStrides(type.shape), 0, (position, target) =>
    combine(target, at(x.data, position)),
  );
}

export const sum: OpRecord<"sum"> = {
  name: "sum",
  doc: "Sum over axes.",
  scheduling: "reduction",
  type: (inputs, { axes }) => reducedType("sum", inputs, axes),
  derivative: ({ g, inputs, cotangent }) => [g.broadcastTo(cotangent, at(inputs, 0).shape)],
  evaluate: (inputs, _, type) => {
    const result = zeros(type);
    eachReduced(at(inputs, 0), type, (target, value) => {
      result.data[target] = at(result.data, target) + value;
    });
    return result;
  },
  flops: (node) => elementCount(at(node.inputs, 0).shape),
  samples: [
    { inputs: [operand("f32", [3, 4], -2, 2)], attributes: { axes: [1] } },
    { inputs: [operand("f32", [2, 3, 4], -2, 2)], attributes: { axes: [0, 2] } },
    { inputs: [operand("f32", [5], -2, 2)], attributes: { axes: [0] } },
  ],
};

export const max: OpRecord<"max"> = {
  name: "max",
  doc: "Largest element over axes; ties share the derivative evenly.",
  scheduling: "reduction",
  type: (inputs, { axes }) => reducedType("max", inputs, axes),
  derivative: ({ g, node, inputs, cotangent }) => {
    const x = at(inputs, 0);
    const { axes } = node.attributes;
    const winners = g.equal(x, node);
    const count = g.sum(g.cast(winners, "f32"), axes, { keep: true });
    return [g.where(winners, g.div(cotangent, count), 0)];
  },
  evaluate: (inputs, _, type) => {
    const result = zeros(type);
    result.data.fill(Number.NEGATIVE_INFINITY);
    eachReduced(at(inputs, 0), type, (target, value) => {
      result.data[target] = Math.max(at(result.data, target), value);
    });
    return result;
  },
  flops: (node) => elementCount(at(node.inputs, 0).shape),
  samples: [
    { inputs: [operand("f32", [3, 4], -2, 2)], attributes: { axes: [1] } },
    { inputs: [operand("f32", [2, 3, 4], -2, 2)], attributes: { axes: [0, 2] } },
  ],
};
