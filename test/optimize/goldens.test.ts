/** What every pass of the pipeline does to a small graph: before and after, one file for each in test/golden/optimize. */
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { at } from "../../src/base/invariant.ts";
import type { Graph, Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { printGraph } from "../../src/ir/graph-print.ts";
import { verifyGraph } from "../../src/ir/graph-verify.ts";
import { buildScan } from "../../src/ir/scan-build.ts";
import { ops } from "../../src/ops/index.ts";
import { graphAfter, passes, passNames } from "../../src/optimize/pipeline.ts";
import { simplify } from "../../src/optimize/simplify.ts";
import { goldenTests } from "../support/golden.ts";
import { graphOf } from "../support/graphs.ts";
import { inputNode } from "../support/tensors.ts";

/** The graph that a pass gets in the example of its golden file. */
const EXAMPLES: Readonly<Record<string, (g: GraphBuilder) => Graph>> = {
  // A step that adds zero, and multiplies by something that the next state does not need.
  steps: (g) => {
    const [before, part] = [inputNode(g, "before", [2]), inputNode(g, "part", [2])];
    const next = g.node("add", [g.tanh(g.node("multiply", [before, part], {})), g.full([2], 0)], {});
    const unread = g.node("multiply", [before, inputNode(g, "never", [2])], {});
    const chosen = g.node("where", [g.full([2], 1, "bool"), next, unread], {});
    const states = [{ before, initial: g.zerosLike(before), next: chosen }];
    const sequences = [{ step: part, values: inputNode(g, "x", [3, 2]) }];
    return graphOf(
      ...buildScan(g, { steps: 3, reverse: false, states, sequences, outputs: [], sums: [] }).last,
    );
  },

  // The derivative of a mean of squares: factors of one, views of views, sums of what was spread.
  simplify: (g) => {
    const x = inputNode(g, "x", [2, 4]);
    const loss = g.mean(g.square(g.sub(g.transpose(g.transpose(x, [1, 0]), [1, 0]), g.neg(x))));
    return graphOf(...gradient(g, ops, loss, [x]));
  },

  // The mask of an axis whose rows are all as long as the axis.
  fold: (g) => {
    const inside = g.less(g.iota([2, 4], 1), g.add(g.full([2, 4], 3, "i32"), g.full([2, 4], 1, "i32")));
    return graphOf(g.node("where", [inside, inputNode(g, "x", [2, 4]), g.full([2, 4], 0)], {}));
  },

  // The mean over all partners j of (y_j - m_i)², and its derivative by m, as CLUB is published.
  separate: (g) => {
    const [m, y] = [inputNode(g, "m", [32, 4]), inputNode(g, "y", [32, 4])];
    const shape = [32, 32, 4];
    const partner = g.broadcastTo(g.reshape(y, [1, 32, 4]), shape);
    const own = g.broadcastTo(g.reshape(m, [32, 1, 4]), shape);
    const loss = g.sum(g.div(g.sum(g.square(g.sub(partner, own)), [1]), 32));
    return simplify.run(graphOf(loss, ...gradient(g, ops, loss, [m])), { g });
  },

  // One column of a product is read, and a parameter is stored where it lies.
  prune: (g) => {
    const [x, w] = [inputNode(g, "x", [8, 4]), inputNode(g, "w", [4, 6])];
    const graph = graphOf(g.sliceAxis(g.tanh(g.matmul(x, w)), 1, 2, 1));
    const [segment] = graph.segments;
    const kept = { name: "w", node: w, target: { arena: "w", offset: 0 } };
    return { segments: [{ ...at([segment], 0), outputs: [...(segment?.outputs ?? []), kept] }] } as Graph;
  },

  // The gradient of a weight that is used transposed.
  orient: (g) => {
    const [x, w] = [inputNode(g, "x", [8, 4]), inputNode(g, "w", [3, 4])];
    const loss = g.sum(g.tanh(g.matmul(x, g.swapAxes(w))));
    return graphOf(...gradient(g, ops, loss, [w]));
  },

  // Two repeats of a phase look at the same code.
  hoist: (g) => {
    const code = g.tanh(g.matmul(inputNode(g, "x", [8, 4]), parameter(g, "encoder", 64, [4, 4])));
    return { segments: [0, 1].map((repeat) => fitted(g, code, repeat)) };
  },

  // Two estimators of one shape on different codes.
  batch: (g) => {
    const loss = ["x", "y"]
      .map((name, lane) => {
        const w = parameter(g, `w${lane}`, lane * 16, [4, 4]);
        return g.sum(g.square(g.tanh(g.matmul(inputNode(g, name, [8, 4]), w))));
      })
      .reduce((a, b) => g.add(a, b));
    return graphOf(loss);
  },

  // The same sum, written twice.
  share: (g) => {
    const [x, y] = [inputNode(g, "x", [2, 4]), inputNode(g, "y", [2, 4])];
    return graphOf(g.exp(g.add(x, y)), g.sin(g.add(y, x)));
  },

  // The cross-entropy of a linear map over 200000 words: logits of 80 MB.
  piecewise: (g) => {
    const [x, w] = [inputNode(g, "x", [100, 16]), inputNode(g, "w", [16, 200000])];
    const logits = g.matmul(x, w);
    const top = g.stopGradient(g.max(logits, [1], { keep: true }));
    const surprise = g.add(g.log(g.sum(g.exp(g.sub(logits, top)), [1], { keep: true })), top);
    const loss = g.mean(surprise);
    return graphOf(loss, ...gradient(g, ops, loss, [w]));
  },
};

/** A weight in the arena of parameters. */
function parameter(
  g: GraphBuilder,
  name: string,
  offset: number,
  shape: readonly number[],
  version = 0,
): Node {
  return g.input({ name, arena: "parameters", offset, version, shape, dtype: "f32" });
}

/** A step of a phase that fits a weight to a code. */
function fitted(g: GraphBuilder, code: Node, repeat: number): Graph["segments"][number] {
  const w = parameter(g, "w", 0, [4, 4], repeat);
  const node = g.sub(w, g.matmul(g.swapAxes(code), g.matmul(code, w)));
  const target = { arena: "parameters", offset: 0 };
  return {
    name: `fit.${repeat}`,
    phase: "fit",
    repeat,
    kind: "gradient",
    outputs: [{ name: "w", node, target }],
  };
}

const distinct = [...new Map(passes.map((pass) => [pass.name, pass])).values()];

goldenTests(
  "optimize",
  Object.fromEntries(
    distinct.map((pass) => [
      pass.name,
      () => {
        const g = new GraphBuilder(ops);
        const example = EXAMPLES[pass.name];
        if (example === undefined) throw new Error(`the pass ${pass.name} has no example`);
        const before = example(g);
        const after = pass.run(before, { g });
        verifyGraph(after, ops);
        expect(printGraph(after)).not.toBe(printGraph(before));
        return `${pass.name}: ${pass.doc}\n\nbefore\n\n${printGraph(before)}\nafter\n\n${printGraph(after)}`;
      },
    ]),
  ),
);

test("the graph after every pass can be asked for", () => {
  const g = new GraphBuilder(ops);
  const graph = at(Object.values(EXAMPLES), 1)(g);
  for (const name of passNames) {
    const after = graphAfter(graph, name);
    verifyGraph(after, ops);
    expect(
      after.segments.flatMap(({ outputs }) => outputs.map(({ node }) => elementCount(node.shape))),
    ).toEqual([8]);
  }
});
