import { expect, test } from "vitest";
import { collapseAxes } from "../../src/codegen/collapse.ts";
import type { Index, LoopKernel } from "../../src/ir/kernel.ts";
import { axes, Expressions, index, read, write } from "../support/kernel-build.ts";

function copy(
  extents: readonly number[],
  from: Index,
  to: Index,
  reduce: readonly number[] = [],
): LoopKernel {
  const e = new Expressions();
  const value = e.load(0, from);
  return {
    kind: "loop",
    name: "copy",
    operands: [read("a", 1000), write("out", 1000)],
    parallel: axes(extents),
    reduce: axes(reduce),
    expressions: e.list,
    phases: [{ kind: reduce.length > 0 ? "points" : "row", stores: [{ operand: 1, index: to, value }] }],
  };
}

function shape(kernel: LoopKernel): readonly (readonly number[])[] {
  return [kernel.parallel, kernel.reduce].map((list) => list.map((axis) => axis.extent));
}

test("axes that every index walks as one are merged, extents of 1 are dropped", () => {
  const place = index([40, 8, 8, 1]);
  const collapsed = collapseAxes(copy([2, 5, 1, 8], place, place));
  expect(shape(collapsed)).toEqual([[80], []]);
  expect(collapsed.expressions).toMatchObject([{ index: { terms: [{ axis: 0, stride: 1 }] } }]);
});

test("a transposed or broadcast operand keeps its axes apart", () => {
  expect(shape(collapseAxes(copy([4, 6], index([1, 4]), index([6, 1]))))).toEqual([[4, 6], []]);
  expect(shape(collapseAxes(copy([2, 3, 5], index([0, 5, 1]), index([15, 5, 1]))))).toEqual([[2, 15], []]);
});

test("parallel and reduce axes are never merged, nor axes whose position is used", () => {
  expect(shape(collapseAxes(copy([4], index([6, 1]), index([6, 1]), [6])))).toEqual([[4], [6]]);
  const kernel = copy([4, 6], index([6, 1]), index([6, 1]));
  const named = {
    ...kernel,
    expressions: [...kernel.expressions, { op: "axis" as const, dtype: "i32" as const, axis: 1 }],
  };
  expect(shape(collapseAxes(named))).toEqual([[4, 6], []]);
});
