/** Horizontal batching: what comes out for small graphs, and that every result stays the same. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Graph, Node } from "../../src/ir/graph.ts";
import { elementCount } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { printGraph } from "../../src/ir/graph-print.ts";
import { graphRoots, topologicalOrder } from "../../src/ir/graph-walk.ts";
import { ops } from "../../src/ops/index.ts";
import { batch } from "../../src/optimize/batch/batch.ts";
import { simplify } from "../../src/optimize/simplify.ts";
import { executeProgram, makeArenas } from "../../src/runtime/reference/execute-program.ts";
import { graphOf } from "../support/graphs.ts";
import { programOf, randomInputs } from "../support/planned-programs.ts";

/** Weights one behind the other in the arena `parameters`. */
class Weights {
  readonly #g: GraphBuilder;
  #offset = 0;
  readonly all: Node[] = [];

  constructor(g: GraphBuilder) {
    this.#g = g;
  }

  next(shape: readonly number[], version = 0): Node {
    const node = this.#g.input({
      name: `w${this.#offset}`,
      arena: "parameters",
      offset: this.#offset,
      version,
      shape,
      dtype: "f32",
    });
    this.#offset += elementCount(shape);
    this.all.push(node);
    return node;
  }
}

function inputOf(g: GraphBuilder, name: string, shape: readonly number[]): Node {
  return g.input({ name, arena: name, offset: 0, version: 0, shape, dtype: "f32" });
}

function batched(graph: Graph, g: GraphBuilder): Graph {
  return simplify.run(batch.run(simplify.run(graph, { g }), { g }), { g });
}

/** What the program of a graph leaves in its arenas; inputs are filled with numbers that depend on their place. */
function stored(graph: Graph, filled: Graph): Map<string, Float64Array> {
  const program = programOf(graph);
  const arenas = makeArenas(program);
  arenas.get("work")?.fill(Number.NaN);
  for (const node of topologicalOrder(graphRoots(filled))) {
    if (node.op !== "input" || node.attributes.version > 0) continue;
    arenas.get(node.attributes.arena)?.set(randomInputs(node).data, node.attributes.offset);
  }
  executeProgram(program, arenas);
  arenas.delete("work");
  return arenas;
}

function expectSameStores(before: Graph, after: Graph): void {
  const [want, got] = [stored(before, before), stored(after, before)];
  for (const [name, values] of want) {
    const found = got.get(name);
    for (const [index, value] of values.entries())
      expect(Math.abs((found?.[index] ?? Number.NaN) - value), `${name}[${index}]`).toBeLessThan(1e-9);
  }
}

function count(graph: Graph, op: Node["op"]): number {
  return topologicalOrder(graphRoots(graph)).filter((node) => node.op === op).length;
}

describe("what comes out", () => {
  test("projections of one value by neighbouring weights are one product", () => {
    const g = new GraphBuilder(ops);
    const weights = new Weights(g);
    const x = inputOf(g, "x", [5, 2]);
    const products = [0, 1, 2].map(() => g.matmul(x, g.swapAxes(weights.next([3, 2]))));
    const graph = graphOf(...products.map((product) => g.tanh(product)));
    const result = batched(graph, g);
    expect(`\n${printGraph(result)}`).toMatchInlineSnapshot(`
      "
      segment main (forward of phase main, repeat 0)
        %0 = input f32[5, 2] x from x[0]
        %1 = reshape f32[1, 5, 2] (%0)
        %2 = broadcast f32[3, 5, 2] (%1)
        %3 = input f32[3, 3, 2] parameters[0] from parameters[0]
        %4 = transpose f32[3, 2, 3] (%3) {permutation = [0, 2, 1]}
        %5 = matmul f32[3, 5, 3] (%2, %4)
        %6 = tanh f32[3, 5, 3] (%5)
        store y0 … y2 = %6 to out[0]
      "
    `);
    expectSameStores(graph, result);
  });

  test("equal networks on different values are one network; their gradients are stored together", () => {
    const g = new GraphBuilder(ops);
    const weights = new Weights(g);
    const first = [0, 1].map(() => weights.next([4, 4]));
    const offsets = [0, 1].map(() => weights.next([4]));
    const losses = ["x", "y"].map((name, lane) => {
      const hidden = g.add(
        g.matmul(inputOf(g, name, [3, 4]), first[lane] ?? g.constant(0)),
        offsets[lane] ?? 0,
      );
      return g.sum(g.square(g.tanh(hidden)));
    });
    const loss = losses.reduce((sum, each) => g.add(sum, each));
    const graph: Graph = {
      segments: [
        {
          name: "main",
          phase: "main",
          repeat: 0,
          kind: "gradient",
          outputs: gradient(g, ops, loss, weights.all).map((node, index) => ({
            name: `gradient${index}`,
            node,
            target: { arena: "gradients", offset: [0, 16, 32, 36][index] ?? 0 },
          })),
        },
      ],
    };
    const result = batched(graph, g);
    expect(`\n${printGraph(result)}`).toMatchInlineSnapshot(`
      "
      segment main (gradient of phase main, repeat 0)
        %0 = input f32[3, 4] x from x[0]
        %1 = reshape f32[1, 1, 3, 4] (%0)
        %2 = input f32[3, 4] y from y[0]
        %3 = reshape f32[1, 1, 3, 4] (%2)
        %4 = concat f32[1, 2, 3, 4] (%1, %3) {axis = 1}
        %5 = reshape f32[2, 3, 4] (%4)
        %6 = transpose f32[2, 4, 3] (%5) {permutation = [0, 2, 1]}
        %7 = input f32[2, 4, 4] parameters[0] from parameters[0]
        %8 = matmul f32[2, 3, 4] (%5, %7)
        %9 = input f32[2, 4] parameters[32] from parameters[32]
        %10 = reshape f32[2, 1, 4] (%9)
        %11 = broadcast f32[2, 3, 4] (%10)
        %12 = add f32[2, 3, 4] (%8, %11)
        %13 = tanh f32[2, 3, 4] (%12)
        %14 = constant f32[] 2
        %15 = reshape f32[1, 1, 1] (%14)
        %16 = broadcast f32[2, 3, 4] (%15)
        %17 = multiply f32[2, 3, 4] (%13, %16)
        %18 = constant f32[] 1
        %19 = reshape f32[1, 1, 1] (%18)
        %20 = broadcast f32[2, 3, 4] (%19)
        %21 = power f32[2, 3, 4] (%13) {exponent = 2}
        %22 = subtract f32[2, 3, 4] (%20, %21)
        %23 = multiply f32[2, 3, 4] (%17, %22)
        %24 = matmul f32[2, 4, 4] (%6, %23)
        %25 = sum f32[2, 1, 4] (%23) {axes = [1]}
        %26 = reshape f32[2, 4] (%25)
        store gradient0 … gradient1 = %24 to gradients[0]
        store gradient2 … gradient3 = %26 to gradients[32]
      "
    `);
    expect(count(graph, "matmul")).toBe(4);
    expect(count(result, "matmul")).toBe(2);
    expect(result.segments[0]?.outputs).toHaveLength(2);
    expectSameStores(graph, result);
  });

  test("what needs each other stays apart, and so does what would have to be copied for too little", () => {
    const g = new GraphBuilder(ops);
    const weights = new Weights(g);
    const [a, b] = [weights.next([2, 2]), weights.next([2, 2])];
    const x = inputOf(g, "x", [2, 2]);
    const chain = graphOf(g.matmul(g.matmul(x, a), b));
    expect(batched(chain, g)).toEqual(simplify.run(chain, { g }));
    const large = ["p", "q", "r", "s"].map((name) => inputOf(g, name, [700, 700]));
    const [p, q, r, s] = large.map((node) => g.tanh(node));
    if (!p || !q || !r || !s) throw new Error("four operands");
    const apart = graphOf(g.matmul(p, q), g.matmul(r, s));
    expect(count(batched(apart, g), "matmul")).toBe(2);
  });

  test("work of a later segment does not move into an earlier one, and old contents are not read too late", () => {
    const g = new GraphBuilder(ops);
    const x = inputOf(g, "x", [3, 2]);
    const weight = (offset: number, version: number) =>
      g.input({ name: `w${offset}`, arena: "parameters", offset, version, shape: [2, 2], dtype: "f32" });
    const step = (name: string, version: number) => ({
      name,
      phase: "p",
      repeat: version,
      kind: "update" as const,
      outputs: [0, 4].map((offset) => ({
        name: `w${offset}`,
        node: g.add(weight(offset, version), g.sum(g.matmul(x, weight(offset, version)))),
        target: { arena: "parameters", offset },
      })),
    });
    const graph: Graph = { segments: [step("one", 0), step("two", 1)] };
    const result = batched(graph, g);
    expect(count(result, "matmul")).toBe(2);
    expectSameStores(graph, result);
  });
});

/** Groups of small networks that are alike, nearly alike, or use each other's values. */
const networks = fc.array(
  fc.record({
    left: fc.nat({ max: 5 }),
    right: fc.nat({ max: 5 }),
    offset: fc.nat({ max: 3 }),
    turned: fc.boolean(),
    kind: fc.nat({ max: 4 }),
  }),
  { minLength: 2, maxLength: 9 },
);

test("random families of networks compute the same, values and gradients", () => {
  fc.assert(
    fc.property(networks, fc.nat({ max: 3 }), (steps, reach) => {
      const g = new GraphBuilder(ops);
      const weights = new Weights(g);
      const tables = Array.from({ length: 6 }, () => weights.next([3, 3]));
      const offsets = Array.from({ length: 4 }, () => weights.next([3]));
      const pool = ["x", "y", "z"].map((name) => inputOf(g, name, [3, 3]));
      const pick = <T>(items: readonly T[], index: number): T => {
        const item = items[index % items.length];
        if (item === undefined) throw new Error("nothing to pick from");
        return item;
      };
      for (const { left, right, offset, turned, kind } of steps) {
        const table = pick(tables, right);
        const made = g.add(
          g.matmul(pick(pool, left + reach), turned ? g.swapAxes(table) : table),
          pick(offsets, offset),
        );
        const shaped = [
          () => g.tanh(made),
          () => g.mul(made, 0.3),
          () => g.where(g.less(made, 0), g.neg(made), g.sin(made)),
          () => g.sub(g.sigmoid(made), g.mean(made, [0], { keep: true })),
          () => g.swapAxes(g.sin(made)),
        ];
        pool.push(pick(shaped, kind)());
      }
      const results = pool.slice(3);
      const loss = results.map((node) => g.sum(g.square(node))).reduce((sum, each) => g.add(sum, each));
      const graph = graphOf(loss, ...results, ...gradient(g, ops, loss, weights.all));
      expectSameStores(graph, batched(graph, g));
    }),
    { numRuns: 60, seed: 21 },
  );
});
