import { describe, expect, test } from "vitest";
import type { Graph, Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { printGraph, printNodes } from "../../src/ir/graph-print.ts";
import { verifyGraph, verifyNodes } from "../../src/ir/graph-verify.ts";
import { topologicalOrder } from "../../src/ir/graph-walk.ts";
import { ops } from "../../src/ops/index.ts";
import { graphOf } from "../support/graphs.ts";
import { inputNode } from "../support/tensors.ts";

describe("printing", () => {
  test("segments, shared nodes, attributes and places", () => {
    const g = new GraphBuilder(ops);
    const source = { path: "specs/a.mird", text: "model A {\n  h = tanh(x w)\n}\n" };
    const x = inputNode(g, "x", [2, 3]);
    const w = g.input({
      name: "w",
      arena: "parameters",
      offset: 12,
      version: 1,
      shape: [3, 4],
      dtype: "f32",
    });
    const h = g.withOrigin({ source, start: 12, end: 25 }, () => g.tanh(g.matmul(x, w)));
    const graph: Graph = {
      segments: [
        {
          name: "latents",
          phase: "model",
          repeat: 1,
          kind: "forward",
          outputs: [{ name: "h", node: h, target: { arena: "latents", offset: 0 } }],
        },
        {
          name: "fit",
          phase: "estimators",
          repeat: 5,
          kind: "gradient",
          outputs: [
            {
              name: "top",
              node: g.max(g.mul(h, -0.5), [1], { keep: true }),
              target: { arena: "out", offset: 3 },
            },
          ],
        },
      ],
    };
    expect(printGraph(graph)).toMatchInlineSnapshot(`
      "segment latents (forward of phase model)
        %0 = input f32[2, 3] x from x[0]
        %1 = input f32[3, 4] w from parameters[12] version 1
        %2 = matmul f32[2, 4] (%0, %1)   // specs/a.mird:2
        %3 = tanh f32[2, 4] (%2)   // specs/a.mird:2
        store h = %3 to latents[0]

      segment fit (gradient of phase estimators, repeat 5)
        %4 = constant f32[] -0.5
        %5 = reshape f32[1, 1] (%4)
        %6 = broadcast f32[2, 4] (%5)
        %7 = multiply f32[2, 4] (%3, %6)
        %8 = max f32[2, 1] (%7) {axes = [1]}
        store top = %8 to out[3]
      "
    `);
  });

  test("numbers depend on the graph, not on what the builder made before", () => {
    const made = (before: number) => {
      const g = new GraphBuilder(ops);
      for (let index = 0; index < before; index++) g.constant(index + 100);
      return printNodes([g.exp(inputNode(g, "x", [2]))]);
    };
    expect(made(0)).toBe(made(7));
  });
});

test("the order of nodes puts operands first and visits each once", () => {
  const g = new GraphBuilder(ops);
  const x = inputNode(g, "x", [2]);
  const y = g.mul(g.exp(x), g.sin(x));
  expect(topologicalOrder([y, x]).map((node) => node.op)).toEqual(["input", "exp", "sin", "multiply"]);
});

describe("verification", () => {
  function forged(node: Node, change: object): Node {
    return { ...node, ...change };
  }

  test("accepts what the builder makes", () => {
    const g = new GraphBuilder(ops);
    expect(() => verifyGraph(graphOf(g.tanh(inputNode(g, "x", [2]))), ops)).not.toThrow();
  });

  test("finds a wrong type", () => {
    const g = new GraphBuilder(ops);
    const node = forged(g.tanh(inputNode(g, "x", [2])), { shape: [3] });
    expect(() => verifyNodes([node], ops)).toThrow("(tanh) says f32[3] but is f32[2]");
  });

  test("finds a cycle", () => {
    const g = new GraphBuilder(ops);
    const inputs: Node[] = [inputNode(g, "x", [2])];
    const node = forged(g.tanh(inputNode(g, "x", [2])), { inputs });
    inputs[0] = node;
    expect(() => verifyNodes([node], ops)).toThrow("needs its own result");
  });

  test("finds results that overlap, bad places, bad repeats and segments of one name", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [4]);
    const graph = (offsets: readonly number[], change: object = {}): Graph => ({
      segments: [
        {
          name: "s",
          phase: "s",
          repeat: 1,
          kind: "forward",
          outputs: offsets.map((offset) => ({
            name: `y${offset}`,
            node: x,
            target: { arena: "out", offset },
          })),
          ...change,
        },
      ],
    });
    expect(() => verifyGraph(graph([0, 4, 8]), ops)).not.toThrow();
    expect(() => verifyGraph(graph([5, 0, 2]), ops)).toThrow("y0 and y2 overlap in segment s");
    expect(() => verifyGraph(graph([0.5]), ops)).toThrow("y0.5 would be stored at out[0.5]");
    expect(() => verifyGraph(graph([0], { repeat: -1 }), ops)).toThrow("segment s is repeat -1");
    const { segments } = graph([0]);
    expect(() => verifyGraph({ segments: [...segments, ...segments] }, ops)).toThrow(
      "two segments are called s",
    );
  });
});
