/** The reference evaluation at points where the answer is known from elsewhere. */
import { describe, expect, test } from "vitest";
import { threefry2x32, uniformFromBits } from "../../src/base/random.ts";
import type { Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import type { Tensor } from "../../src/ir/op.ts";
import { ops } from "../../src/ops/index.ts";
import { inputNode, sampleTensor, tensor, valuesOf } from "../support/tensors.ts";

/** The result of a unary operation on some numbers. */
function unary(
  make: (g: GraphBuilder, x: Node) => Node,
  values: readonly number[],
  dtype: "f32" | "i32" = "f32",
): number[] {
  const g = new GraphBuilder(ops);
  const x = inputNode(g, "x", [values.length], dtype);
  return valuesOf(make(g, x), new Map([["x", tensor([values.length], values, dtype)]]));
}

function expectClose(got: readonly number[], want: readonly number[], tolerance: number): void {
  expect(got.length).toBe(want.length);
  want.forEach((value, index) => {
    const error = Math.abs((got[index] ?? Number.NaN) - value) / Math.max(Math.abs(value), 1e-300);
    expect(error, `element ${index}: ${got[index]} instead of ${value}`).toBeLessThanOrEqual(tolerance);
  });
}

describe("scalar functions", () => {
  test("erf to the last digits, on both sides of the change of method", () => {
    const points = [0.1, 0.5, 1, 2, 2.4999, 2.5, 3, 5];
    const want = [
      0.1124629160182849, 0.5204998778130465, 0.8427007929497149, 0.9953222650189527, 0.9995928300996666,
      0.999593047982555, 0.9999779095030014, 0.9999999999984626,
    ];
    expectClose(
      unary((g, x) => g.erf(x), points),
      want,
      4e-16 * 4,
    );
    expectClose(
      unary(
        (g, x) => g.erf(x),
        points.map((x) => -x),
      ),
      want.map((y) => -y),
      4e-16 * 4,
    );
    expect(unary((g, x) => g.erf(x), [0, 1e4, -1e4])).toEqual([0, 1, -1]);
  });

  test("nothing overflows far out", () => {
    expect(unary((g, x) => g.sigmoid(x), [-1e4, 0, 1e4])).toEqual([0, 0.5, 1]);
    expect(unary((g, x) => g.softplus(x), [-1e4, 1e4])).toEqual([0, 1e4]);
    expect(unary((g, x) => g.tanh(x), [-1e4, 1e4])).toEqual([-1, 1]);
    expectClose(
      unary((g, x) => g.softplus(x), [-30]),
      [Math.exp(-30)],
      1e-12,
    );
    expectClose(
      unary((g, x) => g.sigmoid(x), [-30]),
      [Math.exp(-30)],
      1e-12,
    );
  });

  test("halves are rounded to even", () => {
    expect(unary((g, x) => g.round(x), [0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, -2.6])).toEqual([
      0, 2, 2, 0, -2, 2, -3,
    ]);
  });

  test("whole powers of negative numbers", () => {
    expect(unary((g, x) => g.power(x, 3), [-2, 3])).toEqual([-8, 27]);
    expect(unary((g, x) => g.power(x, -2), [-2, 4])).toEqual([0.25, 0.0625]);
    expectClose(
      unary((g, x) => g.power(x, 2.5), [2]),
      [2 ** 2.5],
      1e-15,
    );
  });

  test("casts go towards zero, and to bool by being different from zero", () => {
    expect(unary((g, x) => g.cast(x, "i32"), [1.9, -1.9])).toEqual([1, -1]);
    expect(unary((g, x) => g.cast(x, "bool"), [0, -0.5])).toEqual([0, 1]);
  });
});

describe("whole numbers", () => {
  test("quotients go towards zero and remainders take the sign of the dividend", () => {
    expect(unary((g, x) => g.integerDivide(x, 3), [7, -7, -1], "i32")).toEqual([2, -2, 0]);
    expect(unary((g, x) => g.remainder(x, 3), [7, -7, -3], "i32")).toEqual([1, -1, 0]);
  });

  test("sums and products wrap as on the device", () => {
    expect(unary((g, x) => g.add(x, 1), [2147483647], "i32")).toEqual([-2147483648]);
    expect(unary((g, x) => g.mul(x, 65537), [65537], "i32")).toEqual([131073]);
  });
});

describe("random numbers", () => {
  test("Threefry-2x32-20 gives the known answers of Random123", () => {
    expect(threefry2x32(0, 0, 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
    expect(threefry2x32(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(threefry2x32(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
  });

  function draw(distribution: "uniform" | "normal", seed: number, counter: number, count = 4000): number[] {
    const g = new GraphBuilder(ops);
    const node = g.random(distribution, [count], 5, inputNode(g, "state", [2], "i32"));
    return valuesOf(node, new Map([["state", tensor([2], [seed, counter], "i32")]]));
  }

  test("an element depends on (seed, site), its position and the counter", () => {
    const [, , third] = draw("uniform", 11, 3, 4);
    expect(third).toBe(uniformFromBits(threefry2x32(11, 5, 2, 3)[0]));
    expect(draw("uniform", 11, 3, 4)).not.toEqual(draw("uniform", 11, 4, 4));
    // Far beyond what a double could hold together with the position.
    expect(draw("uniform", 11, 2147483647, 2)).not.toEqual(draw("uniform", 11, 2147483646, 2));
  });

  test("moments", () => {
    const moments = (values: readonly number[]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length];
    };
    const [mean, variance] = moments(draw("uniform", 1, 0));
    expect(mean).toBeCloseTo(0.5, 1);
    expect(variance).toBeCloseTo(1 / 12, 2);
    const [normalMean, normalVariance] = moments(draw("normal", 1, 0));
    expect(Math.abs(normalMean ?? 1)).toBeLessThan(0.05);
    expect(Math.abs((normalVariance ?? 0) - 1)).toBeLessThan(0.08);
  });
});

describe("indexing", () => {
  test("occurrences link the positions of each row in order, and scatter_add sums along them", () => {
    const g = new GraphBuilder(ops);
    const ids = inputNode(g, "ids", [5], "i32");
    const values = new Map([["ids", tensor([5], [2, 0, 2, 2, 0], "i32")]]);
    expect(valuesOf(g.node("occurrences", [ids], { rows: 3 }), values)).toEqual([1, -1, 0, 2, 4, 3, -1, -1]);
    values.set("u", tensor([5], [1, 10, 100, 1000, 10000]));
    expect(valuesOf(g.scatterAdd(ids, inputNode(g, "u", [5]), 3), values)).toEqual([10010, 0, 1101]);
  });

  test("an id outside the table is refused", () => {
    const g = new GraphBuilder(ops);
    const rows = g.take(inputNode(g, "table", [3, 2]), inputNode(g, "ids", [1], "i32"));
    const values = (id: number) =>
      new Map([
        ["table", tensor([3, 2], [1, 2, 3, 4, 5, 6])],
        ["ids", tensor([1], [id], "i32")],
      ]);
    expect(valuesOf(rows, values(2))).toEqual([5, 6]);
    expect(() => valuesOf(rows, values(3))).toThrow("id 3 is outside 0..2");
    expect(() => valuesOf(rows, values(-1))).toThrow("id -1 is outside 0..2");
  });
});

describe("sparsemax", () => {
  function sparsemax(scores: readonly number[], mask: readonly number[]): number[] {
    const g = new GraphBuilder(ops);
    const node = g.sparsemax(
      inputNode(g, "s", [1, scores.length]),
      inputNode(g, "m", [1, scores.length], "bool"),
    );
    return valuesOf(
      node,
      new Map([
        ["s", tensor([1, scores.length], scores)],
        ["m", tensor([1, mask.length], mask, "bool")],
      ]),
    );
  }

  test("small cases by hand", () => {
    expect(sparsemax([1, 1, -5], [1, 1, 1])).toEqual([0.5, 0.5, 0]);
    expect(sparsemax([3, 0, 0], [1, 1, 1])).toEqual([1, 0, 0]);
    expect(sparsemax([0.5, 0.25, 9], [1, 1, 0])).toEqual([0.625, 0.375, 0]);
    expect(sparsemax([4, 4], [0, 0])).toEqual([0, 0]);
  });

  test("is the nearest point of the simplex, found by bisection", () => {
    const scores = Array.from(sampleTensor({ shape: [9], dtype: "f32", low: -1, high: 1 }, 3).data);
    let [low, high] = [-3, 3];
    for (let step = 0; step < 100; step++) {
      const middle = (low + high) / 2;
      const total = scores.reduce((sum, score) => sum + Math.max(score - middle, 0), 0);
      if (total > 1) low = middle;
      else high = middle;
    }
    const want = scores.map((score) => Math.max(score - low, 0));
    sparsemax(
      scores,
      scores.map(() => 1),
    ).forEach((value, index) => {
      expect(value).toBeCloseTo(want[index] ?? Number.NaN, 12);
    });
  });
});

describe("recurrences", () => {
  const [batch, time, hidden] = [3, 4, 2];
  const lengths = [4, 2, 1];

  function values(gates: number): Map<string, Tensor> {
    const random = (shape: number[], key: number) =>
      sampleTensor({ shape, dtype: "f32", low: -1, high: 1 }, key);
    return new Map([
      ["x", random([batch, time, gates * hidden], 1)],
      ["w", random([gates * hidden, hidden], 2)],
      ["bias", random([hidden], 3)],
      ["lengths", tensor([batch], lengths, "i32")],
    ]);
  }

  /** The same recurrence written with plain primitives, one step after another. */
  function unrolled(
    g: GraphBuilder,
    reverse: boolean,
    cell: (x: Node, state: Node[]) => Node[],
    x: Node,
    states: number,
  ): Node {
    const length = inputNode(g, "lengths", [batch], "i32");
    let state = Array.from({ length: states }, () => g.full([batch, hidden], 0));
    const steps = Array.from({ length: time }, (_, step) => (reverse ? time - 1 - step : step));
    const results: Node[] = [];
    for (const step of steps) {
      const row = g.reshape(g.sliceAxis(x, 1, step, 1), [batch, x.shape[2] ?? 0]);
      const valid = g.reshape(g.less(step, length), [batch, 1]);
      const before = state;
      state = cell(row, before).map((next, index) => g.where(valid, next, before[index] ?? next));
      results[step] = g.reshape(g.concat(state, 1), [batch, 1, states * hidden]);
    }
    return g.concat(results, 1);
  }

  function part(g: GraphBuilder, x: Node, gate: number): Node {
    return g.sliceAxis(x, 1, gate * hidden, hidden);
  }

  function expectEqualValues(a: Node, b: Node, inputs: Map<string, Tensor>): void {
    const want = valuesOf(b, inputs);
    valuesOf(a, inputs).forEach((value, index) => {
      expect(value).toBeCloseTo(want[index] ?? Number.NaN, 12);
    });
  }

  test.each([false, true])("lstm equals its steps, reverse %s", (reverse) => {
    const g = new GraphBuilder(ops);
    const [x, w] = [inputNode(g, "x", [batch, time, 4 * hidden]), inputNode(g, "w", [4 * hidden, hidden])];
    const whole = g.node("lstm", [x, w, inputNode(g, "lengths", [batch], "i32")], { reverse });
    const cell = (row: Node, [c, h]: Node[]) => {
      if (c === undefined || h === undefined) throw new Error("two states");
      const gates = g.add(row, g.matmul(h, g.swapAxes(w)));
      const [i, f, o] = [0, 1, 3].map((gate) => g.sigmoid(part(g, gates, gate)));
      if (i === undefined || f === undefined || o === undefined) throw new Error("three gates");
      const next = g.add(g.mul(f, c), g.mul(i, g.tanh(part(g, gates, 2))));
      return [next, g.mul(o, g.tanh(next))];
    };
    expectEqualValues(
      g.sliceAxis(whole, 2, 4 * hidden, 2 * hidden),
      unrolled(g, reverse, cell, x, 2),
      values(4),
    );
  });

  test.each([false, true])("gru equals its steps, reverse %s", (reverse) => {
    const g = new GraphBuilder(ops);
    const [x, w] = [inputNode(g, "x", [batch, time, 3 * hidden]), inputNode(g, "w", [3 * hidden, hidden])];
    const bias = inputNode(g, "bias", [hidden]);
    const whole = g.node("gru", [x, w, bias, inputNode(g, "lengths", [batch], "i32")], { reverse });
    const cell = (row: Node, [h]: Node[]) => {
      if (h === undefined) throw new Error("one state");
      const product = g.matmul(h, g.swapAxes(w));
      const [r, z] = [0, 1].map((gate) => g.sigmoid(g.add(part(g, row, gate), part(g, product, gate))));
      if (r === undefined || z === undefined) throw new Error("two gates");
      const n = g.tanh(g.add(part(g, row, 2), g.mul(r, g.add(part(g, product, 2), bias))));
      return [g.add(g.mul(g.sub(1, z), n), g.mul(z, h))];
    };
    expectEqualValues(g.sliceAxis(whole, 2, 4 * hidden, hidden), unrolled(g, reverse, cell, x, 1), values(3));
  });
});

test("views move elements and nothing else", () => {
  const x = [1, 2, 3, 4, 5, 6];
  const view = (make: (g: GraphBuilder, x: Node) => Node) =>
    unary((g, flat) => make(g, g.reshape(flat, [2, 3])), x);
  expect(view((g, m) => g.swapAxes(m))).toEqual([1, 4, 2, 5, 3, 6]);
  expect(view((g, m) => g.slice(m, [0, 1], [2, 2]))).toEqual([2, 3, 5, 6]);
  expect(view((g, m) => g.pad(m, [0, 1], [1, 0]))).toEqual([0, 1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0]);
  expect(view((g, m) => g.concat([m, g.neg(m)], 1))).toEqual([1, 2, 3, -1, -2, -3, 4, 5, 6, -4, -5, -6]);
  expect(view((g, m) => g.broadcastTo(g.sliceAxis(m, 1, 2, 1), [2, 2]))).toEqual([3, 3, 6, 6]);
  expect(unary((g) => g.iota([2, 2, 2], 1), [0])).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
});
