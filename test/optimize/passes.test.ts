/** The passes `fold`, `share`, `orient`, `prune` and `steps` on small graphs: what goes in, what comes out. Rewritten with `vitest -u`. */
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { buildScan } from "../../src/ir/scan-build.ts";
import { ops } from "../../src/ops/index.ts";
import { fold } from "../../src/optimize/fold.ts";
import { orient } from "../../src/optimize/orient.ts";
import { prune } from "../../src/optimize/prune.ts";
import { share } from "../../src/optimize/share.ts";
import { simplify } from "../../src/optimize/simplify.ts";
import { steps } from "../../src/optimize/steps.ts";
import { rewritten } from "../support/rewritten.ts";
import { inputNode } from "../support/tensors.ts";

describe("fold", () => {
  test("a comparison of positions that always holds", () => {
    const inside = (g: GraphBuilder, x: Node, limit: number) =>
      g.where(g.less(g.iota([2, 4], 1), limit), x, 0);
    expect(rewritten(fold, (g, x) => inside(g, x, 4))).toMatchInlineSnapshot(`
      "
      %0 = constant bool[] 1
      %1 = reshape bool[1, 1] (%0)
      %2 = broadcast bool[2, 4] (%1)
      %3 = input f32[2, 4] x from x[0]
      %4 = constant f32[] 0
      %5 = reshape f32[1, 1] (%4)
      %6 = broadcast f32[2, 4] (%5)
      %7 = where f32[2, 4] (%2, %3, %6)
      "
    `);
    expect(rewritten(fold, (g, x) => inside(g, x, 3))).toContain("iota");
  });
});

describe("share", () => {
  test("operands in another order are the same expression", () => {
    expect(
      rewritten(share, (g, x, y) => [g.add(x, y), g.add(y, x), g.sub(x, y), g.sub(y, x)]),
    ).toMatchInlineSnapshot(`
      "
      %0 = input f32[2, 4] x from x[0]
      %1 = input f32[2, 4] y from y[0]
      %2 = add f32[2, 4] (%0, %1)
      %3 = subtract f32[2, 4] (%0, %1)
      %4 = subtract f32[2, 4] (%1, %0)
      "
    `);
  });
});

describe("orient", () => {
  test("the gradient of a weight that is used transposed comes out in the weight's layout", () => {
    expect(
      rewritten(orient, (g, x, y) => {
        const loss = g.sum(g.matmul(x, g.swapAxes(g.sliceAxis(y, 0, 0, 1))));
        return gradient(g, ops, loss, [y]);
      }),
    ).toMatchInlineSnapshot(`
      "
      %0 = constant f32[] 1
      %1 = reshape f32[1, 1] (%0)
      %2 = broadcast f32[2, 1] (%1)
      %3 = transpose f32[1, 2] (%2) {permutation = [1, 0]}
      %4 = input f32[2, 4] x from x[0]
      %5 = matmul f32[1, 4] (%3, %4)
      %6 = pad f32[2, 4] (%5) {before = [0, 0], after = [1, 0]}
      "
    `);
  });

  test("a product that is used both ways is computed once", () => {
    const both = (g: GraphBuilder, x: Node, y: Node) => {
      const product = g.matmul(x, g.swapAxes(y));
      return [product, g.swapAxes(product)];
    };
    expect(rewritten(orient, both).match(/matmul/g)).toHaveLength(1);
  });

  test("other orders of axes stay", () => {
    const turned = (g: GraphBuilder, x: Node) => {
      const [a, b] = [g.reshape(x, [2, 2, 2]), g.reshape(g.neg(x), [2, 2, 2])];
      return g.transpose(g.matmul(a, b), [1, 0, 2]);
    };
    expect(rewritten(orient, turned)).toBe(rewritten(simplify, turned));
  });
});

describe("prune", () => {
  test("only the elements that are read are computed", () => {
    expect(
      rewritten(prune, (g, x, y) => g.sliceAxis(g.tanh(g.matmul(x, g.exp(g.swapAxes(y)))), 1, 0, 1)),
    ).toMatchInlineSnapshot(`
      "
      %0 = input f32[2, 4] x from x[0]
      %1 = input f32[2, 4] y from y[0]
      %2 = transpose f32[4, 2] (%1) {permutation = [1, 0]}
      %3 = slice f32[4, 1] (%2) {start = [0, 0], size = [4, 1]}
      %4 = exp f32[4, 1] (%3)
      %5 = matmul f32[2, 1] (%0, %4)
      %6 = tanh f32[2, 1] (%5)
      "
    `);
  });

  test("what somebody else needs whole stays whole", () => {
    expect(rewritten(prune, (g, x) => [g.sliceAxis(g.tanh(x), 1, 0, 1), g.tanh(x)])).toMatchInlineSnapshot(`
      "
      %0 = input f32[2, 4] x from x[0]
      %1 = tanh f32[2, 4] (%0)
      %2 = slice f32[2, 1] (%1) {start = [0, 0], size = [2, 1]}
      "
    `);
  });

  test("a result that is in its place already is not stored", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [4]);
    const store = (node: Node, offset: number) => ({ name: "x", node, target: { arena: "x", offset } });
    const segment = { name: "s", phase: "s", repeat: 1, kind: "update" as const };
    const stored = (...outputs: ReturnType<typeof store>[]) =>
      prune.run({ segments: [{ ...segment, outputs }] }, { g }).segments[0]?.outputs.length;
    expect(stored(store(x, 0))).toBe(0);
    expect(stored(store(x, 4))).toBe(1);
    expect(stored(store(x, 0), store(g.neg(x), 2))).toBe(2);
  });
});

describe("steps", () => {
  test("the step of a scan is simplified, and what it no longer reads is dropped", () => {
    const step = (g: GraphBuilder, x: Node, y: Node) => {
      const before = inputNode(g, "before", [2]);
      const part = inputNode(g, "part", [2]);
      const never = g.mul(before, g.reshape(g.sliceAxis(y, 1, 0, 1), [2]));
      const next = g.add(before, g.node("multiply", [g.tanh(before), part], {}));
      const chosen = g.node("where", [g.full([2], 1, "bool"), next, never], {});
      return buildScan(g, {
        steps: 4,
        reverse: false,
        states: [{ before, initial: g.zerosLike(before), next: chosen }],
        sequences: [{ step: part, values: g.transpose(x, [1, 0]) }],
        outputs: [],
        sums: [],
      }).last;
    };
    expect(rewritten(steps, step)).toMatchInlineSnapshot(`
      "
      %0 = input f32[2, 4] x from x[0]
      %1 = transpose f32[4, 2] (%0) {permutation = [1, 0]}
      %2 = pad f32[4, 64] (%1) {before = [0, 0], after = [0, 62]}
      %3 = scan f32[5, 64] (%2) {steps = 4, reverse = false, operands = [0: sequence]}
          %0 = input f32[2] state 0 from state[0]
          %1 = tanh f32[2] (%0)
          %2 = input f32[2] operand 0 from operand 0[0]
          %3 = multiply f32[2] (%1, %2)
          %4 = add f32[2] (%0, %3)
          store state 0 = %4 to next[0]
      %4 = slice f32[1, 2] (%3) {start = [4, 0], size = [1, 2]}
      %5 = reshape f32[2] (%4)
      "
    `);
  });
});
