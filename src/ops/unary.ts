/** Elementwise primitives of one operand. */
import { at } from "../base/invariant.ts";
import type { OpRecord } from "../ir/op.ts";
import { flopPerElement, noFlops, noFlow, operand, unaryOp } from "./define.ts";
import { eachElement } from "./elements.ts";
import * as scalar from "./scalar-functions.ts";
import { commonType, operands } from "./type-rules.ts";

export const negate = unaryOp("negate", {
  doc: "Minus each element.",
  apply: (x) => -x,
  derivative: ({ g, cotangent }) => [g.neg(cotangent)],
  range: [-3, 3],
  dtypes: ["f32", "i32"],
});

export const absolute = unaryOp("absolute", {
  doc: "Absolute value of each element; its derivative at 0 is 0.",
  apply: Math.abs,
  derivative: ({ g, inputs, cotangent }) => [g.mul(cotangent, g.sign(at(inputs, 0)))],
  range: [0.2, 3],
  dtypes: ["f32", "i32"],
});

export const sign = unaryOp("sign", {
  doc: "-1, 0 or 1 as each element is negative, zero or positive.",
  apply: Math.sign,
  derivative: noFlow(1),
  range: [-3, -0.2],
  dtypes: ["f32", "i32"],
});

export const exp = unaryOp("exp", {
  doc: "e to the power of each element.",
  apply: Math.exp,
  derivative: ({ g, node, cotangent }) => [g.mul(cotangent, node)],
  range: [-3, 2],
});

export const log = unaryOp("log", {
  doc: "Natural logarithm of each element.",
  apply: Math.log,
  derivative: ({ g, inputs, cotangent }) => [g.div(cotangent, at(inputs, 0))],
  range: [0.3, 4],
});

export const log1p = unaryOp("log1p", {
  doc: "log(1 + x), accurate for small x.",
  apply: Math.log1p,
  derivative: ({ g, inputs, cotangent }) => [g.div(cotangent, g.add(at(inputs, 0), 1))],
  range: [-0.5, 2],
});

export const sqrt = unaryOp("sqrt", {
  doc: "Square root of each element.",
  apply: Math.sqrt,
  derivative: ({ g, node, cotangent }) => [g.div(g.mul(cotangent, 0.5), node)],
  range: [0.3, 4],
});

export const tanh = unaryOp("tanh", {
  doc: "Hyperbolic tangent of each element.",
  apply: Math.tanh,
  derivative: ({ g, node, cotangent }) => [g.mul(cotangent, g.sub(1, g.square(node)))],
  range: [-3, 3],
});

export const sigmoid = unaryOp("sigmoid", {
  doc: "1 / (1 + e^-x) of each element.",
  apply: scalar.sigmoid,
  derivative: ({ g, node, cotangent }) => [g.mul(cotangent, g.mul(node, g.sub(1, node)))],
  range: [-4, 4],
});

export const softplus = unaryOp("softplus", {
  doc: "log(1 + e^x) of each element.",
  apply: scalar.softplus,
  derivative: ({ g, inputs, cotangent }) => [g.mul(cotangent, g.sigmoid(at(inputs, 0)))],
  range: [-4, 4],
});

export const erf = unaryOp("erf", {
  doc: "Error function of each element.",
  apply: scalar.erf,
  derivative: ({ g, inputs, cotangent }) => {
    const slope = g.mul(g.exp(g.neg(g.square(at(inputs, 0)))), 2 / Math.sqrt(Math.PI));
    return [g.mul(cotangent, slope)];
  },
  range: [-2.5, 2.5],
});

export const sin = unaryOp("sin", {
  doc: "Sine of each element.",
  apply: Math.sin,
  derivative: ({ g, inputs, cotangent }) => [g.mul(cotangent, g.cos(at(inputs, 0)))],
  range: [-3, 3],
});

export const cos = unaryOp("cos", {
  doc: "Cosine of each element.",
  apply: Math.cos,
  derivative: ({ g, inputs, cotangent }) => [g.neg(g.mul(cotangent, g.sin(at(inputs, 0))))],
  range: [-3, 3],
});

export const floor = unaryOp("floor", {
  doc: "Largest whole number not above each element.",
  apply: Math.floor,
  derivative: noFlow(1),
  range: [1.1, 1.9],
});

export const round = unaryOp("round", {
  doc: "Nearest whole number, halves to even.",
  apply: scalar.roundHalfEven,
  derivative: noFlow(1),
  range: [1.6, 2.4],
});

export const not = unaryOp("not", {
  doc: "True where the operand is false.",
  apply: (x) => (x === 0 ? 1 : 0),
  derivative: noFlow(1),
  range: [0, 1],
  dtypes: ["bool"],
});

export const power: OpRecord<"power"> = {
  name: "power",
  doc: "Each element to a fixed power.",
  scheduling: "elementwise",
  type: (inputs) => commonType("power", inputs, 1, ["f32"]),
  derivative: ({ g, node, inputs, cotangent }) => {
    const { exponent } = node.attributes;
    if (exponent === 0) return [null];
    return [g.mul(cotangent, g.mul(g.power(at(inputs, 0), exponent - 1), exponent))];
  },
  evaluate: (inputs, { exponent }, type) => eachElement(inputs, type, (x) => scalar.power(x, exponent)),
  flops: flopPerElement,
  samples: [
    { inputs: [operand("f32", [3, 4], -2, 2)], attributes: { exponent: 2 } },
    { inputs: [operand("f32", [5], -2, 2)], attributes: { exponent: 5 } },
    { inputs: [operand("f32", [3, 4], 0.4, 3)], attributes: { exponent: -0.5 } },
    { inputs: [operand("f32", [3], -3, -0.5)], attributes: { exponent: -2 } },
    { inputs: [operand("f32", [3], -3, 3)], attributes: { exponent: 0 } },
  ],
};

export const cast: OpRecord<"cast"> = {
  name: "cast",
  doc: "Another element type: to i32 towards zero, to bool true where not zero.",
  scheduling: "elementwise",
  type: (inputs, { dtype }) => ({ shape: at(operands("cast", inputs, 1), 0).shape, dtype }),
  derivative: ({ node, inputs, cotangent }) => [
    node.attributes.dtype === "f32" && at(inputs, 0).dtype === "f32" ? cotangent : null,
  ],
  evaluate: (inputs, { dtype }, type) =>
    eachElement(inputs, type, (x) =>
      dtype === "i32" ? Math.trunc(x) : dtype === "bool" ? Number(x !== 0) : x,
    ),
  flops: noFlops,
  samples: [
    { inputs: [operand("bool", [3, 4], 0, 1)], attributes: { dtype: "f32" } },
    { inputs: [operand("i32", [3, 4], -5, 5)], attributes: { dtype: "f32" } },
    { inputs: [operand("f32", [4], 1.2, 1.8)], attributes: { dtype: "i32" } },
    { inputs: [operand("f32", [4], -1.8, -1.2)], attributes: { dtype: "i32" } },
    { inputs: [operand("i32", [3, 4], -1, 1)], attributes: { dtype: "bool" } },
    { inputs: [operand("f32", [3], -1, 1)], attributes: { dtype: "f32" } },
  ],
};

export const stop_gradient: OpRecord<"stop_gradient"> = {
  name: "stop_gradient",
  doc: "The operand itself; no gradient flows.",
  scheduling: "elementwise",
  type: (inputs) => commonType("stop_gradient", inputs, 1, ["f32", "i32", "bool"]),
  derivative: noFlow(1),
  evaluate: (inputs) => at(inputs, 0),
  flops: noFlops,
  samples: [{ inputs: [operand("f32", [3, 4], -1, 1)], attributes: {} }],
};

export const recompute: OpRecord<"recompute"> = {
  name: "recompute",
  doc: "The first operand; for its derivative, what lies between the others and it is computed again.",
  scheduling: "elementwise",
  type: (inputs) => commonType("recompute", inputs.slice(0, 1), 1, ["f32"]),
  derivative: ({ node, cotangent }) => node.inputs.map((_, index) => (index === 0 ? cotangent : null)),
  evaluate: (inputs) => at(inputs, 0),
  flops: noFlops,
  samples: [{ inputs: [operand("f32", [3, 4], -1, 1)], attributes: {} }],
};

export const scale_gradient: OpRecord<"scale_gradient"> = {
  name: "scale_gradient",
  doc: "The operand itself; its gradient is multiplied by a factor.",
  scheduling: "elementwise",
  type: (inputs) => commonType("scale_gradient", inputs, 1, ["f32"]),
  derivative: ({ g, node, cotangent }) => [g.mul(cotangent, node.attributes.factor)],
  evaluate: (inputs) => at(inputs, 0),
  flops: noFlops,
  samples: [{ inputs: [operand("f32", [3, 4], -1, 1)], attributes: { factor: -0.5 } }],
};
