/** Broken kernels are found. */
import { expect, test } from "vitest";
import type { Expression, LoopKernel } from "../../src/ir/kernel.ts";
import { canonicalKernel } from "../../src/ir/kernel-collapse.ts";
import { verifyKernel } from "../../src/ir/kernel-verify.ts";

const index = {
  offset: 0,
  terms: [
    { axis: 0, stride: 4 },
    { axis: 1, stride: 1 },
  ],
  dynamic: [],
};
const load: Expression = { op: "load", dtype: "f32", operand: 0, index, guard: null };

/** out = x - sum of the row. */
const centred: LoopKernel = {
  kind: "loop",
  name: "centred",
  operands: [
    { name: "x", dtype: "f32", elements: 12, access: "read" },
    { name: "out", dtype: "f32", elements: 12, access: "write" },
  ],
  parallel: [{ name: "row", extent: 3 }],
  reduce: [{ name: "column", extent: 4 }],
  expressions: [
    load,
    { op: "reduction", dtype: "f32", phase: 0, position: 0 },
    { op: "binary", dtype: "f32", function: "subtract", left: 0, right: 1 },
  ],
  phases: [
    { kind: "reduce", reductions: [{ reducer: "sum", value: 0 }] },
    { kind: "points", stores: [{ operand: 1, index, value: 2 }] },
  ],
};

function withExpression(position: number, expression: Expression): LoopKernel {
  return {
    ...centred,
    expressions: centred.expressions.map((old, id) => (id === position ? expression : old)),
  };
}

test("a sound kernel passes", () => {
  expect(() => verifyKernel(centred)).not.toThrow();
});

test.each<[string, LoopKernel, RegExp]>([
  ["an index outside", withExpression(0, { ...load, index: { ...index, offset: 1 } }), /places 1..12/],
  [
    "an expression that looks ahead",
    withExpression(0, { op: "unary", dtype: "f32", function: "exp", value: 2 }),
    /looks ahead/,
  ],
  ["a type that does not fit", withExpression(1, { op: "constant", dtype: "i32", value: 1 }), /f32 and i32/],
  [
    "a reduction of a later phase",
    withExpression(1, { op: "reduction", dtype: "f32", phase: 1, position: 0 }),
    /needs reduction/,
  ],
  [
    "a row phase at points",
    {
      ...centred,
      phases: centred.phases.map((phase) => (phase.kind === "points" ? { ...phase, kind: "row" } : phase)),
    },
    /reduce axis/,
  ],
  [
    "a wrong access",
    { ...centred, operands: centred.operands.map((operand) => ({ ...operand, access: "read" })) },
    /declared read/,
  ],
])("refuses %s", (_, kernel, message) => {
  expect(() => verifyKernel(kernel)).toThrow(message);
});

test("canonical form merges axes, drops those of extent 1 and unused expressions", () => {
  const whole = {
    offset: 0,
    terms: [
      { axis: 0, stride: 6 },
      { axis: 1, stride: 6 },
      { axis: 2, stride: 1 },
    ],
    dynamic: [],
  };
  const kernel: LoopKernel = {
    ...centred,
    parallel: [
      { name: "a", extent: 2 },
      { name: "b", extent: 1 },
      { name: "c", extent: 6 },
    ],
    reduce: [],
    expressions: [
      { op: "constant", dtype: "i32", value: 3 },
      { ...load, index: whole },
    ],
    phases: [{ kind: "row", stores: [{ operand: 1, index: whole, value: 1 }] }],
  };
  const canonical = canonicalKernel(kernel);
  expect(canonical.parallel.map((axis) => axis.extent)).toEqual([12]);
  expect(canonical.expressions).toHaveLength(1);
  expect(() => verifyKernel(canonical)).not.toThrow();
});
