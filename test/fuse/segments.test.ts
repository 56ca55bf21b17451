/** Several segments over the same arenas: updates in place, values that outlive an update, exchanged ranges. */
import { expect, test } from "vitest";
import type { DType, Graph, GraphSegment, Node, Output } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import { expectFaithful, kernelNames } from "../support/planned-programs.ts";

function segment(name: string, kind: GraphSegment["kind"], ...outputs: Output[]): GraphSegment {
  return { name, phase: name, repeat: 0, kind, outputs };
}

function store(node: Node, arena: string, offset = 0): Output {
  return { name: `${arena}[${offset}]`, node, target: { arena, offset } };
}

function range(
  g: GraphBuilder,
  arena: string,
  shape: readonly number[],
  offset = 0,
  version = 0,
  dtype: DType = "f32",
): Node {
  return g.input({ name: `${arena}[${offset}]`, arena, offset, version, shape, dtype });
}

test("an optimiser step over a range is one kernel in place", () => {
  const g = new GraphBuilder(ops);
  const [p, m, v, slope] = [
    range(g, "parameters", [100]),
    range(g, "m", [100]),
    range(g, "v", [100]),
    range(g, "gradients", [100]),
  ];
  const first = g.add(g.mul(m, 0.9), g.mul(slope, 0.1));
  const second = g.add(g.mul(g.square(v), 0.99), g.mul(g.square(slope), 0.01));
  const rate = g.reshape(g.slice(range(g, "schedule", [3]), [1], [1]), []);
  const next = g.sub(p, g.mul(g.div(first, g.add(g.sqrt(second), 1e-8)), rate));
  const graph: Graph = {
    segments: [segment("update", "update", store(first, "m"), store(second, "v"), store(next, "parameters"))],
  };
  const program = expectFaithful(graph);
  expect(program.kernels).toHaveLength(1);
  expect(program.kernels[0]?.operands.map((operand) => operand.access).sort()).toEqual([
    "read",
    "read",
    "update",
    "update",
    "update",
  ]);
  expect(program.memory.peakBytes).toBe(0);
});

test("gradients flow through an arena into an update, and the next segment reads the new values", () => {
  const g = new GraphBuilder(ops);
  const x = range(g, "x", [4, 3]);
  const w = range(g, "w", [3, 5]);
  const slope = g.matmul(g.swapAxes(x), g.tanh(g.matmul(x, w)));
  const flat = range(g, "gradients", [15], 0, 0);
  const next = g.sub(range(g, "w", [15]), g.mul(flat, 0.1));
  const after = g.matmul(x, range(g, "w", [3, 5], 0, 1));
  const graph: Graph = {
    segments: [
      segment("gradient", "gradient", store(slope, "gradients")),
      segment("update", "update", store(next, "w")),
      segment("after", "forward", store(after, "out")),
    ],
  };
  expect(kernelNames(expectFaithful(graph))).toHaveLength(4);
});

test("what a later segment needs of an old version is saved before it is overwritten", () => {
  const g = new GraphBuilder(ops);
  const w = range(g, "w", [6]);
  const graph: Graph = {
    segments: [
      segment("look", "forward", store(g.exp(w), "look")),
      segment("update", "update", store(g.mul(w, 2), "w")),
      segment("compare", "forward", store(g.sub(range(g, "w", [6], 0, 1), w), "difference")),
    ],
  };
  expectFaithful(graph);
});

test("values cross segments, and inexpensive ones are computed again", () => {
  const g = new GraphBuilder(ops);
  const [x, w] = [range(g, "x", [4, 3]), range(g, "w", [3, 5])];
  const latent = g.tanh(g.matmul(x, w));
  const graph: Graph = {
    segments: [
      segment("first", "forward", store(g.sum(latent), "a")),
      segment("update", "update", store(g.sub(w, 0.5), "w")),
      segment("second", "forward", store(g.sum(g.square(latent)), "b"), store(g.sub(1, latent), "c")),
    ],
  };
  const program = expectFaithful(graph);
  // The second segment computes nothing of the first again.
  expect(kernelNames(program).filter((name) => name.startsWith("matmul"))).toHaveLength(1);
});

test("a result in an arena that is overwritten later is kept elsewhere for those who still need it", () => {
  const g = new GraphBuilder(ops);
  const value = g.exp(range(g, "x", [8]));
  const graph: Graph = {
    segments: [
      segment("one", "forward", store(value, "slot")),
      segment("two", "forward", store(g.neg(range(g, "x", [8])), "slot")),
      segment("three", "forward", store(g.mul(value, g.sin(value)), "out")),
    ],
  };
  expectFaithful(graph);
});

test("ranges that change places go by way of the work arena", () => {
  const g = new GraphBuilder(ops);
  const [a, b] = [range(g, "s", [64]), range(g, "s", [64], 64)];
  expectFaithful({ segments: [segment("swap", "update", store(b, "s"), store(a, "s", 64))] });
});

test("a range that is read at other places than it is written is not updated in place", () => {
  const g = new GraphBuilder(ops);
  const a = range(g, "s", [8, 8]);
  expectFaithful({ segments: [segment("turn", "update", store(g.add(g.transpose(a, [1, 0]), 1), "s"))] });
  const other = new GraphBuilder(ops);
  const rows = range(other, "s", [8, 8]);
  const centred = other.sub(rows, other.mean(rows, [1], { keep: true }));
  const program = expectFaithful({ segments: [segment("centre", "update", store(centred, "s"))] });
  expect(kernelNames(program)).toHaveLength(1);
});

test("readers of an old value run before it is overwritten", () => {
  const g = new GraphBuilder(ops);
  const w = range(g, "w", [6, 6]);
  const next = g.mul(w, 0.5);
  const norms = g.sum(g.square(w), [0]);
  const graph: Graph = {
    segments: [
      segment("update", "update", store(next, "w"), store(norms, "norms"), store(g.sum(next, [0]), "sums")),
    ],
  };
  expectFaithful(graph);
});

test("scalars side by side in one arena become one operand", () => {
  const g = new GraphBuilder(ops);
  const x = range(g, "x", [5]);
  const outputs = [g.sum(x), g.sum(g.square(x)), g.max(x)].map((node, index) => store(node, "losses", index));
  const program = expectFaithful({ segments: [segment("losses", "forward", ...outputs)] });
  expect(program.kernels[0]?.operands).toHaveLength(2);
  const [a, b] = [range(g, "odd", [3], 5), range(g, "odd", [3], 9)];
  expectFaithful({
    segments: [
      segment(
        "odd",
        "forward",
        store(g.add(a, b), "odd", 13),
        store(g.matmul(g.reshape(a, [1, 3]), g.reshape(b, [3, 1])), "odd", 21),
      ),
    ],
  });
});

test("one value may be stored to several ranges", () => {
  const g = new GraphBuilder(ops);
  const value = g.exp(range(g, "x", [5]));
  const program = expectFaithful({
    segments: [segment("twice", "forward", store(value, "a"), store(value, "b", 64))],
  });
  expect(kernelNames(program)).toHaveLength(1);
});
