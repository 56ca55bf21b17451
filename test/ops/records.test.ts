/** What holds for every record, whatever it means. */
import { describe, expect, test } from "vitest";
import { at } from "../../src/base/invariant.ts";
import type { Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import type { OpRecord, OpSample, Tensor } from "../../src/ir/op.ts";
import type { OpName } from "../../src/ir/op-table.ts";
import { ops } from "../../src/ops/index.ts";
import { inputNode, run, sampleTensor } from "../support/tensors.ts";

const records = Object.entries(ops).map(([key, record]) => ({
  key,
  record: record as unknown as OpRecord<OpName>,
}));

function sampleNode(
  record: OpRecord<OpName>,
  sample: OpSample<OpName>,
): { node: Node; values: Map<string, Tensor> } {
  const g = new GraphBuilder(ops);
  const inputs = sample.inputs.map((operand, index) =>
    inputNode(g, `x${index}`, operand.shape, operand.dtype),
  );
  const values = new Map(sample.inputs.map((operand, index) => [`x${index}`, sampleTensor(operand, index)]));
  return { node: g.node(record.name, inputs, sample.attributes), values };
}

describe.each(records)("$key", ({ key, record }) => {
  test("stands under its own name, with one sentence about it", () => {
    expect(record.name).toBe(key);
    expect(record.doc).toMatch(/^\S.*[^.]\.$/);
  });

  // Inputs have no operands and no value of their own; interpret() is what supplies them.
  if (key === "input") return;
  test("evaluates its samples to the type that it infers", () => {
    expect(record.samples.length).toBeGreaterThan(0);
    for (const sample of record.samples) {
      const { node, values } = sampleNode(record, sample);
      const [result] = run([node], values);
      expect(result?.shape).toEqual(node.shape);
      expect(result?.dtype).toBe(node.dtype);
      expect(result?.data.length).toBe(elementCount(node.shape));
      expect(result?.data.every(Number.isFinite)).toBe(true);
      if (node.dtype !== "f32") expect(result?.data.every(Number.isInteger)).toBe(true);
      expect(record.flops(node as never)).toBeGreaterThanOrEqual(0);
    }
  });

  test("refuses a wrong number of operands", () => {
    const sample = at(record.samples, 0);
    const type = { shape: [2], dtype: "f32" as const };
    const wrong = key === "concat" || key === "recompute" ? [] : [...sample.inputs, type];
    expect(() => record.type(wrong, sample.attributes)).toThrow();
  });
});

test("floating-point operations of a matrix product and of an LSTM", () => {
  const g = new GraphBuilder(ops);
  const product = g.matmul(inputNode(g, "a", [5, 2, 3]), inputNode(g, "b", [5, 3, 4]));
  expect(product.op === "matmul" && ops.matmul.flops(product)).toBe(2 * 5 * 2 * 3 * 4);
  const lengths = inputNode(g, "lengths", [2], "i32");
  const lstm = g.node("lstm", [inputNode(g, "x", [2, 7, 32]), inputNode(g, "w", [32, 8]), lengths], {
    reverse: false,
  });
  // Four gates of H x H products, and the work on each state.
  expect(lstm.op === "lstm" && ops.lstm.flops(lstm)).toBe(2 * 7 * (2 * 4 * 8 * 8 + 13 * 8));
});
