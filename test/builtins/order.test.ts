/** Sorting, the largest elements and medians on small numbers: values, ties, padding, absent rows, gradients. */
import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import { TestModel } from "../support/elaborate.ts";
import { checkGradient, weightedLoss } from "../support/finite-differences.ts";
import { inputNode, sampleTensor } from "../support/tensors.ts";

/** x is [2, 4], with equals in its first row. */
function matrix(statement: string): TestModel {
  return new TestModel(`model M {\n  input x : f32[B, D]\n  y = ${statement}\n}`, {
    sizes: { B: 2, D: 4 },
    inputs: { x: { values: [3, 1, 3, 2, -1, 5, 0, -4] } },
  });
}

/** x is ragged: [4, 2, padding], [6, 4, 5], none. */
function ragged(statement: string): TestModel {
  return new TestModel(`model M {\n  input x : f32[B, T~]\n  y = ${statement}\n}`, {
    sizes: { B: 3, T: 3 },
    inputs: { x: { values: [4, 2, -9, 6, 4, 5, 7, 7, 7], lengths: [2, 3, 0] } },
  });
}

describe("along an axis", () => {
  test.each([
    ["sort(x)", [2, 4], [1, 2, 3, 3, -4, -1, 0, 5]],
    ["sort(x, descending = true)", [2, 4], [3, 3, 2, 1, 5, 0, -1, -4]],
    ["sort(x, axis = B)", [2, 4], [-1, 1, 0, -4, 3, 5, 3, 2]],
    ["float(argsort(x))", [2, 4], [1, 3, 0, 2, 3, 0, 2, 1]],
    ["float(argsort(x, descending = true))", [2, 4], [0, 2, 3, 1, 1, 2, 0, 3]],
    ["top_k(x, 2).values", [2, 2], [3, 3, 5, 0]],
    ["float(top_k(x, 2).positions)", [2, 2], [0, 2, 1, 2]],
    ["top_k(x, 1, axis = B).values", [1, 4], [3, 5, 3, 2]],
    ["float(argmax(x))", [2], [0, 1]],
    ["float(argmin(x))", [2], [1, 3]],
    ["float(argmax(x, axis = B))", [4], [0, 1, 0, 0]],
    ["gather(10 * x, argsort(x))", [2, 4], [10, 20, 30, 30, -40, -10, 0, 50]],
    ["median(x)", [], [1.5]],
    ["median(x, axis = D)", [2], [2.5, -0.5]],
    ["median(x, axis = B)", [4], [1, 3, 1.5, -1]],
    ["median(x, axis = [B, D], among = x > 0)", [], [3]],
    ["median(x, axis = D, among = x > 4)", [2], [0, 5]],
    ["median(x, axis = D, among = index(D) > 0)", [2], [2, 0]],
  ])("%s", (statement, shape, values) => {
    const model = matrix(statement);
    expect(model.shape("y")).toEqual(shape);
    expect(model.values("y")).toEqual(values);
  });

  test("padding stays behind and takes no part", () => {
    expect(ragged("fill(sort(x), 0)").values("y")).toEqual([2, 4, 0, 4, 5, 6, 0, 0, 0]);
    expect(ragged("fill(sort(x, descending = true), 0)").values("y")).toEqual([4, 2, 0, 6, 5, 4, 0, 0, 0]);
    expect(ragged("sum(top_k(x, 2).values, axis = 2)").values("y")).toEqual([6, 11, 0]);
    expect(ragged("length(top_k(x, 2).values, axis = 2)").values("y")).toEqual([2, 2, 0]);
    expect(ragged("float(argmin(x))").values("y")).toEqual([1, 1, 0]);
    expect(ragged("median(x, axis = T)").values("y")).toEqual([3, 5, 0]);
    expect(ragged("median(x)").values("y")).toEqual([4]);
  });

  test("absent rows come last and take no part", () => {
    const rows = (statement: string) =>
      new TestModel(`model M {\n  input x : f32[B]\n  y = ${statement}\n}`, {
        sizes: { B: 5 },
        inputs: { x: { values: [3, -9, 1, 9, 2], present: [true, false, true, false, true] } },
      }).values("y");
    expect(rows("sort(x, axis = B)").slice(0, 3)).toEqual([1, 2, 3]);
    expect(rows("sum(sort(x, axis = B))")).toEqual([6]);
    expect(rows("sum(top_k(x, 2, axis = B).values)")).toEqual([5]);
    expect(rows("float(argmax(x))")).toEqual([0]);
    expect(rows("median(x)")).toEqual([2]);
  });
});

describe("gradients", () => {
  test.each([
    ["sum(sort(x) * index(D))", [2, 0, 3, 1, 1, 3, 2, 0]],
    ["sum(top_k(x, 2).values)", [1, 0, 1, 0, 0, 1, 1, 0]],
    ["sum(top_k(x, 1, axis = B).values)", [1, 0, 1, 1, 0, 1, 0, 0]],
    ["sum(median(x, axis = D))", [0.5, 0, 0, 0.5, 0.5, 0, 0.5, 0]],
  ])("of %s goes back to what was chosen", (statement, want) => {
    expect(matrix(statement).gradient("y", "x")).toEqual(want);
  });

  test("of a whole order and of a part of it", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [2, 6]);
    // Far enough apart that differences do not change the order.
    const apart = [0.4, -1, 1.3, 0.9, -0.2, 2, 0.1, 1.7, -1.5, 0.6, -0.7, 1.1];
    const values = new Map([
      ["x", sampleTensor({ shape: [2, 6], dtype: "f32", low: -2, high: 2, values: apart }, 3)],
    ]);
    const order = g.argsort(x);
    const part = g.gather(x, g.sliceAxis(order, -1, 1, 3));
    const loss = g.add(
      weightedLoss(g, g.power(g.gather(x, order), 3), values),
      g.sum(g.mul(part, g.tanh(g.sliceAxis(x, -1, 0, 3)))),
    );
    checkGradient(g, loss, new Map([["x", x]]), values);
  });
});
