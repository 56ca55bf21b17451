/** Large products in pieces: the same numbers, nothing as large as the product, on every target; and when it is left alone. */
import { afterAll, describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { at } from "../../src/base/invariant.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { fuse } from "../../src/fuse/fuse.ts";
import type { Graph, Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { verifyGraph } from "../../src/ir/graph-verify.ts";
import { graphRoots, topologicalOrder } from "../../src/ir/graph-walk.ts";
import type { Tensor } from "../../src/ir/op.ts";
import { ops } from "../../src/ops/index.ts";
import { orient } from "../../src/optimize/orient.ts";
import { piecewise, piecewiseBeyond } from "../../src/optimize/piecewise/piecewise.ts";
import { simplify } from "../../src/optimize/simplify.ts";
import { orderCalls } from "../../src/plan/order.ts";
import { planProgram } from "../../src/plan/plan.ts";
import { worstError } from "../support/kernel-run.ts";
import { inputNode, run, sampleTensor } from "../support/tensors.ts";
import { cpuBackends } from "../support/wasm.ts";

const [rows, steps, width, words] = [6, 3, 2, 40] as const;
const large = rows * steps * words;
const pass = piecewiseBeyond({ stored: large * 2, piece: 2 * steps * words * 4 });

interface Case {
  readonly g: GraphBuilder;
  readonly graph: Graph;
  readonly results: readonly Node[];
  readonly values: Map<string, Tensor>;
}

/** The cross-entropy of a linear map of [rows, steps, width] over all words, where `present` holds, under a logarithm as in MIRD, and its gradients. */
function crossEntropy(more: (g: GraphBuilder, logits: Node) => readonly Node[] = () => []): Case {
  const g = new GraphBuilder(ops);
  const h = inputNode(g, "h", [rows, steps, width]);
  const [weight, offset] = [inputNode(g, "weight", [words, width]), inputNode(g, "offset", [words])];
  const ids = inputNode(g, "ids", [rows, steps], "i32");
  const present = g.notEqual(inputNode(g, "present", [rows, steps], "i32"), 0);
  const values = new Map<string, Tensor>([
    ["h", sampleTensor({ shape: [rows, steps, width], dtype: "f32", low: -2, high: 2 }, 1)],
    ["weight", sampleTensor({ shape: [words, width], dtype: "f32", low: -2, high: 2 }, 2)],
    ["offset", sampleTensor({ shape: [words], dtype: "f32", low: -1, high: 1 }, 3)],
    ["ids", sampleTensor({ shape: [rows, steps], dtype: "i32", low: 0, high: words - 1 }, 4)],
    ["present", sampleTensor({ shape: [rows, steps], dtype: "i32", low: 0, high: 1 }, 5)],
  ]);
  const logits = g.add(g.matmul(h, g.swapAxes(weight)), offset);
  const shape = logits.shape;
  const own = g.equal(g.broadcastTo(g.reshape(ids, [rows, steps, 1]), shape), g.iota(shape, 2));
  const top = g.stopGradient(g.max(logits, [2], { keep: true }));
  const total = g.sum(g.exp(g.sub(logits, top)), [2], { keep: true });
  const surprise = g.sub(g.add(top, g.log(total)), g.sum(g.where(own, logits, 0), [2], { keep: true }));
  const kept = g.where(g.reshape(present, [rows, steps, 1]), surprise, 0);
  const loss = g.log(g.div(g.sum(kept), g.maximum(g.sum(g.cast(present, "f32")), 1)));
  const results = [loss, ...gradient(g, ops, loss, [h, weight, offset]), ...more(g, logits)];
  const outputs = results.map((node, index) => ({
    name: `result${index}`,
    node,
    target: { arena: `result${index}`, offset: 0 },
  }));
  const graph: Graph = {
    segments: [{ name: "all", phase: "all", repeat: 0, kind: "forward", outputs }],
  };
  return { g, graph: orient.run(simplify.run(graph, { g }), { g }), results, values };
}

function nodesOf(graph: Graph): readonly Node[] {
  return topologicalOrder(graphRoots(graph));
}

function largest(graph: Graph): number {
  return Math.max(...nodesOf(graph).map((node) => elementCount(node.shape)));
}

function products(graph: Graph): number {
  return nodesOf(graph).filter((node) => node.op === "matmul").length;
}

describe("the cross-entropy over many words", () => {
  const { g, graph, results, values } = crossEntropy();
  const pieces = pass.run(graph, { g });

  test("has the same value and the same gradients, and nothing as large as the logits", () => {
    verifyGraph(pieces, ops);
    const want = run(results, values);
    for (const [index, got] of run(graphRoots(pieces), values).entries())
      for (const [place, value] of got.data.entries())
        expect(value).toBeCloseTo(at(at(want, index).data, place), 12);
    expect(largest(graph)).toBe(large);
    expect(largest(pieces)).toBe((large / rows) * 2);
  });

  test("computes the logits once on the way there and once on the way back", () => {
    // One product for the logits and two for the gradients of its factors become two and two, three times.
    expect([products(graph), products(pieces)]).toEqual([3, 12]);
  });

  test("keeps one piece at a time in memory", () => {
    const peak = (each: Graph) => planProgram(orderCalls(fuse(each, CPU))).memory.peakBytes;
    expect(peak(graph)).toBeGreaterThan(large * 4);
    // A piece, and the small values beside it.
    expect(peak(pieces)).toBeLessThan((large * 4) / 3 + 6000);
  });
});

describe("on the CPU", () => {
  const backends = cpuBackends([1, 2]);
  afterAll(() => backends.close());

  test.each(backends.all)("$description", async ({ backend }) => {
    const { g, graph, results, values } = crossEntropy();
    const program = planProgram(orderCalls(fuse(pass.run(graph, { g }), CPU)));
    const executable = await backend.prepare(new Map([["all", program]]));
    for (const [name, { data, dtype }] of values)
      executable.write(name, dtype === "f32" ? Float32Array.from(data) : Int32Array.from(data));
    executable.run("all");
    const want = run(results, values);
    for (const [index, node] of results.entries()) {
      const got = await executable.read(`result${index}`, { offset: 0, length: elementCount(node.shape) });
      expect(worstError(Float64Array.from(got), at(want, index).data)).toBeLessThan(2e-5);
    }
    executable.dispose();
  });
});

describe("is left as it is", () => {
  test("below the limit, and with the limits of the compiler", () => {
    const { g, graph } = crossEntropy();
    expect(piecewiseBeyond({ stored: large * 4, piece: 4 }).run(graph, { g })).toBe(graph);
    expect(piecewise.run(graph, { g })).toBe(graph);
  });

  test("when the logits are asked for", () => {
    const { g, graph } = crossEntropy((_, logits) => [logits]);
    expect(products(pass.run(graph, { g }))).toBe(products(graph));
  });

  test("when rows of logits see each other", () => {
    const { g, graph } = crossEntropy((b, logits) => [
      b.sum(b.mul(logits, b.max(logits, [0], { keep: true }))),
    ]);
    expect(products(pass.run(graph, { g }))).toBe(products(graph));
  });

  test("when a product is dear and its columns are few", () => {
    const g = new GraphBuilder(ops);
    const wide = g.matmul(inputNode(g, "x", [8, 20]), inputNode(g, "w", [20, 40]));
    const outputs = [{ name: "y", node: g.sum(g.exp(wide)), target: { arena: "y", offset: 0 } }];
    const graph: Graph = {
      segments: [{ name: "all", phase: "all", repeat: 0, kind: "forward", outputs }],
    };
    expect(piecewiseBeyond({ stored: 16, piece: 16 }).run(graph, { g })).toBe(graph);
  });
});
