/** Elementwise primitives of two and three operands. */
import { at } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import type { OpRecord } from "../ir/op.ts";
import { binaryOp, flopPerElement, noFlow, operand } from "./define.ts";
import { eachElement } from "./elements.ts";
import { commonType, expectType, operands } from "./type-rules.ts";

const NUMBERS = ["f32", "i32"] as const;
const ANY = ["f32", "i32", "bool"] as const;

export const add = binaryOp("add", {
  doc: "Sum of two tensors, element by element.",
  apply: (a, b) => a + b,
  applyIntegers: (a, b) => (a + b) | 0,
  derivative: ({ cotangent }) => [cotangent, cotangent],
  dtypes: NUMBERS,
  ranges: [
    [-2, 2],
    [-2, 2],
  ],
});

export const subtract = binaryOp("subtract", {
  doc: "Difference of two tensors, element by element.",
  apply: (a, b) => a - b,
  applyIntegers: (a, b) => (a - b) | 0,
  derivative: ({ g, cotangent }) => [cotangent, g.neg(cotangent)],
  dtypes: NUMBERS,
  ranges: [
    [-2, 2],
    [-2, 2],
  ],
});

export const multiply = binaryOp("multiply", {
  doc: "Product of two tensors, element by element.",
  apply: (a, b) => a * b,
  applyIntegers: Math.imul,
  derivative: ({ g, inputs, cotangent }) => [
    g.mul(cotangent, at(inputs, 1)),
    g.mul(cotangent, at(inputs, 0)),
  ],
  dtypes: NUMBERS,
  ranges: [
    [-2, 2],
    [-2, 2],
  ],
});

export const divide = binaryOp("divide", {
  doc: "Quotient of two tensors, element by element.",
  apply: (a, b) => a / b,
  derivative: ({ g, node, inputs, cotangent }) => {
    const scaled = g.div(cotangent, at(inputs, 1));
    return [scaled, g.neg(g.mul(scaled, node))];
  },
  dtypes: ["f32"],
  ranges: [
    [-2, 2],
    [0.5, 2],
  ],
});

/** The cotangent where `wins` holds, half of it at ties, 0 elsewhere. Routed by selection, so that the side that lost cannot leak a NaN. */
function routed(g: GraphBuilder, cotangent: Node, wins: Node, tie: Node): Node {
  return g.where(wins, cotangent, g.where(tie, g.mul(cotangent, 0.5), 0));
}

export const maximum = binaryOp("maximum", {
  doc: "Larger of two elements; ties share the derivative.",
  apply: Math.max,
  derivative: ({ g, inputs, cotangent }) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    const tie = g.equal(a, b);
    return [routed(g, cotangent, g.less(b, a), tie), routed(g, cotangent, g.less(a, b), tie)];
  },
  dtypes: NUMBERS,
  ranges: [
    [-2, -0.1],
    [0.1, 2],
  ],
});

export const minimum = binaryOp("minimum", {
  doc: "Smaller of two elements; ties share the derivative.",
  apply: Math.min,
  derivative: ({ g, inputs, cotangent }) => {
    const [a, b] = [at(inputs, 0), at(inputs, 1)];
    const tie = g.equal(a, b);
    return [routed(g, cotangent, g.less(a, b), tie), routed(g, cotangent, g.less(b, a), tie)];
  },
  dtypes: NUMBERS,
  ranges: [
    [-2, -0.1],
    [0.1, 2],
  ],
});

export const equal = binaryOp("equal", {
  doc: "True where two elements are equal.",
  apply: (a, b) => Number(a === b),
  derivative: noFlow(2),
  dtypes: ["i32", "f32", "bool"],
  result: "bool",
  ranges: [
    [0, 2],
    [0, 2],
  ],
});

export const less = binaryOp("less", {
  doc: "True where the first element is smaller.",
  apply: (a, b) => Number(a < b),
  derivative: noFlow(2),
  dtypes: ["i32", "f32"],
  result: "bool",
  ranges: [
    [0, 2],
    [0, 2],
  ],
});

export const less_equal = binaryOp("less_equal", {
  doc: "True where the first element is not larger.",
  apply: (a, b) => Number(a <= b),
  derivative: noFlow(2),
  dtypes: ["i32", "f32"],
  result: "bool",
  ranges: [
    [0, 2],
    [0, 2],
  ],
});

export const and = binaryOp("and", {
  doc: "True where both are.",
  apply: (a, b) => a * b,
  derivative: noFlow(2),
  dtypes: ["bool"],
  ranges: [
    [0, 1],
    [0, 1],
  ],
});

export const or = binaryOp("or", {
  doc: "True where at least one is.",
  apply: Math.max,
  derivative: noFlow(2),
  dtypes: ["bool"],
  ranges: [
    [0, 1],
    [0, 1],
  ],
});

export const integer_divide = binaryOp("integer_divide", {
  doc: "Whole-number quotient, towards zero.",
  // Adding 0 turns -0, which i32 does not have, into 0.
  apply: (a, b) => Math.trunc(a / b) + 0,
  derivative: noFlow(2),
  dtypes: ["i32"],
  ranges: [
    [-20, 20],
    [1, 5],
  ],
});

export const remainder = binaryOp("remainder", {
  doc: "What a whole-number division leaves, with the sign of the dividend.",
  apply: (a, b) => (a % b) + 0,
  derivative: noFlow(2),
  dtypes: ["i32"],
  ranges: [
    [-20, 20],
    [1, 5],
  ],
});

export const where: OpRecord<"where"> = {
  name: "where",
  doc: "The second operand where the first is true, elsewhere the third.",
  scheduling: "elementwise",
  type: (inputs) => {
    operands("where", inputs, 3);
    const type = commonType("where", inputs.slice(1), 2, ANY);
    expectType("where", at(inputs, 0), "bool", type.shape);
    return type;
  },
  derivative: ({ g, inputs, cotangent }) => {
    const condition = at(inputs, 0);
    return [null, g.where(condition, cotangent, 0), g.where(condition, 0, cotangent)];
  },
  evaluate: (inputs, _, type) => eachElement(inputs, type, (condition, a, b) => (condition !== 0 ? a : b)),
  flops: flopPerElement,
  samples: [
    {
      inputs: [operand("bool", [3, 4], 0, 1), operand("f32", [3, 4], -2, 2), operand("f32", [3, 4], -2, 2)],
      attributes: {},
    },
    {
      inputs: [operand("bool", [], 1, 1), operand("f32", [], -2, 2), operand("f32", [], -2, 2)],
      attributes: {},
    },
  ],
};
