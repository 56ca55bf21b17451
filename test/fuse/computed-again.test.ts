/** What the way back reads of the way there: cheap values and random numbers are computed again from what is stored anyway, dear ones are stored. */
import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { fuse } from "../../src/fuse/fuse.ts";
import type { Graph, Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import { optimize } from "../../src/optimize/pipeline.ts";
import { inputNode } from "../support/tensors.ts";

const [rows, width] = [64, 48];

/** The primitives whose values lie in memory between the kernels of a layer, `activation`, and a second layer with their gradients. */
function storedBetween(activation: (g: GraphBuilder, h: Node) => Node): string[] {
  const g = new GraphBuilder(ops);
  const x = inputNode(g, "x", [rows, width]);
  const weights = ["first", "second"].map((name) => inputNode(g, name, [width, width]));
  const [first, second] = weights;
  if (first === undefined || second === undefined) throw new Error("two weights");
  const active = activation(g, g.matmul(x, first));
  const loss = g.mean(g.square(g.add(g.matmul(x, second), active)));
  const store = (node: Node, index: number) => ({
    name: `y${index}`,
    node,
    target: { arena: `y${index}`, offset: 0 },
  });
  const forward = [loss].map(store);
  const backward = gradient(g, ops, loss, weights).map((node, index) => store(node, index + 1));
  const segment = { name: "all", phase: "all", repeat: 0, kind: "gradient" as const };
  const graph: Graph = { segments: [{ ...segment, outputs: [...forward, ...backward] }] };
  const { segments, values } = fuse(optimize(graph), CPU);
  const read = segments.flatMap(({ calls }) =>
    calls.flatMap(({ operands }) =>
      operands.flatMap((location) => (location.kind === "work" ? [location.value] : [])),
    ),
  );
  const large = [...new Set(read)].flatMap((id) => {
    const value = values.get(id);
    return value !== undefined && value.elements >= rows * width ? [value.op] : [];
  });
  return large.sort();
}

test("a value that costs a few operations is not stored for its derivative", () => {
  const cheap = storedBetween((g, h) => g.mul(g.maximum(h, 0), g.add(g.maximum(h, 0), 0.5)));
  const plain = storedBetween((_, h) => h);
  // Products need their operands in memory; what became of h on the way there is in none of them.
  expect(cheap).not.toContain("maximum");
  expect(cheap).toMatchInlineSnapshot(`
    [
      "add",
      "matmul",
      "multiply",
      "where",
    ]
  `);
  expect(plain).toMatchInlineSnapshot(`
    [
      "add",
      "matmul",
      "multiply",
    ]
  `);
});

test("a dropout mask is drawn again", () => {
  const dropped = storedBetween((g, h) => {
    const state = inputNode(g, "random", [2], "i32");
    const drawn = g.random("uniform", h.shape, 1, state);
    return g.mul(h, g.cast(g.less(0.25, drawn), "f32"));
  });
  expect(dropped).not.toContain("random");
  expect(dropped).not.toContain("less");
  expect(dropped).toMatchInlineSnapshot(`
    [
      "add",
      "matmul",
      "multiply",
      "multiply",
    ]
  `);
});
