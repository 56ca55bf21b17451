/** How often the CPU target goes over a row, and what it keeps from one time to the next. */
import { afterAll, expect, test } from "vitest";
import { at } from "../../../src/base/invariant.ts";
import { planLoop } from "../../../src/codegen/wasm/loop-plan.ts";
import { passesOf } from "../../../src/codegen/wasm/passes.ts";
import type { LoopKernel } from "../../../src/ir/kernel.ts";
import { executeKernel } from "../../../src/runtime/reference/execute-kernel.ts";
import { Expressions, index, read, write } from "../../support/kernel-build.ts";
import type { KernelRun } from "../../support/kernel-run.ts";
import { runOn, worstError } from "../../support/kernel-run.ts";
import { loop, rowPhase, softmax } from "../../support/loop-cases.ts";
import { cpuBackends } from "../../support/wasm.ts";

const backends = cpuBackends([1, 2]);
afterAll(() => backends.close());

function loopKernel({ kernel }: KernelRun): LoopKernel {
  if (kernel.kind !== "loop") throw new Error("a loop kernel");
  return kernel;
}

async function check(run: KernelRun): Promise<void> {
  const wanted = run.buffers.map((buffer) => buffer.slice());
  executeKernel(run.kernel, wanted, Math.fround);
  for (const way of backends.all) {
    const [got = []] = await runOn(way, [run]);
    const worst = wanted.map((want, operand) => worstError(at(got, operand), want));
    expect(Math.max(...worst), `${run.kernel.name} ${way.description}`).toBeLessThan(1e-5);
  }
}

/** Weights exp(tanh(x)) over two reduced axes, their sum and sum of squares, and quotients in place of x or beside it. */
function weights(rows: number, a: number, b: number, inPlace: boolean): KernelRun {
  const e = new Expressions();
  const place = index([a * b, b, 1]);
  const bounded = e.unary("tanh", e.load(0, place));
  const weight = e.unary("exp", bounded);
  const share = e.binary("divide", weight, e.reduction(0, 0));
  const square = e.binary("multiply", share, share);
  const centred = e.binary("multiply", e.binary("subtract", share, e.reduction(2, 0)), bounded);
  const elements = rows * a * b;
  return loop(`weights ${rows}x${a}x${b}`, {
    operands: [
      { name: "x", dtype: "f32", elements, access: inPlace ? "update" : "read" },
      write("weights", elements),
      write("shares", elements),
    ],
    parallel: [rows],
    reduce: [a, b],
    expressions: e.list,
    phases: [
      { kind: "reduce", reductions: [{ reducer: "sum", value: weight }] },
      { kind: "points", stores: [{ operand: 1, index: place, value: weight }] },
      {
        kind: "reduce",
        reductions: [{ reducer: "max", value: square }],
      },
      { kind: "points", stores: [{ operand: inPlace ? 0 : 2, index: place, value: centred }] },
    ],
  });
}

test("what a phase stores is stored while the one before it runs, unless it needs that one's sums", () => {
  const kernel = loopKernel(weights(2, 3, 5, false));
  expect(passesOf(kernel).map(({ reductions, stores }) => [reductions.length, stores.length])).toEqual([
    [1, 1],
    [1, 0],
    [0, 1],
  ]);
  expect(passesOf(loopKernel(softmax(3, 9)))).toHaveLength(4);
});

test("what is read at other points is not overwritten early", () => {
  const e = new Expressions();
  const shifted = e.load(0, index([8, 1], 1));
  const run = (operand: number) =>
    loop("shift", {
      operands: [{ name: "x", dtype: "f32", elements: 33, access: "update" }, write("y", 33), write("s", 4)],
      parallel: [4],
      reduce: [8],
      expressions: e.list,
      phases: [
        { kind: "reduce", reductions: [{ reducer: "sum", value: shifted }] },
        { kind: "points", stores: [{ operand, index: index([8, 1]), value: shifted }] },
      ],
    });
  expect(passesOf(loopKernel(run(1)))).toHaveLength(1);
  expect(passesOf(loopKernel(run(0)))).toHaveLength(2);
});

test("costly values are computed once for a row", () => {
  const counts = (run: KernelRun) => planLoop(loopKernel(run)).keptRows;
  expect(counts(softmax(4, 100))).toEqual([100]);
  // The weight and what it is made of, which the last phase needs by itself.
  expect(counts(weights(2, 3, 20, false))).toEqual([60]);
  expect(counts(softmax(2, 10_000))).toEqual([]);
});

test.each([
  [5, 1, 3, false],
  [7, 3, 18, false],
  [4, 9, 33, true],
  [1, 2, 4, true],
])("kept values of %i rows of %i x %i", async (rows, a, b, inPlace) => {
  await check(weights(rows, a, b, inPlace));
});

test("the largest of a row with NaN is NaN", async () => {
  const e = new Expressions();
  const run = loop("largest", {
    operands: [read("x", 18), write("most", 2)],
    parallel: [2],
    reduce: [9],
    expressions: e.list,
    phases: [
      { kind: "reduce", reductions: [{ reducer: "max", value: e.load(0, index([9, 1])) }] },
      rowPhase({ operand: 1, index: index([1]), value: e.reduction(0, 0) }),
    ],
  });
  for (const place of [9, 12, 17]) {
    const x = Float64Array.from({ length: 18 }, (_, position) =>
      position === place ? Number.NaN : -1 - position,
    );
    for (const way of backends.all) {
      const [got = []] = await runOn(way, [{ ...run, buffers: [x, new Float64Array(2)] }]);
      expect([...at(got, 1)]).toEqual([-1, Number.NaN]);
    }
  }
});
