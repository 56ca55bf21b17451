/** Views, gathers, recurrences and random numbers inside kernels. */
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import { graphOf } from "../support/graphs.ts";
import { expectFaithful, kernelNames } from "../support/planned-programs.ts";
import { inputNode } from "../support/tensors.ts";

function builder() {
  const g = new GraphBuilder(ops);
  return { g, x: (name: string, ...shape: number[]) => inputNode(g, name, shape) };
}

describe("views inside kernels", () => {
  test("pad, slice and concat of expressions are one map", () => {
    const { g, x } = builder();
    const a = g.exp(x("a", 2, 3));
    const joined = g.concat([g.pad(a, [0, 1], [0, 1]), x("b", 2, 4), g.sliceAxis(x("c", 2, 6), 1, 2, 3)], 1);
    expect(kernelNames(expectFaithful(graphOf(g.mul(joined, 2))))).toHaveLength(1);
  });

  test("a slice of a concat reads only its piece", () => {
    const { g, x } = builder();
    const joined = g.concat([x("a", 2, 3), x("b", 2, 4)], 1);
    const program = expectFaithful(graphOf(g.tanh(g.sliceAxis(joined, 1, 4, 2))));
    expect(program.kernels[0]?.operands).toHaveLength(2);
  });

  test("a concat of more pieces than a kernel can read takes several", () => {
    const { g, x } = builder();
    const pieces = Array.from({ length: 15 }, (_, index) => g.tanh(x(`p${index}`, 2, 3)));
    expect(kernelNames(expectFaithful(graphOf(g.concat(pieces, 1)))).length).toBeLessThanOrEqual(4);
  });

  test("a reshape across axes is followed by divisions where need be", () => {
    const { g, x } = builder();
    const y = g.add(g.reshape(g.transpose(x("a", 4, 6), [1, 0]), [8, 3]), x("b", 8, 3));
    expect(kernelNames(expectFaithful(graphOf(y)))).toHaveLength(1);
  });

  test("a matrix behind an odd reshape is copied first", () => {
    const { g, x } = builder();
    const odd = g.reshape(g.transpose(x("a", 4, 6), [1, 0]), [8, 3]);
    expect(kernelNames(expectFaithful(graphOf(g.matmul(odd, x("b", 3, 5)))))).toEqual(["copy", "matmul"]);
  });

  test("a transposed result is stored by the contraction", () => {
    const { g, x } = builder();
    const y = g.transpose(g.tanh(g.matmul(x("a", 2, 3, 4), x("b", 2, 4, 5))), [0, 2, 1]);
    expect(kernelNames(expectFaithful(graphOf(y)))).toHaveLength(1);
  });

  test("leading axes become rows of one product", () => {
    const { g, x } = builder();
    const w = g.broadcastTo(x("w", 4, 5), [3, 4, 5]);
    const program = expectFaithful(graphOf(g.node("matmul", [x("a", 3, 2, 4), w], {})));
    expect(program.kernels).toMatchObject([{ kind: "contraction", batch: [], row: { extent: 6 } }]);
  });
});

describe("gathers and scatters", () => {
  test("an embedding forward and backward", () => {
    const { g, x } = builder();
    const table = x("table", 3, 4);
    const ids = inputNode(g, "ids", [2, 5], "i32");
    const loss = g.sum(g.square(g.add(g.take(table, ids), x("position", 5, 4))));
    const [slope] = gradient(g, ops, loss, [table]);
    const program = expectFaithful(graphOf(loss, slope ?? loss));
    // Loss, cotangents, lists of positions, sums.
    expect(kernelNames(program).length).toBeLessThanOrEqual(4);
  });

  test("ids may be computed on the way", () => {
    const { g, x } = builder();
    const ids = g.remainder(g.add(inputNode(g, "ids", [2, 5], "i32"), g.iota([2, 5], 1)), 3);
    expect(kernelNames(expectFaithful(graphOf(g.exp(g.take(x("table", 3, 4), ids)))))).toHaveLength(1);
  });
});

describe("recurrences", () => {
  test("an lstm forward and backward", () => {
    const { g, x } = builder();
    const [b, t, h] = [2, 3, 2];
    const lengths = g.input({
      name: "lengths",
      arena: "lengths",
      offset: 0,
      version: 0,
      shape: [b],
      dtype: "i32",
    });
    const [features, wx, wh] = [x("features", b, t, 5), x("wx", 5, 4 * h), x("wh", 4 * h, h)];
    const packed = g.node("lstm", [g.matmul(features, wx), wh, lengths], { reverse: false });
    const last = g.sliceAxis(g.sliceAxis(packed, 1, t - 1, 1), 2, 5 * h, h);
    const loss = g.sum(g.square(last));
    const grads = gradient(g, ops, loss, [wx, wh]);
    expectFaithful(graphOf(loss, ...grads));
  });

  test("an unrolled cell", () => {
    const { g, x } = builder();
    const [w, input] = [x("w", 7, 12), x("input", 2, 4, 4)];
    let [h, c]: [Node, Node] = [g.full([2, 3], 0), g.full([2, 3], 0)];
    for (let step = 0; step < 4; step++) {
      const now = g.reshape(g.sliceAxis(input, 1, step, 1), [2, 4]);
      const gates = g.matmul(g.concat([now, h], 1), w);
      const gate = (index: number) => g.sliceAxis(gates, 1, 3 * index, 3);
      c = g.add(g.mul(g.sigmoid(gate(0)), c), g.mul(g.sigmoid(gate(1)), g.tanh(gate(2))));
      h = g.mul(g.sigmoid(gate(3)), g.tanh(c));
    }
    const loss = g.sum(h);
    expectFaithful(graphOf(loss, ...gradient(g, ops, loss, [w])));
    // Each step: input and state side by side, product, gates.
    expect(kernelNames(expectFaithful(graphOf(h))).length).toBeLessThanOrEqual(12);
  });
});

describe("random numbers", () => {
  test("dropout is computed again on the way back, not stored", () => {
    const { g, x } = builder();
    const input = x("x", 4, 6);
    const kept = g.less(g.random("uniform", [4, 6], 5, inputNode(g, "state", [2], "i32")), 0.5);
    const loss = g.sum(g.square(g.where(kept, g.mul(input, 2), 0)));
    const program = expectFaithful(graphOf(loss, ...gradient(g, ops, loss, [input])));
    expect(kernelNames(program)).toHaveLength(1);
  });

  test("normal numbers", () => {
    const { g, x } = builder();
    const noise = g.random("normal", [3, 4], 9, inputNode(g, "state", [2], "i32"));
    expect(kernelNames(expectFaithful(graphOf(g.add(x("x", 3, 4), noise))))).toHaveLength(1);
  });
});

describe("long reductions", () => {
  test("a sum of everything is done in two steps, a sum of rows is not", () => {
    const { g, x } = builder();
    const wide = g.square(x("x", 30, 40));
    const split = { rows: 8, extent: 1000 };
    expect(kernelNames(expectFaithful(graphOf(g.sum(wide)), { split }))).toHaveLength(2);
    expect(kernelNames(expectFaithful(graphOf(g.sum(wide, [1])), { split }))).toHaveLength(1);
  });

  test("bias gradients of equal shape share a kernel", () => {
    const { g, x } = builder();
    const sums = ["a", "b", "c"].map((name) => g.sum(x(name, 6, 5), [0]));
    expect(kernelNames(expectFaithful(graphOf(...sums)))).toHaveLength(1);
  });
});
