/** Sums over pairs in closed form: CLUB as its paper writes it, with absent rows, forwards and backwards. */
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { at } from "../../src/base/invariant.ts";
import type { Graph, Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { graphRoots, topologicalOrder } from "../../src/ir/graph-walk.ts";
import type { Tensor } from "../../src/ir/op.ts";
import { ops } from "../../src/ops/index.ts";
import { optimize } from "../../src/optimize/pipeline.ts";
import { separate } from "../../src/optimize/separate/separate.ts";
import { simplify } from "../../src/optimize/simplify.ts";
import { evaluateNode } from "../../src/runtime/reference/interpret.ts";
import { graphOf } from "../support/graphs.ts";
import { inputNode, run, sampleTensor } from "../support/tensors.ts";

const [rows, width] = [40, 5];

interface Case {
  readonly g: GraphBuilder;
  readonly inputs: readonly Node[];
  readonly values: ReadonlyMap<string, Tensor>;
}

function representations(shift = 0): Case {
  const g = new GraphBuilder(ops);
  const names = ["mu", "logvar", "y"];
  const values = names.map((name, index): [string, Tensor] => {
    const by = name === "logvar" ? 0 : shift;
    return [name, sampleTensor({ shape: [rows, width], dtype: "f32", low: by - 1, high: by + 1 }, index + 1)];
  });
  return { g, inputs: names.map((name) => inputNode(g, name, [rows, width])), values: new Map(values) };
}

/** CLUB over all pairs, as published: the mean over partners j of (y_j - mu_i)². */
function club({ g, inputs }: Case, present: Node | null = null): Node {
  const [mu, logvar, y] = [at(inputs, 0), at(inputs, 1), at(inputs, 2)];
  const shape = [rows, rows, width];
  const own = g.reshape(mu, [rows, 1, width]);
  const partner = g.reshape(y, [1, rows, width]);
  const squares = g.square(g.sub(g.broadcastTo(partner, shape), g.broadcastTo(own, shape)));
  const both = present === null ? null : pairsOf(g, present, shape);
  const kept = both === null ? squares : g.where(both, squares, 0);
  const count = present === null ? rows : g.sum(g.cast(present, "f32"));
  const apart = g.div(g.sum(kept, [1]), count);
  const paired = g.square(g.sub(y, mu));
  const terms = g.div(g.sub(apart, paired), g.mul(g.exp(logvar), 2));
  const shown = present === null ? terms : g.where(g.reshape(present, [rows, 1]), terms, 0);
  return g.div(g.sum(shown), count);
}

function pairsOf(g: GraphBuilder, present: Node, shape: readonly number[]): Node {
  const first = g.broadcastTo(g.reshape(present, [rows, 1, 1]), shape);
  return g.and(first, g.broadcastTo(g.reshape(present, [1, rows, 1]), shape));
}

function withGradients({ g, inputs }: Case, loss: Node): Graph {
  return graphOf(loss, ...gradient(g, ops, loss, inputs));
}

function largest(graph: Graph): number {
  const computed = topologicalOrder(graphRoots(graph)).filter(({ op }) => op !== "broadcast");
  return Math.max(...computed.map(({ shape }) => elementCount(shape)));
}

/** The results with every value rounded to 32 bits. */
function inSinglePrecision(graph: Graph, values: ReadonlyMap<string, Tensor>): Tensor[] {
  const made = new Map<Node, Tensor>();
  const known = (node: Node) => made.get(node) ?? { shape: [], dtype: node.dtype, data: new Float64Array() };
  for (const node of topologicalOrder(graphRoots(graph))) {
    const exact =
      node.op === "input" ? at(run([node], values), 0) : evaluateNode(node, node.inputs.map(known));
    made.set(node, { ...exact, data: exact.data.map(Math.fround) });
  }
  return graphRoots(graph).map(known);
}

function expectSame(before: Graph, after: Graph, values: ReadonlyMap<string, Tensor>): void {
  const [want, got] = [run(graphRoots(before), values), run(graphRoots(after), values)];
  for (const [index, { data }] of want.entries())
    for (const [place, value] of data.entries())
      expect(at(got, index).data[place], `result ${index}, element ${place}`).toBeCloseTo(value, 10);
}

describe("CLUB over all pairs, with its gradients", () => {
  test("forms no pair, and has the same values", () => {
    const made = representations();
    const graph = withGradients(made, club(made));
    const result = optimize(graph, { verify: true });
    expect(largest(graph)).toBe(rows * rows * width);
    // Stacks of two or three values of one row each.
    expect(largest(result)).toBeLessThan(rows * rows);
    expectSame(graph, result, made.values);
  });

  test("over present rows only, whatever lies in the others", () => {
    const made = representations();
    const present = inputNode(made.g, "present", [rows], "bool");
    const graph = withGradients(made, club(made, present));
    const result = optimize(graph, { verify: true });
    expect(largest(result)).toBeLessThan(rows * rows);
    const there = Array.from({ length: rows }, (_, row) => (row % 3 === 1 ? 0 : 1));
    const spoilt = [...made.values].map(([name, tensor]): [string, Tensor] => {
      const data = tensor.data.map((value, index) =>
        name !== "logvar" && there[Math.floor(index / width)] === 0 ? 1e12 : value,
      );
      return [name, { ...tensor, data }];
    });
    const values = new Map(spoilt).set("present", {
      shape: [rows],
      dtype: "bool",
      data: Float64Array.from(there),
    });
    expectSame(graph, result, values);
  });

  test("loses no digits far from zero", () => {
    const made = representations(1000);
    const graph = withGradients(made, club(made));
    const { values } = made;
    const want = run(graphRoots(graph), values);
    const worst = (each: Graph) =>
      Math.max(
        ...inSinglePrecision(each, values).flatMap(({ data }, index) =>
          [...data].map((value, place) => Math.abs(value - (at(want, index).data[place] ?? Number.NaN))),
        ),
      );
    const [pairs, closed] = [worst(graph), worst(optimize(graph))];
    // Differences of numbers near 1000 are known to about 6e-5 in 32 bits, whichever way.
    expect(closed).toBeLessThan(Math.max(2 * pairs, 2e-4));
  });
});

describe("is left as it is", () => {
  const unchanged = (make: (made: Case) => Node) => {
    const made = representations();
    const graph = simplify.run(graphOf(make(made)), { g: made.g });
    expect(separate.run(graph, { g: made.g })).toEqual(graph);
  };

  test("a sum whose pairs do not come apart", () => {
    unchanged(({ g, inputs }) => {
      const [x, y] = [g.reshape(at(inputs, 0), [rows, 1, width]), g.reshape(at(inputs, 2), [1, rows, width])];
      return g.sum(g.exp(g.sub(x, y)), [1]);
    });
  });

  test("a product of matrices written as a sum", () => {
    unchanged(({ g, inputs }) => {
      const [x, y] = [g.reshape(at(inputs, 0), [rows, 1, width]), g.reshape(at(inputs, 2), [1, rows, width])];
      return g.sum(g.mul(x, y), [2]);
    });
  });

  test("a variance", () => {
    unchanged(({ g, inputs }) => {
      const y = at(inputs, 2);
      return g.sum(g.square(g.sub(y, g.mean(y, [0], { keep: true }))), [0]);
    });
  });
});
