/** Kernels of random odd shapes against the interpreter: relaxed and plain SIMD, one, two and three threads. */
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { at } from "../../../src/base/invariant.ts";
import type { LoopKernel } from "../../../src/ir/kernel.ts";
import { executeKernel } from "../../../src/runtime/reference/execute-kernel.ts";
import { FORMS, product } from "../../support/contraction-cases.ts";
import { axes, Expressions, index, read, write } from "../../support/kernel-build.ts";
import type { KernelRun } from "../../support/kernel-run.ts";
import { fill, runOn, worstError } from "../../support/kernel-run.ts";
import {
  columnSums,
  gathered,
  mixedMap,
  outerSums,
  padded,
  plainMap,
  positions,
  softmax,
  symmetric,
} from "../../support/loop-cases.ts";
import { cpuBackends } from "../../support/wasm.ts";

const backends = cpuBackends([1, 2, 3]);
afterAll(() => backends.close());

/** Runs kernels in all ways; every way must be near the interpreter, and those of one arithmetic must agree bit for bit. */
async function check(runs: readonly KernelRun[], tolerance: number): Promise<void> {
  const wanted = runs.map(({ kernel, buffers }) => {
    const copies = buffers.map((buffer) => buffer.slice());
    executeKernel(kernel, copies, Math.fround);
    return copies;
  });
  const results = [];
  for (const way of backends.all) {
    const got = await runOn(way, runs);
    results.push(got);
    const wrong = runs.flatMap(({ kernel }, run) => {
      const errors = at(wanted, run).map((want, operand) => worstError(at(at(got, run), operand), want));
      const worst = Math.max(...errors);
      return worst <= tolerance ? [] : [{ way: way.description, kernel: kernel.name, worst }];
    });
    expect(wrong).toEqual([]);
  }
  const half = backends.all.length / 2;
  for (const first of [0, half])
    for (let other = first + 1; other < first + half; other++)
      expect(at(results, other), "more threads").toEqual(at(results, first));
}

const extent = (most: number) => fc.integer({ min: 1, max: most });

test("contractions", async () => {
  const small = fc.record({
    batch: fc.constantFrom(1, 1, 3, 9),
    m: extent(40),
    n: extent(40),
    k: extent(70),
    form: fc.constantFrom(...FORMS),
    shared: fc.boolean(),
    epilogue: fc.boolean(),
  });
  await check(fc.sample(small, { numRuns: 60, seed: 3 }).map(product), 1e-4);
});

test("contractions with several blocks of every axis", async () => {
  const runs = FORMS.flatMap((form) => [
    product({ m: 19, n: 13, k: 1300, form }),
    product({ m: 3, n: 9, k: 641, form, epilogue: true }),
    product({ m: 70, n: 70, k: 66, form, epilogue: true }),
  ]);
  await check(
    [...runs, product({ m: 531, n: 10, k: 20 }), product({ m: 6, n: 1050, k: 130, form: "nt" })],
    1e-4,
  );
});

test("maps", async () => {
  const sizes = fc.sample(fc.tuple(extent(20), extent(40), extent(9)), { numRuns: 40, seed: 4 });
  const runs = sizes.flatMap(([a, b, c]) => [
    mixedMap(a, b),
    plainMap([a, b, c]),
    padded(b, c, a),
    gathered(b),
    symmetric(a),
    positions([a, b, c]),
  ]);
  await check([...runs, plainMap([40_003])], 2e-6);
});

test("row phases and sums down columns", async () => {
  const sizes = fc.sample(fc.tuple(extent(30), extent(70), extent(9)), { numRuns: 40, seed: 5 });
  const runs = sizes.flatMap(([a, b, c]) => [
    softmax(a, b),
    columnSums(b, a),
    columnSums(a * c, b),
    outerSums(a, c, b),
  ]);
  await check([...runs, softmax(900, 33), columnSums(3000, 37)], 1e-5);
});

/** Columns minus their means over the roots of their squares: two sums, values per column, and an update in place. */
function normalizedColumns(rows: number, columns: number, groups: number): KernelRun {
  const e = new Expressions();
  const place = index([columns * rows, 1, columns]);
  const x = e.load(0, place);
  const bias = e.load(1, index([0, 1]));
  const share = e.constant(1 / rows);
  const most = e.reduction(0, 1);
  const mean = e.binary("multiply", e.reduction(0, 0), share);
  const away = e.binary("subtract", x, mean);
  const square = e.binary("multiply", away, away);
  const variance = e.binary("multiply", e.reduction(1, 0), share);
  const scale = e.unary("reciprocal", e.unary("sqrt", e.binary("add", variance, e.constant(0.1))));
  const value = e.binary("add", e.binary("multiply", away, scale), bias);
  const elements = groups * rows * columns;
  const kernel: LoopKernel = {
    kind: "loop",
    name: `columns ${groups}x${rows}x${columns}`,
    operands: [
      { name: "x", dtype: "f32", elements, access: "update" },
      read("bias", columns),
      write("most", groups * columns),
    ],
    parallel: axes([groups, columns]),
    reduce: axes([rows]),
    expressions: e.list,
    phases: [
      {
        kind: "reduce",
        reductions: [
          { reducer: "sum", value: x },
          { reducer: "max", value: x },
        ],
      },
      { kind: "reduce", reductions: [{ reducer: "sum", value: square }] },
      { kind: "points", stores: [{ operand: 0, index: place, value }] },
      { kind: "row", stores: [{ operand: 2, index: index([columns, 1]), value: most }] },
    ],
  };
  return { kernel, buffers: fill(kernel) };
}

test("sums down the columns of large matrices, in stretches", async () => {
  await check(
    [
      normalizedColumns(601, 113, 1),
      normalizedColumns(130, 1030, 1),
      normalizedColumns(130, 515, 2),
      normalizedColumns(9, 40, 3),
    ],
    2e-5,
  );
});
