/** Fusion and planning stay close to linear in the size of the graph. */
import { expect, test } from "vitest";
import { fuse } from "../../src/fuse/fuse.ts";
import type { Graph, Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import { planProgram } from "../../src/plan/plan.ts";
import { graphOf } from "../support/graphs.ts";
import { inputNode } from "../support/tensors.ts";

/** Layers of product, norm and activation with a residual: 25 nodes each. */
function deepGraph(layers: number): Graph {
  const g = new GraphBuilder(ops);
  let x: Node = inputNode(g, "x", [4, 8]);
  for (let layer = 0; layer < layers; layer++) {
    const linear = g.add(g.matmul(x, inputNode(g, `w${layer}`, [8, 8])), inputNode(g, `b${layer}`, [8]));
    const h = g.maximum(linear, 0);
    const centred = g.sub(h, g.mean(h, [-1], { keep: true }));
    const scale = g.power(g.add(g.mean(g.square(centred), [-1], { keep: true }), 1e-5), -0.5);
    const y = g.add(g.mul(g.mul(centred, scale), inputNode(g, `s${layer}`, [8])), g.sin(g.mul(x, 0.5)));
    x = g.add(x, g.tanh(g.sigmoid(y)));
  }
  return graphOf(x);
}

/** Processor time in milliseconds, which depends less on what else runs than the clock does. */
function cost(graph: Graph): number {
  const start = process.cpuUsage();
  const program = planProgram(fuse(graph, {}));
  expect(program.kernels.length).toBeGreaterThan(0);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

test("four times the graph takes nowhere near sixteen times as long", () => {
  const [small, large] = [deepGraph(100), deepGraph(400)];
  cost(small);
  const least = Math.min(cost(small), cost(small), cost(small));
  expect(cost(large)).toBeLessThan(12 * least);
});

test("every layer is a product and a norm", () => {
  const { segments } = planProgram(fuse(deepGraph(20), {}));
  expect(segments[0]?.dispatches).toHaveLength(40);
});
