/** Scans mean what their steps mean one after another, and keep little in the loop. */
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { at } from "../../src/base/invariant.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { fuse } from "../../src/fuse/fuse.ts";
import type { Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { printGraph } from "../../src/ir/graph-print.ts";
import { verifyGraph } from "../../src/ir/graph-verify.ts";
import { graphRoots, topologicalOrder } from "../../src/ir/graph-walk.ts";
import { buildScan } from "../../src/ir/scan-build.ts";
import { ops } from "../../src/ops/index.ts";
import { optimize } from "../../src/optimize/pipeline.ts";
import { planProgram } from "../../src/plan/plan.ts";
import { graphOf } from "../support/graphs.ts";
import { worstError } from "../support/kernel-run.ts";
import { expectFaithful, programOf } from "../support/planned-programs.ts";
import type { RandomScan } from "../support/random-scan.ts";
import { lossOf, randomScans } from "../support/random-scan.ts";
import { inputNode, run } from "../support/tensors.ts";
import type { CpuBackend } from "../support/wasm.ts";
import { cpuBackends } from "../support/wasm.ts";

const backends = cpuBackends([1, 2]);
afterAll(() => backends.close());

/** Results, a loss of them, and its gradients. */
function withGradients({ g, inputs }: RandomScan, results: readonly Node[]): readonly Node[] {
  const loss = lossOf(g, results);
  return [...results, loss, ...gradient(g, ops, loss, inputs)];
}

describe("random steps", () => {
  test("equal the steps one after another, with their gradients", () => {
    const property = fc.property(randomScans(7), (scan) => {
      const [scanned, unrolled] = [scan.scanned, scan.unrolled].map((nodes) => withGradients(scan, nodes));
      if (scanned === undefined || unrolled === undefined) return;
      const want = run(unrolled, scan.values);
      for (const [index, { data }] of run(scanned, scan.values).entries())
        expect(worstError(data, at(want, index).data)).toBeLessThan(1e-9);
    });
    fc.assert(property, { numRuns: 120, seed: 31 });
  });

  test.each([{}, { maxOperands: 4, dispatchCost: 0 }])("are fused faithfully under %o", (target) => {
    const property = fc.property(randomScans(6), (scan) => {
      expectFaithful(
        graphOf(...withGradients(scan, scan.scanned)),
        target,
        (node) => scan.values.get(node.attributes.name) ?? at([], 0),
      );
    });
    fc.assert(property, { numRuns: 40, seed: 32 });
  });

  test("mean the same after optimisation", () => {
    const property = fc.property(randomScans(6), (scan) => {
      const graph = graphOf(...withGradients(scan, scan.scanned));
      const better = optimize(graph, { verify: true });
      const want = run(graphRoots(graph), scan.values);
      for (const [index, { data }] of run(graphRoots(better), scan.values).entries())
        expect(worstError(data, at(want, index).data)).toBeLessThan(1e-9);
    });
    fc.assert(property, { numRuns: 40, seed: 33 });
  });

  test.each(backends.all)("mean the same on $description", async ({ backend }: CpuBackend) => {
    for (const scan of fc.sample(randomScans(6), { numRuns: 12, seed: 34 })) {
      const results = withGradients(scan, scan.scanned);
      const outputs = results.map((node, index) => ({
        name: `result${index}`,
        node,
        target: { arena: `result${index}`, offset: 0 },
      }));
      const segments = [{ name: "all", phase: "all", repeat: 0, kind: "forward" as const, outputs }];
      const program = planProgram(fuse({ segments }, CPU));
      const executable = await backend.prepare(new Map([["all", program]]));
      for (const [name, { data }] of scan.values)
        if (program.arenas.has(name)) executable.write(name, Float32Array.from(data));
      executable.run("all");
      const want = run(results, scan.values);
      for (const [index, node] of results.entries()) {
        const range = { offset: 0, length: elementCount(node.shape) };
        const got = Float64Array.from(await executable.read(`result${index}`, range));
        expect(worstError(got, at(want, index).data)).toBeLessThan(2e-4);
      }
      executable.dispose();
    }
  });
});

/** h' = tanh(concat(x, h) W + b) over `steps` steps with 8 rows, 16 features and 8 units; the mean of all states, and its gradients. */
function elman(steps: number): readonly Node[] {
  const g = new GraphBuilder(ops);
  const [x, h] = [inputNode(g, "step x", [8, 16]), inputNode(g, "step h", [8, 8])];
  const [values, w, b] = [
    inputNode(g, "x", [steps, 8, 16]),
    inputNode(g, "w", [24, 8]),
    inputNode(g, "b", [8]),
  ];
  const next = g.tanh(g.add(g.matmul(g.concat([x, h], 1), w), b));
  const { after } = buildScan(g, {
    steps,
    reverse: false,
    states: [{ before: h, initial: g.zerosLike(h), next }],
    sequences: [{ step: x, values }],
    outputs: [],
    sums: [],
  });
  const loss = g.mean(at(after, 0));
  return [loss, ...gradient(g, ops, loss, [values, w, b])];
}

describe("a recurrent layer", () => {
  test("has one product in the loop of each direction, however many steps it has", () => {
    // A long mean takes two kernels.
    for (const [steps, count] of [
      [3, 14],
      [300, 15],
    ] as const) {
      const graph = optimize(graphOf(...elman(steps)));
      const scans = topologicalOrder(graphRoots(graph)).filter((node) => node.op === "scan");
      const products = scans.map(({ attributes }) =>
        "body" in attributes ? attributes.body.nodes().filter(({ op }) => op === "matmul").length : 0,
      );
      expect(products).toEqual([1, 1]);
      const { segments, kernels } = programOf(graph, CPU);
      const [segment] = segments;
      expect(segment?.loops?.map(({ count, steps: turns }) => [count, turns])).toEqual([
        [1, steps],
        [2, steps],
      ]);
      expect(kernels.length).toBe(count);
    }
  });

  test("is printed with its step", () => {
    const [loss] = elman(3);
    const graph = graphOf(at([loss], 0) as Node);
    verifyGraph(graph, ops);
    expect(printGraph(optimize(graph))).toMatchInlineSnapshot(`
      "segment main (forward of phase main, repeat 0)
        %0 = input f32[24, 8] w from w[0]
        %1 = input f32[3, 8, 16] x from x[0]
        %2 = reshape f32[24, 16] (%1)
        %3 = slice f32[16, 8] (%0) {start = [0, 0], size = [16, 8]}
        %4 = matmul f32[24, 8] (%2, %3)
        %5 = reshape f32[3, 64] (%4)
        %6 = input f32[8] b from b[0]
        %7 = scan f32[4, 64] (%0, %5, %6) {steps = 3, reverse = false, operands = [0: constant, 1: sequence, 2: constant]}
            %0 = input f32[8, 8] operand 1 from operand 1[0]
            %1 = input f32[8, 8] state 0 from state[0]
            %2 = input f32[24, 8] operand 0 from operand 0[0]
            %3 = slice f32[8, 8] (%2) {start = [16, 0], size = [8, 8]}
            %4 = matmul f32[8, 8] (%1, %3)
            %5 = add f32[8, 8] (%0, %4)
            %6 = input f32[8] operand 2 from operand 2[0]
            %7 = reshape f32[1, 8] (%6)
            %8 = broadcast f32[8, 8] (%7)
            %9 = add f32[8, 8] (%5, %8)
            %10 = tanh f32[8, 8] (%9)
            store state 0 = %10 to next[0]
        %8 = slice f32[3, 64] (%7) {start = [1, 0], size = [3, 64]}
        %9 = reshape f32[3, 8, 8] (%8)
        %10 = sum f32[1, 1, 1] (%9) {axes = [0, 1, 2]}
        %11 = reshape f32[] (%10)
        %12 = constant f32[] 192
        %13 = divide f32[] (%11, %12)
        store y0 = %13 to out[0]
      "
    `);
  });
});
