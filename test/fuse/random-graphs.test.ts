/** Random graphs and their gradients, fused under different limits, mean the same as node by node. */
import fc from "fast-check";
import { describe, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { FusionTarget } from "../../src/fuse/target.ts";
import { ops } from "../../src/ops/index.ts";
import { graphOf } from "../support/graphs.ts";
import { expectFaithful } from "../support/planned-programs.ts";
import type { RandomGraph } from "../support/random-graph.ts";
import { randomGraphs } from "../support/random-graph.ts";

const TARGETS: readonly Partial<FusionTarget>[] = [
  {},
  { maxOperands: 4, dispatchCost: 0 },
  { split: { rows: 8, extent: 4 }, maxKernelCost: 10 },
];

function check(graph: RandomGraph, target: Partial<FusionTarget>, results = graph.results): void {
  expectFaithful(
    graphOf(...results),
    target,
    (node) =>
      graph.values.get(node.attributes.name) ?? { shape: [], dtype: "f32", data: new Float64Array(1) },
  );
}

describe.each(TARGETS)("with %o", (target) => {
  test("values", () => {
    fc.assert(
      fc.property(randomGraphs({ steps: 14, smooth: false }), (graph) => check(graph, target)),
      { numRuns: 60, seed: 11 },
    );
  });

  test("gradients", () => {
    const property = fc.property(randomGraphs({ steps: 8, smooth: true }), (graph) => {
      const { g, results, inputs } = graph;
      const loss = results.map((node) => g.mean(g.sin(node))).reduce((a, b) => g.add(a, b));
      check(graph, target, [loss, ...gradient(g, ops, loss, [...inputs.values()])]);
    });
    fc.assert(property, { numRuns: 40, seed: 12 });
  });
});
