/** The pass `simplify` on small graphs: what goes in, what comes out. Rewritten with `vitest -u`. */
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import type { Node } from "../../src/ir/graph.ts";
import type { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import { simplify } from "../../src/optimize/simplify.ts";
import { expectSame, rewritten } from "../support/rewritten.ts";

describe("arithmetic", () => {
  test("negations are absorbed", () => {
    expectSame(
      simplify,
      (g, x, y) => g.add(x, g.neg(y)),
      (g, x, y) => g.sub(x, y),
    );
    expectSame(
      simplify,
      (g, x, y) => g.add(g.neg(x), y),
      (g, x, y) => g.sub(y, x),
    );
    expectSame(
      simplify,
      (g, x, y) => g.sub(x, g.neg(y)),
      (g, x, y) => g.add(x, y),
    );
    expectSame(
      simplify,
      (g, x) => g.sub(0, x),
      (g, x) => g.neg(x),
    );
    expectSame(
      simplify,
      (g, x, y) => g.mul(g.neg(x), g.neg(y)),
      (g, x, y) => g.mul(x, y),
    );
    expectSame(
      simplify,
      (g, x) => g.neg(g.mul(x, 3)),
      (g, x) => g.mul(x, -3),
    );
    expectSame(
      simplify,
      (g, x) => g.mul(-1, x),
      (g, x) => g.neg(x),
    );
  });

  test("constant factors are merged, and a quotient by a power of two is a product", () => {
    expectSame(
      simplify,
      (g, x) => g.mul(3, g.mul(x, 2)),
      (g, x) => g.mul(x, 6),
    );
    expectSame(
      simplify,
      (g, x) => g.div(x, 4),
      (g, x) => g.mul(x, 0.25),
    );
    expectSame(
      simplify,
      (g, x) => g.div(x, 3),
      (g, x) => g.node("divide", [x, g.full([2, 4], 3)], {}),
    );
  });

  test("0 * x goes only where x cannot be NaN or infinite", () => {
    expectSame(
      simplify,
      (g, x, y) => g.mul(g.cast(g.less(x, y), "f32"), 0),
      (g) => g.full([2, 4], 0),
    );
    expect(rewritten(simplify, (g, x) => g.mul(x, 0))).toContain("multiply");
    expect(rewritten(simplify, (g, x) => g.sub(x, x))).toContain("subtract");
  });

  test("choices with known, negated or repeated conditions", () => {
    expectSame(
      simplify,
      (g, x, y) => g.where(g.full([2, 4], 1, "bool"), x, y),
      (_, x) => x,
    );
    expectSame(
      simplify,
      (g, x, y) => g.where(g.not(g.less(x, y)), x, y),
      (g, x, y) => g.where(g.less(x, y), y, x),
    );
    expectSame(
      simplify,
      (g, x, y) => g.where(g.less(x, y), g.where(g.less(x, y), x, 1), y),
      (g, x, y) => g.where(g.less(x, y), x, y),
    );
  });

  test("differences of whole numbers, and conversions there and back", () => {
    const whole = (g: GraphBuilder, x: Node) => g.cast(x, "i32");
    expectSame(
      simplify,
      (g, x) => g.sub(whole(g, x), whole(g, x)),
      (g) => g.full([2, 4], 0, "i32"),
    );
    expectSame(
      simplify,
      (g, x, y) => g.cast(g.cast(g.less(x, y), "f32"), "bool"),
      (g, x, y) => g.less(x, y),
    );
  });

  test("marks for the gradient go", () => {
    expectSame(
      simplify,
      (g, x) => g.scaleGradient(g.stopGradient(x), 2),
      (_, x) => x,
    );
  });
});

describe("views", () => {
  test("broadcasts end up outermost, as one", () => {
    expect(
      rewritten(simplify, (g, x) => {
        const column = g.sliceAxis(x, 1, 0, 1);
        return g.broadcastTo(g.reshape(g.broadcastTo(column, [2, 3]), [2, 1, 3]), [2, 5, 3]);
      }),
    ).toMatchInlineSnapshot(`
      "
      %0 = input f32[2, 4] x from x[0]
      %1 = slice f32[2, 1] (%0) {start = [0, 0], size = [2, 1]}
      %2 = reshape f32[2, 1, 1] (%1)
      %3 = broadcast f32[2, 5, 3] (%2)
      "
    `);
  });

  test("a slice reads through concat, pad and transpose", () => {
    expect(
      rewritten(simplify, (g, x, y) => [
        g.slice(g.concat([x, y], 0), [1, 1], [2, 3]),
        g.slice(g.pad(x, [1, 1], [1, 1]), [0, 1], [2, 2]),
        g.slice(g.pad(x, [1, 1], [1, 1]), [0, 0], [1, 3]),
        g.slice(g.transpose(x, [1, 0]), [1, 0], [2, 1]),
      ]),
    ).toMatchInlineSnapshot(`
      "
      %0 = input f32[2, 4] x from x[0]
      %1 = slice f32[1, 3] (%0) {start = [1, 1], size = [1, 3]}
      %2 = input f32[2, 4] y from y[0]
      %3 = slice f32[1, 3] (%2) {start = [0, 1], size = [1, 3]}
      %4 = concat f32[2, 3] (%1, %3) {axis = 0}
      %5 = slice f32[1, 2] (%0) {start = [0, 0], size = [1, 2]}
      %6 = pad f32[2, 2] (%5) {before = [1, 0], after = [0, 0]}
      %7 = constant f32[] 0
      %8 = reshape f32[1, 1] (%7)
      %9 = broadcast f32[1, 3] (%8)
      %10 = slice f32[1, 2] (%0) {start = [0, 1], size = [1, 2]}
      %11 = reshape f32[2, 1] (%10)
      "
    `);
  });

  test("slices of one tensor join again, and so do the pads of their derivatives", () => {
    const halves = (g: GraphBuilder, x: Node) => [g.sliceAxis(x, 1, 0, 1), g.sliceAxis(x, 1, 1, 3)];
    expectSame(
      simplify,
      (g, x) => g.concat(halves(g, x), 1),
      (_, x) => x,
    );
    expect(
      rewritten(simplify, (g, x) => {
        const [a, b] = halves(g, x).map((part, index) => g.sum(g.mul(g.tanh(part), index + 2)));
        if (a === undefined || b === undefined) throw new Error("two halves");
        return gradient(g, ops, g.add(a, b), [x]);
      }),
    ).toMatchInlineSnapshot(`
      "
      %0 = constant f32[] 1
      %1 = reshape f32[1, 1] (%0)
      %2 = broadcast f32[2, 1] (%1)
      %3 = input f32[2, 4] x from x[0]
      %4 = slice f32[2, 1] (%3) {start = [0, 0], size = [2, 1]}
      %5 = tanh f32[2, 1] (%4)
      %6 = power f32[2, 1] (%5) {exponent = 2}
      %7 = subtract f32[2, 1] (%2, %6)
      %8 = constant f32[] 2
      %9 = reshape f32[1, 1] (%8)
      %10 = broadcast f32[2, 1] (%9)
      %11 = multiply f32[2, 1] (%7, %10)
      %12 = broadcast f32[2, 3] (%1)
      %13 = slice f32[2, 3] (%3) {start = [0, 1], size = [2, 3]}
      %14 = tanh f32[2, 3] (%13)
      %15 = power f32[2, 3] (%14) {exponent = 2}
      %16 = subtract f32[2, 3] (%12, %15)
      %17 = constant f32[] 3
      %18 = reshape f32[1, 1] (%17)
      %19 = broadcast f32[2, 3] (%18)
      %20 = multiply f32[2, 3] (%16, %19)
      %21 = concat f32[2, 4] (%11, %20) {axis = 1}
      "
    `);
  });

  test("paddings and concatenations inside one another are one", () => {
    expectSame(
      simplify,
      (g, x) => g.pad(g.pad(x, [1, 0], [0, 2]), [0, 3], [1, 0]),
      (g, x) => g.pad(x, [1, 3], [1, 2]),
    );
    expectSame(
      simplify,
      (g, x, y) => g.concat([g.concat([x, y], 0), x], 0),
      (g, x, y) => g.concat([x, y, x], 0),
    );
  });

  test("a transpose that moves nothing is a reshape", () => {
    expectSame(
      simplify,
      (g, x) => g.transpose(g.reshape(x, [2, 1, 4]), [1, 0, 2]),
      (g, x) => g.reshape(x, [1, 2, 4]),
    );
  });
});

describe("reductions", () => {
  test("over repeated elements, over one element, twice", () => {
    expect(
      rewritten(simplify, (g, x) => [
        g.sum(g.broadcastTo(g.reshape(x, [2, 4, 1]), [2, 4, 5]), [1, 2]),
        g.max(g.broadcastTo(g.reshape(x, [2, 4, 1]), [2, 4, 5]), [2]),
        g.sum(g.sum(x, [1])),
        g.node("max", [g.reshape(x, [1, 2, 4])], { axes: [0] }),
      ]),
    ).toMatchInlineSnapshot(`
      "
      %0 = input f32[2, 4] x from x[0]
      %1 = sum f32[2, 1] (%0) {axes = [1]}
      %2 = reshape f32[2, 1, 1] (%1)
      %3 = constant f32[] 5
      %4 = reshape f32[1, 1, 1] (%3)
      %5 = broadcast f32[2, 1, 1] (%4)
      %6 = multiply f32[2, 1, 1] (%2, %5)
      %7 = reshape f32[2] (%6)
      %8 = sum f32[1, 1] (%0) {axes = [0, 1]}
      %9 = reshape f32[] (%8)
      %10 = reshape f32[1, 2, 4] (%0)
      "
    `);
  });

  test("constant factors leave a sum", () => {
    expect(rewritten(simplify, (g, x) => g.sum(g.mul(g.neg(x), 3), [1]))).toMatchInlineSnapshot(`
      "
      %0 = input f32[2, 4] x from x[0]
      %1 = sum f32[2, 1] (%0) {axes = [1]}
      %2 = constant f32[] -3
      %3 = reshape f32[1, 1] (%2)
      %4 = broadcast f32[2, 1] (%3)
      %5 = multiply f32[2, 1] (%1, %4)
      %6 = reshape f32[2] (%5)
      "
    `);
  });
});
