/** Views: primitives that only change which element is read. */
import { at, invariant } from "../base/invariant.ts";
import { elementCount } from "../ir/graph.ts";
import type { OpRecord } from "../ir/op.ts";
import { rowMajorStrides } from "../ir/shapes.ts";
import { noFlops, operand } from "./define.ts";
import { broadcastStrides, eachPosition, gatherView, zeros } from "./elements.ts";
import { describeType, expectDType, expectRank, operands, tensorType } from "./type-rules.ts";

export const reshape: OpRecord<"reshape"> = {
  name: "reshape",
  doc: "The same elements in the same order with another shape.",
  scheduling: "view",
  type: (inputs, { shape }) => {
    const x = at(operands("reshape", inputs, 1), 0);
    invariant(
      elementCount(x.shape) === elementCount(shape),
      () => `${describeType(x)} has no shape [${shape.join(", ")}]`,
    );
    return tensorType("reshape", x.dtype, shape);
  },
  derivative: ({ g, inputs, cotangent }) => [g.reshape(cotangent, at(inputs, 0).shape)],
  evaluate: (inputs, _, type) => ({ ...type, data: at(inputs, 0).data }),
  flops: noFlops,
  samples: [
    { inputs: [operand("f32", [3, 4], -2, 2)], attributes: { shape: [2, 3, 2] } },
    { inputs: [operand("f32", [1, 1], -2, 2)], attributes: { shape: [] } },
  ],
};

export const transpose: OpRecord<"transpose"> = {
  name: "transpose",
  doc: "The axes in another order.",
  scheduling: "view",
  type: (inputs, { permutation }) => {
    const x = at(operands("transpose", inputs, 1), 0);
    const sorted = [...permutation].sort((a, b) => a - b);
    const valid = sorted.length === x.shape.length && sorted.every((axis, index) => axis === index);
    invariant(valid, () => `[${permutation.join(", ")}] does not order the axes of ${describeType(x)}`);
    return { shape: permutation.map((axis) => at(x.shape, axis)), dtype: x.dtype };
  },
  derivative: ({ g, node, cotangent }) => {
    const { permutation } = node.attributes;
    return [
      g.transpose(
        cotangent,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
    ];
  },
  evaluate: (inputs, { permutation }, type) => {
    const x = at(inputs, 0);
    const strides = rowMajorStrides(x.shape);
    return gatherView(
      x,
      type,
      permutation.map((axis) => at(strides, axis)),
      0,
    );
  },
  flops: noFlops,
  samples: [
    { inputs: [operand("f32", [3, 4], -2, 2)], attributes: { permutation: [1, 0] } },
    { inputs: [operand("f32", [2, 3, 4], -2, 2)], attributes: { permutation: [2, 0, 1] } },
  ],
};

export const broadcast: OpRecord<"broadcast"> = {
  name: "broadcast",
  doc: "Axes of extent 1 repeated to a larger extent.",
  scheduling: "view",
  type: (inputs, { shape }) => {
    const x = at(operands("broadcast", inputs, 1), 0);
    expectRank("broadcast", x, shape.length);
    const fits = shape.every((extent, axis) => at(x.shape, axis) === extent || at(x.shape, axis) === 1);
    invariant(fits, () => `${describeType(x)} does not stretch to [${shape.join(", ")}]`);
    return tensorType("broadcast", x.dtype, shape);
  },
  derivative: ({ g, node, inputs, cotangent }) => {
    const x = at(inputs, 0);
    const stretched = x.shape.flatMap((extent, axis) => (extent === at(node.shape, axis) ? [] : [axis]));
    return [g.sum(cotangent, stretched, { keep: true })];
  },
  evaluate: (inputs, _, type) => {
    const x = at(inputs, 0);
    return gatherView(x, type, broadcastStrides(x.shape), 0);
  },
  flops: noFlops,
  samples: [
    { inputs: [operand("f32", [3, 1], -2, 2)], attributes: { shape: [3, 4] } },
    { inputs: [operand("f32", [1, 3, 1], -2, 2)], attributes: { shape: [2, 3, 4] } },
  ],
};

export const slice: OpRecord<"slice"> = {
  name: "slice",
  doc: "A box of elements.",
  scheduling: "view",
  type: (inputs, { start, size }) => {
    const x = at(operands("slice", inputs, 1), 0);
    expectRank("slice", x, start.length);
    const fits = size.every(
      (extent, axis) => at(start, axis) >= 0 && at(start, axis) + extent <= at(x.shape, axis),
    );
    invariant(
      fits,
      () => `${describeType(x)} has no slice of [${size.join(", ")}] from [${start.join(", ")}]`,
    );
    return tensorType("slice", x.dtype, size);
  },
  derivative: ({ g, node, inputs, cotangent }) => {
    const { start, size } = node.attributes;
    const after = at(inputs, 0).shape.map((extent, axis) => extent - at(start, axis) - at(size, axis));
    return [g.pad(cotangent, start, after)];
  },
  evaluate: (inputs, { start }, type) => {
    const x = at(inputs, 0);
    const strides = rowMajorStrides(x.shape);
    const first = start.reduce((offset, from, axis) => offset + from * at(strides, axis), 0);
    return gatherView(x, type, strides, first);
  },
  flops: noFlops,
  samples: [
    { inputs: [operand("f32", [4, 5], -2, 2)], attributes: { start: [1, 2], size: [2, 3] } },
    { inputs: [operand("f32", [2, 3, 4], -2, 2)], attributes: { start: [0, 2, 0], size: [2, 1, 4] } },
  ],
};

export const pad: OpRecord<"pad"> = {
  name: "pad",
  doc: "Zeros (false) around the operand.",
  scheduling: "view",
  type: (inputs, { before, after }) => {
    const x = at(operands("pad", inputs, 1), 0);
    expectRank("pad", x, before.length);
    expectRank("pad", x, after.length);
    invariant(
      [...before, ...after].every((count) => count >= 0),
      "pad cannot remove elements",
    );
    return tensorType(
      "pad",
      x.dtype,
      x.shape.map((extent, axis) => at(before, axis) + extent + at(after, axis)),
    );
  },
  derivative: ({ g, node, inputs, cotangent }) => [
    g.slice(cotangent, node.attributes.before, at(inputs, 0).shape),
  ],
  evaluate: (inputs, { before }, type) => {
    const x = at(inputs, 0);
    const result = zeros(type);
    const strides = rowMajorStrides(type.shape);
    const first = before.reduce((offset, count, axis) => offset + count * at(strides, axis), 0);
    eachPosition(x.shape, strides, first, (position, offset) => {
      result.data[offset] = at(x.data, position);
    });
    return result;
  },
  flops: noFlops,
  samples: [
    { inputs: [operand("f32", [2, 3], -2, 2)], attributes: { before: [1, 0], after: [0, 2] } },
    { inputs: [operand("f32", [3], -2, 2)], attributes: { before: [2], after: [1] } },
  ],
};

export const after: OpRecord<"after"> = {
  name: "after",
  doc: "The first operand; what reads it is computed behind the second, never together with it.",
  scheduling: "view",
  type: (inputs) => at(operands("after", inputs, 2), 0),
  derivative: ({ cotangent }) => [cotangent, null],
  evaluate: (inputs) => at(inputs, 0),
  flops: noFlops,
  samples: [{ inputs: [operand("f32", [3, 4], -2, 2), operand("f32", [2], -2, 2)], attributes: {} }],
};

export const concat: OpRecord<"concat"> = {
  name: "concat",
  doc: "Tensors one after another along an axis.",
  scheduling: "view",
  type: (inputs, { axis }) => {
    const first = at(inputs, 0);
    invariant(
      axis >= 0 && axis < first.shape.length,
      () => `concat has no axis ${axis} in ${describeType(first)}`,
    );
    let extent = 0;
    for (const part of inputs) {
      expectDType("concat", part, [first.dtype]);
      expectRank("concat", part, first.shape.length);
      const fits = part.shape.every((own, index) => index === axis || own === at(first.shape, index));
      invariant(fits, () => `concat along axis ${axis} of ${describeType(first)} and ${describeType(part)}`);
      extent += at(part.shape, axis);
    }
    return { shape: first.shape.map((own, index) => (index === axis ? extent : own)), dtype: first.dtype };
  },
  derivative: ({ g, node, inputs, cotangent }) => {
    const { axis } = node.attributes;
    let from = 0;
    return inputs.map((part) => {
      const extent = at(part.shape, axis);
      from += extent;
      return g.sliceAxis(cotangent, axis, from - extent, extent);
    });
  },
  evaluate: (inputs, { axis }, type) => {
    const result = zeros(type);
    const strides = rowMajorStrides(type.shape);
    let from = 0;
    for (const part of inputs) {
      eachPosition(part.shape, strides, from * at(strides, axis), (position, offset) => {
        result.data[offset] = at(part.data, position);
      });
      from += at(part.shape, axis);
    }
    return result;
  },
  flops: noFlops,
  samples: [
    {
      inputs: [operand("f32", [2, 3], -2, 2), operand("f32", [2, 1], -2, 2), operand("f32", [2, 2], -2, 2)],
      attributes: { axis: 1 },
    },
    { inputs: [operand("f32", [2, 3], -2, 2), operand("f32", [1, 3], -2, 2)], attributes: { axis: 0 } },
  ],
};
