/** Calls in another order compute the same and never need more memory than before. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { fuse } from "../../src/fuse/fuse.ts";
import type { Graph } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { verifyProgram } from "../../src/ir/program-verify.ts";
import { ops } from "../../src/ops/index.ts";
import { orderCalls } from "../../src/plan/order.ts";
import { planProgram } from "../../src/plan/plan.ts";
import { executeProgram, makeArenas } from "../../src/runtime/reference/execute-program.ts";
import { graphOf } from "../support/graphs.ts";
import { randomGraphs } from "../support/random-graph.ts";

const OUT = "out";

test("random graphs with gradients store the same", () => {
  fc.assert(
    fc.property(randomGraphs({ steps: 14, smooth: false }), ({ g, inputs, values, results }) => {
      const loss = results.map((node) => g.mean(g.square(node))).reduce((sum, term) => g.add(sum, term));
      const scheduled = fuse(graphOf(loss, ...results, ...gradient(g, ops, loss, [...inputs.values()])), {});
      const [before, after] = [scheduled, orderCalls(scheduled)].map((each) => {
        const program = planProgram(each);
        verifyProgram(program);
        const arenas = makeArenas(program);
        arenas.get("work")?.fill(Number.NaN);
        for (const [name, node] of inputs) {
          const { arena, offset } = node.op === "input" ? node.attributes : { arena: name, offset: 0 };
          arenas.get(arena)?.set(values.get(name)?.data ?? [], offset);
        }
        executeProgram(program, arenas);
        return arenas.get(OUT);
      });
      expect(after).toEqual(before);
    }),
    { numRuns: 80, seed: 31 },
  );
});

test("the derivative of a weight is taken as soon as it frees what it reads", () => {
  const g = new GraphBuilder(ops);
  const input = (name: string, shape: readonly number[]) =>
    g.input({ name, arena: name, offset: 0, version: 0, shape, dtype: "f32" });
  const weights = [0, 1, 2, 3].map((index) => input(`w${index}`, [8, 8]));
  let x = input("x", [256, 8]);
  for (const weight of weights) x = g.tanh(g.matmul(x, weight));
  const loss = g.sum(g.square(x));
  const derivatives = gradient(g, ops, loss, weights);
  const graph: Graph = graphOf(...derivatives.reverse());
  const scheduled = fuse(graph, {});
  const [before, after] = [planProgram(scheduled), planProgram(orderCalls(scheduled))];
  expect(after.segments[0]?.dispatches.length).toBe(before.segments[0]?.dispatches.length);
  expect(after.memory.peakBytes).toBeLessThanOrEqual(before.memory.peakBytes);
  expect(after.memory.peakBytes).toBeLessThan(after.memory.sumBytes);
});
