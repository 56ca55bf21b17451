/** Sparsemax (Martins and Astudillo, ICML 2016): like softmax, but most results are exactly 0. */
import { at } from "../base/invariant.ts";
import { elementCount } from "../ir/graph.ts";
import type { OpRecord } from "../ir/op.ts";
import { operand } from "./define.ts";
import { zeros } from "./elements.ts";
import { expectDType, expectType, operands } from "./type-rules.ts";

/**
 * The threshold t with sum of max(score - t, 0) = 1: with the scores sorted downwards, the support is the longest prefix whose
 * last member still exceeds (prefix sum - 1) / prefix length.
 */
function threshold(scores: readonly number[]): number {
  const sorted = [...scores].sort((a, b) => b - a);
  let total = 0;
  let found = 0;
  for (const [index, score] of sorted.entries()) {
    total += score;
    const candidate = (total - 1) / (index + 1);
    if (score <= candidate) break;
    found = candidate;
  }
  return found;
}

export const sparsemax: OpRecord<"sparsemax"> = {
  name: "sparsemax",
  doc: "Euclidean projection of the last axis onto the simplex; masked entries and empty rows give 0.",
  scheduling: "library",
  type: (inputs) => {
    operands("sparsemax", inputs, 2);
    const scores = at(inputs, 0);
    expectDType("sparsemax", scores, ["f32"]);
    expectType("sparsemax", at(inputs, 1), "bool", scores.shape);
    return { shape: scores.shape, dtype: "f32" };
  },
  // On its support the result is the scores minus their mean plus a constant, elsewhere it is constant.
  derivative: ({ g, node, cotangent }) => {
    const support = g.less(0, node);
    const count = g.maximum(g.sum(g.cast(support, "f32"), [-1], { keep: true }), 1);
    const mean = g.div(g.sum(g.where(support, cotangent, 0), [-1], { keep: true }), count);
    return [g.where(support, g.sub(cotangent, mean), 0), null];
  },
  evaluate: (inputs, _, type) => {
    const [scores, mask] = [at(inputs, 0).data, at(inputs, 1).data];
    const width = at(type.shape, -1);
    const result = zeros(type);
    for (let start = 0; start < scores.length; start += width) {
      const kept = Array.from({ length: width }, (_, index) => start + index).filter(
        (index) => mask[index] !== 0,
      );
      const limit = threshold(kept.map((index) => at(scores, index)));
      for (const index of kept) result.data[index] = Math.max(at(scores, index) - limit, 0);
    }
    return result;
  },
  // A comparison and an addition per element and halving step of a search; of the order of the targets' kernels.
  flops: (node) => 4 * elementCount(node.shape) * Math.ceil(Math.log2(at(node.shape, -1) + 1)),
  samples: [
    { inputs: [operand("f32", [3, 6], -1, 1), operand("bool", [3, 6], 1, 1)], attributes: {} },
    { inputs: [operand("f32", [2, 3, 5], -1, 1), operand("bool", [2, 3, 5], 0, 1)], attributes: {} },
  ],
};
