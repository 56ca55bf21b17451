/** How many kernels well-known computations take, and that they still mean the same. */
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

function softmax(g: GraphBuilder, x: Node, mask: Node | null = null): Node {
  const scores = mask === null ? x : g.where(mask, x, -1e9);
  const e = g.exp(g.sub(scores, g.max(scores, [-1], { keep: true })));
  return g.div(e, g.sum(e, [-1], { keep: true }));
}

function layerNorm(g: GraphBuilder, x: Node, scale: Node, offset: Node): Node {
  const centred = g.sub(x, g.mean(x, [-1], { keep: true }));
  const variance = g.mean(g.square(centred), [-1], { keep: true });
  return g.add(g.mul(g.mul(centred, g.power(g.add(variance, 1e-5), -0.5)), scale), offset);
}

describe("rows", () => {
  test("softmax is one kernel", () => {
    const { g, x } = builder();
    expect(kernelNames(expectFaithful(graphOf(softmax(g, x("x", 3, 4, 5)))))).toEqual(["softmax_rows"]);
  });

  test("masked softmax is one kernel", () => {
    const { g, x } = builder();
    const mask = inputNode(g, "mask", [3, 1, 5], "bool");
    expect(kernelNames(expectFaithful(graphOf(softmax(g, x("x", 3, 4, 5), mask))))).toHaveLength(1);
  });

  test("softmax over a middle axis is one kernel", () => {
    const { g, x } = builder();
    const scores = x("x", 3, 4, 5);
    const e = g.exp(g.sub(scores, g.max(scores, [1], { keep: true })));
    expect(kernelNames(expectFaithful(graphOf(g.div(e, g.sum(e, [1], { keep: true })))))).toHaveLength(1);
  });

  test("layer norm is one kernel", () => {
    const { g, x } = builder();
    const y = layerNorm(g, x("x", 3, 4, 6), x("scale", 6), x("offset", 6));
    expect(kernelNames(expectFaithful(graphOf(y)))).toEqual(["normalize_rows"]);
  });

  test("layer norm of rows that were reshaped is one kernel", () => {
    const { g, x } = builder();
    const y = layerNorm(g, g.reshape(x("x", 3, 4, 6), [12, 6]), x("scale", 6), x("offset", 6));
    expect(kernelNames(expectFaithful(graphOf(g.reshape(y, [3, 4, 6]))))).toHaveLength(1);
  });

  test("layer norm backward is two kernels", () => {
    const { g, x } = builder();
    const [input, scale, offset] = [x("x", 3, 4, 6), x("scale", 6), x("offset", 6)];
    const y = layerNorm(g, input, scale, offset);
    const loss = g.sum(g.mul(y, x("dy", 3, 4, 6)));
    const grads = gradient(g, ops, loss, [input, scale, offset]);
    expect(kernelNames(expectFaithful(graphOf(...grads)))).toHaveLength(2);
  });

  test("cross entropy over tokens is one kernel and a mean", () => {
    const { g, x } = builder();
    const logits = x("logits", 3, 4, 7);
    const ids = inputNode(g, "ids", [3, 4], "i32");
    const shifted = g.sub(logits, g.max(logits, [-1], { keep: true }));
    const total = g.log(g.sum(g.exp(shifted), [-1]));
    const picked = g.sum(g.where(g.equal(g.iota([3, 4, 7], 2), g.reshape(ids, [3, 4, 1])), shifted, 0), [-1]);
    const losses = g.sub(total, picked);
    expect(kernelNames(expectFaithful(graphOf(losses)))).toHaveLength(1);
    const { g: h } = { g };
    const grads = gradient(h, ops, h.mean(losses), [logits]);
    expect(kernelNames(expectFaithful(graphOf(h.mean(losses), ...grads)))).toHaveLength(2);
  });
});

describe("contractions", () => {
  test("linear with bias and relu is one kernel", () => {
    const { g, x } = builder();
    const y = g.maximum(g.add(g.matmul(x("x", 3, 4, 5), g.swapAxes(x("w", 6, 5))), x("b", 6)), 0);
    expect(kernelNames(expectFaithful(graphOf(y)))).toEqual(["matmul_add_relu"]);
  });

  test("a residual and dropout join the contraction", () => {
    const { g, x } = builder();
    const state = inputNode(g, "state", [2], "i32");
    const h = g.add(g.matmul(x("x", 6, 5), x("w", 5, 8)), x("b", 8));
    const kept = g.less(g.random("uniform", [6, 8], 3, state), 0.5);
    const y = g.add(x("r", 6, 8), g.where(kept, g.mul(h, 2), 0));
    expect(kernelNames(expectFaithful(graphOf(y)))).toHaveLength(1);
  });

  test("heads are split and joined without copies", () => {
    const { g, x } = builder();
    const [b, t, heads, d] = [2, 3, 2, 4];
    const split = (name: string) => {
      const flat = g.add(g.matmul(x("x", b, t, 5), x(`w${name}`, 5, heads * d)), x(`b${name}`, heads * d));
      return g.transpose(g.reshape(flat, [b, t, heads, d]), [0, 2, 1, 3]);
    };
    const [q, k, v] = [split("q"), split("k"), split("v")];
    const weights = softmax(
      g,
      g.mul(g.matmul(q, g.swapAxes(k)), 0.5),
      inputNode(g, "mask", [b, 1, 1, t], "bool"),
    );
    const joined = g.reshape(g.transpose(g.matmul(weights, v), [0, 2, 1, 3]), [b, t, heads * d]);
    const y = g.matmul(joined, x("wo", heads * d, 5));
    const program = expectFaithful(graphOf(y));
    // Three projections, scores, softmax, mix, output.
    expect(kernelNames(program)).toHaveLength(7);
    const loss = g.sum(g.square(y));
    const wanted = ["wq", "wk", "wv", "bq", "wo"].map((name) =>
      x(name, ...(name === "bq" ? [8] : name === "wo" ? [8, 5] : [5, 8])),
    );
    expect(
      kernelNames(expectFaithful(graphOf(loss, ...gradient(g, ops, loss, wanted)))).length,
    ).toBeLessThanOrEqual(22);
  });

  test("an mlp forward and backward", () => {
    const { g, x } = builder();
    const [input, w1, b1, w2, b2] = [x("x", 6, 5), x("w1", 5, 8), x("b1", 8), x("w2", 8, 3), x("b2", 3)];
    const h = g.maximum(g.add(g.matmul(input, w1), b1), 0);
    const y = g.add(g.matmul(h, w2), b2);
    const loss = g.mean(g.square(g.sub(y, x("t", 6, 3))));
    const program = expectFaithful(graphOf(loss, ...gradient(g, ops, loss, [w1, b1, w2, b2])));
    // Two linear layers, loss, and for each layer's gradients a weight and a bias; one product for what flows between them.
    expect(kernelNames(program).length).toBeLessThanOrEqual(8);
  });
});
