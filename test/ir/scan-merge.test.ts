/** Decoders that run freely, on their own states: the weights of input and state act as their sum, in the library and in a cell of one's own. */
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { at } from "../../src/base/invariant.ts";
import type { Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { printNodes } from "../../src/ir/graph-print.ts";
import { topologicalOrder } from "../../src/ir/graph-walk.ts";
import { buildScan } from "../../src/ir/scan-build.ts";
import { ops } from "../../src/ops/index.ts";
import { TestModel } from "../support/elaborate.ts";
import { inputNode, run, sampleTensor } from "../support/tensors.ts";

const [rows, units, steps] = [3, 4, 5];

/** The last state of h' = tanh(h W_x + b + h W_h), by a scan and written out, each with its gradients by the weights. */
function freeRunning(): { readonly scanned: readonly Node[]; readonly unrolled: readonly Node[] } {
  const g = new GraphBuilder(ops);
  const h = inputNode(g, "h", [rows, units]);
  const weights = ["given", "carried"].map((name) => inputNode(g, name, [units, units]));
  const [start, b] = [inputNode(g, "start", [rows, units]), inputNode(g, "b", [units])];
  const next = (before: Node) => {
    const [given, carried] = weights.map((weight) => g.matmul(before, weight));
    return g.tanh(g.add(g.add(at([given], 0) as Node, b), at([carried], 0) as Node));
  };
  const states = [{ before: h, initial: start, next: next(h) }];
  const { last } = buildScan(g, { steps, reverse: false, states, sequences: [], outputs: [], sums: [] });
  const unrolled = Array.from({ length: steps }).reduce<Node>((before) => next(before), start);
  const withGradients = (state: Node) => [
    state,
    ...gradient(g, ops, g.mean(g.sin(state)), [...weights, start]),
  ];
  return { scanned: withGradients(at(last, 0)), unrolled: withGradients(unrolled) };
}

/** Products in the steps of all scans that results need. */
function productsInLoops(results: readonly Node[]): number[] {
  return topologicalOrder(results).flatMap((node) =>
    node.op === "scan" ? [node.attributes.body.nodes().filter(({ op }) => op === "matmul").length] : [],
  );
}

describe("a scan whose step multiplies its state twice", () => {
  test("multiplies it once, by the sum of the weights, on the way there and on the way back", () => {
    const { scanned } = freeRunning();
    expect(productsInLoops(scanned)).toEqual([1, 1]);
    expect(printNodes([at(scanned, 0)])).toMatchInlineSnapshot(`
      "%0 = input f32[3, 4] start from start[0]
      %1 = input f32[4, 4] given from given[0]
      %2 = input f32[4, 4] carried from carried[0]
      %3 = add f32[4, 4] (%1, %2)
      %4 = input f32[4] b from b[0]
      %5 = scan f32[6, 64] (%0, %3, %4) {steps = 5, reverse = false, operands = [0: initial, 1: constant, 2: constant]}
          %0 = input f32[4] operand 2 from operand 2[0]
          %1 = reshape f32[1, 4] (%0)
          %2 = broadcast f32[3, 4] (%1)
          %3 = input f32[3, 4] state 0 from state[0]
          %4 = input f32[4, 4] operand 1 from operand 1[0]
          %5 = matmul f32[3, 4] (%3, %4)
          %6 = add f32[3, 4] (%2, %5)
          %7 = tanh f32[3, 4] (%6)
          store state 0 = %7 to next[0]
      %6 = slice f32[1, 12] (%5) {start = [5, 0], size = [1, 12]}
      %7 = reshape f32[3, 4] (%6)"
    `);
  });

  test("has the same values and gradients as the steps one after another", () => {
    const { scanned, unrolled } = freeRunning();
    const shapes = { given: [units, units], carried: [units, units], start: [rows, units], b: [units] };
    const values = new Map(
      Object.entries(shapes).map(([name, shape], key) => [
        name,
        sampleTensor({ shape, dtype: "f32", low: -1, high: 1 }, key),
      ]),
    );
    const [want, got] = [run(unrolled, values), run(scanned, values)];
    for (const [index, { data }] of want.entries())
      for (const [place, value] of data.entries())
        expect(at(got, index).data[place], `result ${index}`).toBeCloseTo(value, 11);
  });
});

test("FreeRunningLstm of the library has one product a step, by the sum of its weights", () => {
  const source = `import std.sequence (FreeRunningLstm)
model M {
  input code : f32[B, D]
  input like : f32[B, T]
  states = FreeRunningLstm()(code, like)
}`;
  const [B, D, T] = [2, 3, 4];
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => Math.sin(index));
  const inputs = { code: { values: numbers(B * D) }, like: { values: numbers(B * T) } };
  const model = new TestModel(source, { sizes: { B, D, T }, inputs });
  const nodes = topologicalOrder([model.model.value("states").node]);
  const [lstm, ...others] = nodes.filter(({ op }) => op === "lstm");
  expect(others).toEqual([]);
  // The product of the code with the input weights, and nothing for every step.
  expect(nodes.filter(({ op }) => op === "matmul").map(({ shape }) => shape)).toEqual([[B, 4 * D]]);
  const weights = lstm?.inputs
    .map((input) => printNodes([input]))
    .find((text) => text.includes("recurrent_weight"));
  expect(weights).toContain("add");
  expect(weights).toContain("input_weight");
});
