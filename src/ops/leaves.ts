/** Leaves: values that come from nowhere or from an arena. */
import { at, CompilerBug, invariant } from "../base/invariant.ts";
import { threefry2x32, uniformFromBits } from "../base/random.ts";
import type { OpRecord } from "../ir/op.ts";
import { rowMajorStrides } from "../ir/shapes.ts";
import { flopPerElement, noFlops, operand } from "./define.ts";
import { zeros } from "./elements.ts";
import { expectType, operands, tensorType } from "./type-rules.ts";

export const input: OpRecord<"input"> = {
  name: "input",
  doc: "Elements of an arena: a parameter, a batch, or anything else that outlives an iteration.",
  scheduling: "leaf",
  type: (inputs, { shape, dtype }) => {
    operands("input", inputs, 0);
    return tensorType("input", dtype, shape);
  },
  derivative: null,
  evaluate: (_, { name }) => {
    throw new CompilerBug(`nobody supplied the input ${name}`);
  },
  flops: noFlops,
  samples: [],
};

export const constant: OpRecord<"constant"> = {
  name: "constant",
  doc: "A number.",
  scheduling: "leaf",
  type: (inputs, { dtype }) => {
    operands("constant", inputs, 0);
    return { shape: [], dtype };
  },
  derivative: null,
  evaluate: (_, { value }, type) => ({ ...type, data: Float64Array.of(value) }),
  flops: noFlops,
  samples: [
    { inputs: [], attributes: { value: -1.5, dtype: "f32" } },
    { inputs: [], attributes: { value: 7, dtype: "i32" } },
    { inputs: [], attributes: { value: 1, dtype: "bool" } },
  ],
};

export const iota: OpRecord<"iota"> = {
  name: "iota",
  doc: "The position along one axis.",
  scheduling: "leaf",
  type: (inputs, { shape, axis }) => {
    operands("iota", inputs, 0);
    invariant(axis >= 0 && axis < shape.length, `iota has no axis ${axis}`);
    return tensorType("iota", "i32", shape);
  },
  derivative: null,
  evaluate: (_, { shape, axis }, type) => {
    const result = zeros(type);
    const stride = at(rowMajorStrides(shape), axis);
    const extent = at(shape, axis);
    for (let index = 0; index < result.data.length; index++)
      result.data[index] = Math.floor(index / stride) % extent;
    return result;
  },
  flops: noFlops,
  samples: [
    { inputs: [], attributes: { shape: [2, 3, 4], axis: 1 } },
    { inputs: [], attributes: { shape: [5], axis: 0 } },
  ],
};

export const random: OpRecord<"random"> = {
  name: "random",
  doc: "Random numbers that depend only on seed, counter, site and position.",
  scheduling: "leaf",
  type: (inputs, { shape }) => {
    const [state] = operands("random", inputs, 1);
    if (state !== undefined) expectType("random", state, "i32", [2]);
    return tensorType("random", "f32", shape);
  },
  derivative: null,
  evaluate: (inputs, { distribution, site }, type) => {
    const state = at(inputs, 0).data;
    const [seed, counter] = [at(state, 0), at(state, 1)];
    const result = zeros(type);
    for (let index = 0; index < result.data.length; index++) {
      const [a, b] = threefry2x32(seed, site, index, counter);
      const uniform = uniformFromBits(a);
      // Box-Muller on the two words of one block.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform));
      result.data[index] =
        distribution === "uniform" ? uniform : radius * Math.cos(2 * Math.PI * uniformFromBits(b));
    }
    return result;
  },
  flops: flopPerElement,
  samples: [
    {
      inputs: [operand("i32", [2], 1, 1000)],
      attributes: { distribution: "uniform", site: 7, shape: [4, 5] },
    },
    {
      inputs: [operand("i32", [2], 1, 1000)],
      attributes: { distribution: "normal", site: 8, shape: [4, 5] },
    },
  ],
};
