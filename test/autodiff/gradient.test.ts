import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { topologicalOrder } from "../../src/ir/graph-walk.ts";
import { ops } from "../../src/ops/index.ts";
import { checkGradient, weightedLoss } from "../support/finite-differences.ts";
import { randomGraphs } from "../support/random-graph.ts";
import { inputNode, tensor, valuesOf } from "../support/tensors.ts";

function derivativeAt(make: (g: GraphBuilder, x: Node) => Node, values: readonly number[]): number[] {
  const g = new GraphBuilder(ops);
  const x = inputNode(g, "x", [values.length]);
  const [dx] = gradient(g, ops, g.sum(make(g, x)), [x]);
  return dx === undefined ? [] : valuesOf(dx, new Map([["x", tensor([values.length], values)]]));
}

test("gradients of random smooth graphs equal central differences", () => {
  fc.assert(
    fc.property(randomGraphs({ steps: 10, smooth: true }), ({ g, inputs, values, results }) => {
      const total = results.map((node) => g.mean(node)).reduce((sum, term) => g.add(sum, term));
      const first = results[0];
      const loss = first === undefined ? total : g.add(total, weightedLoss(g, first, values));
      checkGradient(g, loss, inputs, values, 1e-5);
    }),
    { numRuns: 150, seed: 7 },
  );
});

describe("conventions at kinks", () => {
  test("the slope of the absolute value at 0 is 0", () => {
    expect(derivativeAt((g, x) => g.abs(x), [-2, 0, 3])).toEqual([-1, 0, 1]);
  });

  test("ties of maximum and minimum give half to each side", () => {
    expect(derivativeAt((g, x) => g.maximum(x, 0), [-1, 0, 1])).toEqual([0, 0.5, 1]);
    expect(derivativeAt((g, x) => g.minimum(0, x), [-1, 0, 1])).toEqual([1, 0.5, 0]);
  });

  test("a maximum over an axis shares its derivative among equal elements", () => {
    expect(derivativeAt((g, x) => g.max(x), [3, 1, 3, 3])).toEqual([1 / 3, 0, 1 / 3, 1 / 3]);
  });

  test("an operand that where replaces by a safe one lets no NaN through", () => {
    const guarded = (g: GraphBuilder, x: Node) => {
      const positive = g.less(0, x);
      return g.where(positive, g.log(g.where(positive, x, 1)), 0);
    };
    expect(derivativeAt(guarded, [-1, 0, 4])).toEqual([0, 0, 0.25]);
  });
});

describe("flow", () => {
  test("stop_gradient stops and scale_gradient scales", () => {
    const stopped = (g: GraphBuilder, x: Node) => g.mul(g.stopGradient(x), x);
    expect(derivativeAt(stopped, [2, 3])).toEqual([2, 3]);
    expect(derivativeAt((g, x) => g.scaleGradient(g.mul(x, 4), -0.5), [1, 1])).toEqual([-2, -2]);
  });

  test("every use of a node adds its share", () => {
    expect(derivativeAt((g, x) => g.add(g.mul(x, x), g.mul(x, 3)), [1, 2])).toEqual([5, 7]);
  });

  test("what the loss does not depend on has a zero gradient", () => {
    const g = new GraphBuilder(ops);
    const [x, y] = [inputNode(g, "x", [2]), inputNode(g, "y", [3])];
    const [dx, dy] = gradient(g, ops, g.sum(x), [x, y]);
    expect(dx === undefined ? [] : valuesOf(dx)).toEqual([1, 1]);
    expect(dy === undefined ? [] : valuesOf(dy)).toEqual([0, 0, 0]);
  });

  test("nothing is derived that no asked-for node needs", () => {
    const g = new GraphBuilder(ops);
    const [x, w] = [inputNode(g, "x", [2, 3]), inputNode(g, "w", [3, 4])];
    const [dw] = gradient(g, ops, g.sum(g.matmul(g.tanh(x), w)), [w]);
    if (dw === undefined) throw new Error("no gradient");
    const products = topologicalOrder([dw]).filter((node) => node.op === "matmul");
    expect(products.map((node) => node.shape)).toEqual([[3, 4]]);
  });

  test("gradients of intermediate nodes are available", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [2]);
    const h = g.mul(x, 3);
    const [dh, dx] = gradient(g, ops, g.sum(g.mul(h, h)), [h, x]);
    const values = new Map([["x", tensor([2], [1, 2])]]);
    expect(dh === undefined ? [] : valuesOf(dh, values)).toEqual([6, 12]);
    expect(dx === undefined ? [] : valuesOf(dx, values)).toEqual([18, 36]);
  });

  test("a chain much deeper than the call stack", () => {
    const deep = (g: GraphBuilder, x: Node) => {
      let node = x;
      for (let level = 0; level < 20000; level++) node = g.add(g.mul(node, -1), 1);
      return node;
    };
    expect(derivativeAt(deep, [0.3])).toEqual([1]);
  });

  test("derived nodes point to the place of what they derive", () => {
    const g = new GraphBuilder(ops);
    const origin = { source: { path: "a.mird", text: "y = tanh(x)" }, start: 4, end: 11 };
    const x = inputNode(g, "x", [2]);
    const y = g.withOrigin(origin, () => g.tanh(x));
    const [dx] = gradient(g, ops, g.sum(y), [x]);
    expect(dx?.origin).toBe(origin);
  });

  test("a loss that is not a scalar is a mistake of the caller", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [2]);
    expect(() => gradient(g, ops, x, [x])).toThrow("the loss has the shape [2]");
  });

  test("second derivatives, by differentiating a gradient", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [2]);
    const [dx] = gradient(g, ops, g.sum(g.power(x, 3)), [x]);
    const [ddx] = gradient(g, ops, g.sum(dx ?? x), [x]);
    expect(ddx === undefined ? [] : valuesOf(ddx, new Map([["x", tensor([2], [1, 2])]]))).toEqual([6, 12]);
  });
});
