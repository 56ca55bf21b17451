import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Graph } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { graphRoots } from "../../src/ir/graph-walk.ts";
import { ops } from "../../src/ops/index.ts";
import { optimize, passes } from "../../src/optimize/pipeline.ts";
import { graphOf } from "../support/graphs.ts";
import { randomGraphs } from "../support/random-graph.ts";
import { type InputValues, run } from "../support/tensors.ts";

function expectSameValues(before: Graph, after: Graph, values: InputValues): void {
  const [want, got] = [run(graphRoots(before), values), run(graphRoots(after), values)];
  want.forEach((tensor, index) => {
    const other = got[index];
    if (other === undefined) throw new Error("a result is missing");
    expect(other.shape).toEqual(tensor.shape);
    const scale = Math.max(1, ...tensor.data.map(Math.abs));
    tensor.data.forEach((value, element) => {
      expect(Math.abs((other.data[element] ?? Number.NaN) - value) / scale).toBeLessThan(1e-11);
    });
  });
}

test("an optimised random graph computes the same", () => {
  fc.assert(
    fc.property(randomGraphs({ steps: 14, smooth: false }), ({ values, results }) => {
      const graph = graphOf(...results);
      expectSameValues(graph, optimize(graph, { verify: true }), values);
    }),
    { numRuns: 300, seed: 11 },
  );
});

test("optimised views of views read the same elements, forwards and backwards", () => {
  fc.assert(
    fc.property(
      randomGraphs({ steps: 12, smooth: true, viewsOnly: true }),
      ({ g, inputs, values, results }) => {
        const loss = results.map((node) => g.sum(g.square(node))).reduce((sum, term) => g.add(sum, term));
        const graph = graphOf(...results, ...gradient(g, ops, loss, [...inputs.values()]));
        expectSameValues(graph, optimize(graph, { verify: true }), values);
      },
    ),
    { numRuns: 400, seed: 13 },
  );
});

test("an optimised gradient of a random graph is the same", () => {
  fc.assert(
    fc.property(randomGraphs({ steps: 10, smooth: false }), ({ g, inputs, values, results }) => {
      const loss = results.map((node) => g.mean(node)).reduce((sum, term) => g.add(sum, term));
      const graph = graphOf(loss, ...gradient(g, ops, loss, [...inputs.values()]));
      expectSameValues(graph, optimize(graph, { verify: true }), values);
    }),
    { numRuns: 200, seed: 12 },
  );
});

describe("the pipeline", () => {
  test("tells about every pass, in order", () => {
    const g = new GraphBuilder(ops);
    const seen: string[] = [];
    optimize(graphOf(g.full([2], 1)), { onPass: (pass) => seen.push(pass.name) });
    expect(seen).toEqual(passes.map((pass) => pass.name));
  });

  test("keeps segments, their order and their targets", () => {
    const g = new GraphBuilder(ops);
    const segment = (name: string, value: number) => ({
      name,
      phase: "p",
      repeat: 2,
      kind: "update" as const,
      outputs: [{ name: "w", node: g.constant(value), target: { arena: "parameters", offset: 4 } }],
    });
    const graph: Graph = { segments: [segment("one", 1), segment("two", 2)] };
    const shown = (each: Graph) =>
      each.segments.map(({ name, repeat, kind, outputs }) => [
        name,
        repeat,
        kind,
        outputs.map((output) => output.target),
      ]);
    expect(shown(optimize(graph))).toEqual(shown(graph));
  });
});
