/** Every derivative against finite differences, for every sample of every record: alone, and inside a composition. */
import { describe, expect, test } from "vitest";
import type { Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import type { OpRecord, OpSample, Tensor } from "../../src/ir/op.ts";
import type { OpName } from "../../src/ir/op-table.ts";
import { ops } from "../../src/ops/index.ts";
import { checkGradient, weightedLoss } from "../support/finite-differences.ts";
import { inputNode, sampleTensor } from "../support/tensors.ts";

/** Operations that say that they have another derivative than their values show. */
const DECLARED: readonly OpName[] = ["stop_gradient", "scale_gradient"];
/** Its derivative looks at the node behind the lists; covered through `take` and by a test of its own. */
const THROUGH_OTHERS: readonly OpName[] = ["scatter_add"];
/** The gates in the result are for the way back only. */
const STATE_FIELDS: Partial<Record<OpName, readonly [first: number, fields: number]>> = {
  lstm: [4, 6],
  gru: [4, 5],
};

function records(): OpRecord<OpName>[] {
  return Object.values(ops).filter(
    ({ name, derivative }) =>
      derivative !== null && !DECLARED.includes(name) && !THROUGH_OTHERS.includes(name),
  ) as unknown as OpRecord<OpName>[];
}

interface Case {
  readonly g: GraphBuilder;
  readonly inputs: Map<string, Node>;
  readonly values: Map<string, Tensor>;
}

function makeCase(sample: OpSample<OpName>): Case {
  const g = new GraphBuilder(ops);
  const inputs = new Map<string, Node>();
  const values = new Map<string, Tensor>();
  sample.inputs.forEach((operand, index) => {
    inputs.set(`x${index}`, inputNode(g, `x${index}`, operand.shape, operand.dtype));
    values.set(`x${index}`, sampleTensor(operand, index + 1));
  });
  return { g, inputs, values };
}

/** What a user sees of a result. */
function visible(g: GraphBuilder, name: OpName, node: Node): Node {
  const fields = STATE_FIELDS[name];
  if (fields === undefined) return g.cast(node, "f32");
  const width = (node.shape.at(-1) ?? 0) / fields[1];
  return g.sliceAxis(node, -1, fields[0] * width, (fields[1] - fields[0]) * width);
}

describe.each(records().map((record) => ({ name: record.name, record })))("$name", ({ name, record }) => {
  test("has samples", () => {
    expect(record.samples.length).toBeGreaterThan(0);
  });

  test.each(record.samples.map((sample, index) => ({ index, sample })))(
    "sample $index alone",
    ({ sample }) => {
      const { g, inputs, values } = makeCase(sample);
      const result = visible(g, name, g.node(name, [...inputs.values()], sample.attributes));
      checkGradient(g, weightedLoss(g, result, values), inputs, values);
    },
  );

  test.each(record.samples.map((sample, index) => ({ index, sample })))(
    "sample $index composed",
    ({ sample }) => {
      const { g, inputs, values } = makeCase(sample);
      // Smooth maps of [low, high] into itself before, a nonlinear function after, and a second use of the operands.
      const squeezed = [...inputs.values()].map((node, index) => {
        const operand = sample.inputs[index];
        if (node.dtype !== "f32" || operand === undefined) return node;
        const [middle, half] = [(operand.low + operand.high) / 2, (operand.high - operand.low) / 2];
        return half === 0 ? node : g.add(g.mul(g.sin(g.div(g.sub(node, middle), half)), half), middle);
      });
      const result = visible(g, name, g.node(name, squeezed, sample.attributes));
      const curved = g.add(g.tanh(g.mul(result, 0.3)), g.mul(result, result));
      const extra = squeezed.filter((node) => node.dtype === "f32").map((node) => g.sum(g.mul(node, node)));
      const loss = extra.reduce((total, term) => g.add(total, term), weightedLoss(g, curved, values));
      checkGradient(g, loss, inputs, values);
    },
  );
});

test("scatter_add passes its cotangent back to the positions of each row", () => {
  const g = new GraphBuilder(ops);
  const ids = inputNode(g, "ids", [4], "i32");
  const updates = inputNode(g, "updates", [4, 2]);
  const values = new Map<string, Tensor>([
    ["ids", sampleTensor({ shape: [4], dtype: "i32", low: 0, high: 0, values: [2, 0, 2, 0] }, 1)],
    ["updates", sampleTensor({ shape: [4, 2], dtype: "f32", low: -1, high: 1 }, 2)],
  ]);
  const result = g.scatterAdd(ids, updates, 3);
  const loss = weightedLoss(g, g.mul(result, result), values);
  checkGradient(g, loss, new Map([["updates", updates]]), values);
});

test("recurrences of a single step have no recurrent weights to learn", () => {
  const g = new GraphBuilder(ops);
  const inputs = new Map<string, Node>([
    ["x", inputNode(g, "x", [2, 1, 8])],
    ["w", inputNode(g, "w", [8, 2])],
    ["lengths", inputNode(g, "lengths", [2], "i32")],
  ]);
  const values = new Map<string, Tensor>([
    ["x", sampleTensor({ shape: [2, 1, 8], dtype: "f32", low: -1, high: 1 }, 1)],
    ["w", sampleTensor({ shape: [8, 2], dtype: "f32", low: -1, high: 1 }, 2)],
    ["lengths", sampleTensor({ shape: [2], dtype: "i32", low: 1, high: 1 }, 3)],
  ]);
  const states = g.sliceAxis(g.node("lstm", [...inputs.values()], { reverse: false }), 2, 8, 4);
  checkGradient(g, weightedLoss(g, states, values), inputs, values);
});
