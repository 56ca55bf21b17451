/** Random graphs and their gradients on the CPU target mean what they mean node by node. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { gradient } from "../../../src/autodiff/gradient.ts";
import { at } from "../../../src/base/invariant.ts";
import { CPU } from "../../../src/codegen/wasm/descriptor.ts";
import { fuse } from "../../../src/fuse/fuse.ts";
import type { Node } from "../../../src/ir/graph.ts";
import { elementCount } from "../../../src/ir/graph.ts";
import { ops } from "../../../src/ops/index.ts";
import { planProgram } from "../../../src/plan/plan.ts";
import { worstError } from "../../support/kernel-run.ts";
import type { RandomGraph } from "../../support/random-graph.ts";
import { randomGraphs } from "../../support/random-graph.ts";
import { run } from "../../support/tensors.ts";
import type { CpuBackend } from "../../support/wasm.ts";
import { cpuBackends } from "../../support/wasm.ts";

const backends = cpuBackends([1, 2]);
afterAll(() => backends.close());

async function check({ backend }: CpuBackend, graph: RandomGraph, results: readonly Node[]): Promise<void> {
  const outputs = results.map((node, index) => ({
    name: `result${index}`,
    node,
    target: { arena: `result${index}`, offset: 0 },
  }));
  const segments = [{ name: "all", phase: "all", repeat: 0, kind: "forward" as const, outputs }];
  const executable = await backend.prepare(new Map([["all", planProgram(fuse({ segments }, CPU))]]));
  for (const [name, { data, dtype }] of graph.values)
    try {
      executable.write(name, dtype === "f32" ? Float32Array.from(data) : Int32Array.from(data));
    } catch {
      // An input that no result needs has no arena.
    }
  executable.run("all");
  const want = run(results, graph.values);
  for (const [index, node] of results.entries()) {
    const values = await executable.read(`result${index}`, { offset: 0, length: elementCount(node.shape) });
    const got = Float64Array.from(node.dtype === "f32" ? values : new Int32Array(values.buffer));
    expect(worstError(got, at(want, index).data)).toBeLessThan(2e-4);
  }
  executable.dispose();
}

describe.each(backends.all)("on $description", (way) => {
  test("values", async () => {
    for (const graph of fc.sample(randomGraphs({ steps: 14, smooth: true }), { numRuns: 25, seed: 21 }))
      await check(way, graph, graph.results);
  });

  test("gradients", async () => {
    for (const graph of fc.sample(randomGraphs({ steps: 8, smooth: true }), { numRuns: 20, seed: 22 })) {
      const { g, results, inputs } = graph;
      const loss = results.map((node) => g.mean(g.sin(node))).reduce((a, b) => g.add(a, b));
      await check(way, graph, [loss, ...gradient(g, ops, loss, [...inputs.values()])]);
    }
  });
});
