/** Factors of small symmetric matrices. Larger ones would want blocks; these are for covariances of some ten features. */
import { at, invariant } from "../base/invariant.ts";
import type { Node } from "../ir/graph.ts";
import { elementCount } from "../ir/graph.ts";
import type { GraphBuilder } from "../ir/graph-build.ts";
import type { OpRecord, TensorType } from "../ir/op.ts";
import { operand } from "./define.ts";
import { zeros } from "./elements.ts";
import { describeType, expectDType, operands } from "./type-rules.ts";

function matrices(op: string, inputs: readonly TensorType[]): TensorType {
  const x = at(operands(op, inputs, 1), 0);
  expectDType(op, x, ["f32"]);
  const square = x.shape.length >= 2 && at(x.shape, -1) === at(x.shape, -2);
  invariant(square, `${op} of ${describeType(x)}`);
  return x;
}

/** The elements on and below the diagonal, those on it times a factor; 0 above. */
function lower(g: GraphBuilder, x: Node, diagonal = 1): Node {
  const [row, column] = [g.iota(x.shape, x.shape.length - 2), g.iota(x.shape, x.shape.length - 1)];
  const scaled = diagonal === 1 ? x : g.where(g.equal(row, column), g.mul(x, diagonal), x);
  return g.where(g.lessEqual(column, row), scaled, 0);
}

/** A third of n^3 products and sums. */
function cubic(node: { readonly shape: readonly number[] }): number {
  return Math.ceil((2 / 3) * elementCount(node.shape) * at(node.shape, -1));
}

/** Positive definite. */
const SAMPLE = [4, 1, -0.5, 1, 3, 0.25, -0.5, 0.25, 2];

export const cholesky: OpRecord<"cholesky"> = {
  name: "cholesky",
  doc: "The lower triangular L with L Lᵀ = (x + xᵀ) / 2; NaN where that is not positive definite.",
  scheduling: "library",
  type: (inputs) => matrices("cholesky", inputs),
  // I. Murray, "Differentiation of the Cholesky decomposition" (arXiv 1602.07527), equation 10.
  derivative: ({ g, node, cotangent }) => {
    const inverse = g.node("triangular_inverse", [node], {});
    const inner = lower(g, g.matmul(g.swapAxes(node), cotangent), 0.5);
    const outer = g.matmul(g.matmul(g.swapAxes(inverse), inner), inverse);
    return [g.mul(g.add(outer, g.swapAxes(outer)), 0.5)];
  },
  evaluate: (inputs, _, type) => {
    const { data } = at(inputs, 0);
    const n = at(type.shape, -1);
    const result = zeros(type);
    for (let start = 0; start < result.data.length; start += n * n) {
      const factor = (row: number, column: number) => at(result.data, start + row * n + column);
      for (let row = 0; row < n; row++) {
        for (let column = 0; column <= row; column++) {
          let rest = (at(data, start + row * n + column) + at(data, start + column * n + row)) / 2;
          for (let k = 0; k < column; k++) rest -= factor(row, k) * factor(column, k);
          result.data[start + row * n + column] =
            row === column ? Math.sqrt(rest) : rest / factor(column, column);
        }
      }
    }
    return result;
  },
  flops: cubic,
  samples: [
    { inputs: [{ ...operand("f32", [3, 3], 0, 0), values: SAMPLE }], attributes: {} },
    {
      inputs: [
        {
          ...operand("f32", [2, 3, 3], 0, 0),
          values: [...SAMPLE, ...SAMPLE.map((x, i) => x + (i % 4 === 0 ? 0.5 : 0))],
        },
      ],
      attributes: {},
    },
    { inputs: [operand("f32", [1, 1], 1, 2)], attributes: {} },
  ],
};

export const triangular_inverse: OpRecord<"triangular_inverse"> = {
  name: "triangular_inverse",
  doc: "The inverse of a lower triangular matrix; what stands above the diagonal is not read.",
  scheduling: "library",
  type: (inputs) => matrices("triangular_inverse", inputs),
  derivative: ({ g, node, cotangent }) => {
    const turned = g.swapAxes(node);
    return [g.neg(lower(g, g.matmul(g.matmul(turned, cotangent), turned)))];
  },
  evaluate: (inputs, _, type) => {
    const { data } = at(inputs, 0);
    const n = at(type.shape, -1);
    const result = zeros(type);
    for (let start = 0; start < result.data.length; start += n * n) {
      const place = (row: number, column: number) => start + row * n + column;
      for (let column = 0; column < n; column++) {
        for (let row = column; row < n; row++) {
          let rest = row === column ? 1 : 0;
          for (let k = column; k < row; k++)
            rest -= at(data, place(row, k)) * at(result.data, place(k, column));
          result.data[place(row, column)] = rest / at(data, place(row, row));
        }
      }
    }
    return result;
  },
  flops: cubic,
  samples: [
    { inputs: [operand("f32", [3, 3], 1, 2)], attributes: {} },
    { inputs: [operand("f32", [2, 4, 4], 1, 2)], attributes: {} },
  ],
};
