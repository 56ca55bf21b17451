import { describe, expect, test } from "vitest";
import { CompilerBug } from "../../src/base/invariant.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import { inputNode, tensor, valuesOf } from "../support/tensors.ts";

describe("sharing", () => {
  test("equal operations on equal operands are one node", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [2, 3]);
    expect(g.tanh(g.add(x, 1))).toBe(g.tanh(g.add(x, 1)));
    expect(g.power(x, 2)).not.toBe(g.power(x, 3));
  });

  test("the order in which attributes are written does not matter, and -0 and NaN are values of their own", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [4]);
    const slice = g.node("slice", [x], { start: [1], size: [2] });
    expect(g.node("slice", [x], { size: [2], start: [1] })).toBe(slice);
    const constants = [0, -0, Number.NaN, Number.POSITIVE_INFINITY].map((value) => g.constant(value));
    expect(new Set(constants).size).toBe(4);
  });

  test("a shared node keeps the place that asked first", () => {
    const g = new GraphBuilder(ops);
    const source = { path: "a.mird", text: "tanh(x) + tanh(x)" };
    const x = inputNode(g, "x", [2]);
    const [first, second] = [0, 10].map((start) =>
      g.withOrigin({ source, start, end: start + 7 }, () => g.tanh(x)),
    );
    expect(second).toBe(first);
    expect(first?.origin?.start).toBe(0);
    expect(g.exp(x).origin).toBeNull();
  });

  test("nodes of different builders do not mix", () => {
    const x = inputNode(new GraphBuilder(ops), "x", [2]);
    expect(() => new GraphBuilder(ops).tanh(x)).toThrow(CompilerBug);
  });
});

describe("broadcasting", () => {
  test("shapes are aligned at the right", () => {
    const g = new GraphBuilder(ops);
    const sum = g.add(inputNode(g, "x", [2, 1, 3]), inputNode(g, "y", [4, 1]));
    expect(sum.shape).toEqual([2, 4, 3]);
    const values = new Map([
      ["x", tensor([2, 1, 3], [1, 2, 3, 4, 5, 6])],
      ["y", tensor([4, 1], [10, 20, 30, 40])],
    ]);
    expect(valuesOf(sum, values)).toEqual([
      11, 12, 13, 21, 22, 23, 31, 32, 33, 41, 42, 43, 14, 15, 16, 24, 25, 26, 34, 35, 36, 44, 45, 46,
    ]);
  });

  test("shapes that do not fit are named", () => {
    const g = new GraphBuilder(ops);
    const [x, y] = [inputNode(g, "x", [2, 3]), inputNode(g, "y", [2])];
    expect(() => g.add(x, y)).toThrow("shapes do not broadcast: [2, 3] and [2]");
  });

  test("numbers take the type of the other operand", () => {
    const g = new GraphBuilder(ops);
    expect(g.add(1, inputNode(g, "i", [2], "i32")).dtype).toBe("i32");
    expect(g.add(1, 2).dtype).toBe("f32");
    expect(g.where(inputNode(g, "b", [2], "bool"), 1, 0).shape).toEqual([2]);
  });
});

describe("simplifications at construction", () => {
  test("neutral operands and identities return the operand", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [2, 3]);
    const b = inputNode(g, "b", [2, 3], "bool");
    const same = [
      g.add(x, 0),
      g.add(0, x),
      g.sub(x, 0),
      g.mul(1, x),
      g.div(x, 1),
      g.neg(g.neg(x)),
      g.power(x, 1),
      g.cast(x, "f32"),
      g.reshape(g.reshape(x, [6]), [2, 3]),
      g.transpose(g.transpose(x, [1, 0]), [1, 0]),
      g.broadcastTo(x, [2, 3]),
      g.slice(x, [0, 0], [2, 3]),
      g.pad(x, [0, 0], [0, 0]),
      g.concat([x], 0),
      g.maximum(x, x),
      g.where(b, x, x),
      g.sum(x, []),
    ];
    for (const node of same) expect(node).toBe(x);
    for (const node of [g.and(b, 1), g.or(0, b), g.not(g.not(b)), g.and(b, b)]) expect(node).toBe(b);
    expect(g.or(b, 1)).toBe(g.full([2, 3], 1, "bool"));
  });

  test("numbers are computed, unless a target could not write the result", () => {
    const g = new GraphBuilder(ops);
    const scalar = g.mul(g.add(g.constant(2), 3), 4);
    expect(scalar.op === "constant" && scalar.attributes.value).toBe(20);
    expect(g.exp(g.full([2, 2], 0))).toBe(g.full([2, 2], 1));
    expect(g.exp(g.constant(1000)).op).toBe("exp");
    expect(g.div(g.constant(1), 0).op).toBe("divide");
  });

  test("slices and broadcasts of the same kind merge", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [4, 1]);
    const slice = g.sliceAxis(g.sliceAxis(x, 0, 1, 3), 0, 1, 2);
    expect(slice.inputs[0]).toBe(x);
    expect(slice.op === "slice" && slice.attributes.start).toEqual([2, 0]);
    expect(g.broadcastTo(x, [4, 5])).toBe(g.broadcastTo(g.broadcastTo(x, [4, 5]), [4, 5]));
  });
});

describe("matrix products", () => {
  const shapes: [number[], number[], number[]][] = [
    [
      [2, 3],
      [3, 4],
      [2, 4],
    ],
    [
      [5, 2, 3],
      [3, 4],
      [5, 2, 4],
    ],
    [
      [6, 5, 2, 3],
      [3, 4],
      [6, 5, 2, 4],
    ],
    [
      [2, 3],
      [5, 3, 4],
      [5, 2, 4],
    ],
    [
      [5, 1, 2, 3],
      [6, 3, 4],
      [5, 6, 2, 4],
    ],
  ];
  test.each(shapes)("%j x %j -> %j", (a, b, result) => {
    const g = new GraphBuilder(ops);
    expect(g.matmul(inputNode(g, "a", a), inputNode(g, "b", b)).shape).toEqual(result);
  });

  test("inner extents must agree", () => {
    const g = new GraphBuilder(ops);
    const [a, b] = [inputNode(g, "a", [2, 3]), inputNode(g, "b", [4, 5])];
    expect(() => g.matmul(a, b)).toThrow("matmul of f32[2, 3] and f32[4, 5]");
  });
});

test("reductions drop their axes unless asked to keep them; axes count from the end when negative", () => {
  const g = new GraphBuilder(ops);
  const x = inputNode(g, "x", [2, 3, 4]);
  expect(g.sum(x).shape).toEqual([]);
  expect(g.max(x, [-1]).shape).toEqual([2, 3]);
  expect(g.mean(x, [0, 2], { keep: true }).shape).toEqual([1, 3, 1]);
  const values = new Map([
    [
      "x",
      tensor(
        [2, 3, 4],
        Array.from({ length: 24 }, (_, index) => index),
      ),
    ],
  ]);
  expect(valuesOf(g.min(x, [1, 2]), values)).toEqual([0, 12]);
  expect(valuesOf(g.mean(x, [0, 2]), values)).toEqual([7.5, 11.5, 15.5]);
  expect(() => g.sum(x, [3])).toThrow("axis 3 is outside rank 3");
});
