/** The segment of what several segments need. */
import { expect, test } from "vitest";
import type { Graph, Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { printGraph } from "../../src/ir/graph-print.ts";
import { ops } from "../../src/ops/index.ts";
import { hoist } from "../../src/optimize/hoist.ts";
import { expectFaithful } from "../support/planned-programs.ts";

/** Two steps that fit a weight to what another weight makes of x. */
function twoSteps(g: GraphBuilder, code: Node): Graph {
  const weight = (version: number) =>
    g.input({ name: "w", arena: "parameters", offset: 0, version, shape: [2, 2], dtype: "f32" });
  const step = (name: string, version: number) => ({
    name,
    phase: "fit",
    repeat: version,
    kind: "gradient" as const,
    outputs: [
      {
        name: "w",
        node: g.sub(weight(version), g.matmul(code, weight(version))),
        target: { arena: "parameters", offset: 0 },
      },
    ],
  });
  return { segments: [step("fit.0", 0), step("fit.1", 1)] };
}

test("what a repeat need not compute again is computed before all repeats", () => {
  const g = new GraphBuilder(ops);
  const x = g.input({ name: "x", arena: "x", offset: 0, version: 0, shape: [2, 2], dtype: "f32" });
  const encoder = g.input({
    name: "e",
    arena: "parameters",
    offset: 64,
    version: 0,
    shape: [2, 2],
    dtype: "f32",
  });
  const graph = twoSteps(g, g.tanh(g.matmul(x, encoder)));
  const result = hoist.run(graph, { g });
  expect(`\n${printGraph(result)}`).toMatchInlineSnapshot(`
    "
    segment shared (forward of phase shared, repeat 0)
      %0 = input f32[2, 2] x from x[0]
      %1 = input f32[2, 2] e from parameters[64]
      %2 = matmul f32[2, 2] (%0, %1)
      %3 = tanh f32[2, 2] (%2)
      keep %3

    segment fit.0 (gradient of phase fit, repeat 0)
      %4 = input f32[2, 2] w from parameters[0]
      %5 = matmul f32[2, 2] (%3, %4)
      %6 = subtract f32[2, 2] (%4, %5)
      store w = %6 to parameters[0]

    segment fit.1 (gradient of phase fit)
      %7 = input f32[2, 2] w from parameters[0] version 1
      %8 = matmul f32[2, 2] (%3, %7)
      %9 = subtract f32[2, 2] (%7, %8)
      store w = %9 to parameters[0]
    "
  `);
  expectFaithful(result);
  expect(hoist.run(result, { g })).toEqual(result);
});

test("nothing is kept where segments share inputs only, and a single segment stays as it is", () => {
  const g = new GraphBuilder(ops);
  const x = g.input({ name: "x", arena: "x", offset: 0, version: 0, shape: [2, 2], dtype: "f32" });
  const graph = twoSteps(g, x);
  expect(hoist.run(graph, { g })).toEqual(graph);
  const single: Graph = { segments: graph.segments.slice(0, 1) };
  expect(hoist.run(single, { g })).toEqual(single);
});
