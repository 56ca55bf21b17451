import { expect, test } from "vitest";
import { placeKernel } from "../../src/codegen/placement.ts";
import type { LoopKernel } from "../../src/ir/kernel.ts";
import type { Region } from "../../src/ir/program.ts";
import { axes, Expressions, index, read, write } from "../support/kernel-build.ts";

function sum(): LoopKernel {
  const e = new Expressions();
  const value = e.binary("add", e.load(0, index([1])), e.load(1, index([2], 3)));
  return {
    kind: "loop",
    name: "sum",
    operands: [read("a", 10), read("b", 30), write("out", 10)],
    parallel: axes([10]),
    reduce: [],
    expressions: e.list,
    phases: [{ kind: "row", stores: [{ operand: 2, index: index([1]), value }] }],
  };
}

function region(offset: number, bytes: number, arena = "work"): Region {
  return { arena, offset, bytes };
}

test("disjoint operands stay as they are", () => {
  const kernel = sum();
  const regions = [region(0, 40), region(256, 120), region(0, 40, "other")];
  expect(placeKernel(kernel, regions)).toEqual({ kernel, regions });
});

test("overlapping operands become one, whose places move along", () => {
  const merged = placeKernel(sum(), [region(512, 40), region(256, 120), region(512, 40)]);
  expect(merged.regions).toEqual([region(512, 40), region(256, 120)]);
  expect(merged.kernel.operands.map(({ name, access, elements }) => [name, access, elements])).toEqual([
    ["a+out", "update", 10],
    ["b", "read", 30],
  ]);
  const part = placeKernel(sum(), [region(768, 40), region(512, 300), region(0, 40)]);
  expect(part.regions).toEqual([region(512, 300), region(0, 40)]);
  expect(part.kernel.kind === "loop" && part.kernel.expressions.slice(0, 2)).toMatchObject([
    { operand: 0, index: { offset: 64 } },
    { operand: 0, index: { offset: 3 } },
  ]);
});

test("an operand that starts between two bindings starts earlier, with whatever else lies there", () => {
  const placed = placeKernel(sum(), [region(260, 40), region(1024, 120), region(308, 40)]);
  expect(placed.regions).toEqual([region(256, 92), region(1024, 120)]);
  expect(placed.kernel.operands.map(({ access, elements }) => [access, elements])).toEqual([
    ["update", 23],
    ["read", 30],
  ]);
  expect(placed.kernel).toMatchObject({
    expressions: [{ operand: 0, index: { offset: 1 } }, { operand: 1, index: { offset: 3 } }, {}],
    phases: [{ stores: [{ operand: 0, index: { offset: 13 } }] }],
  });
});

test("operands of different types cannot share memory", () => {
  const kernel = { ...sum(), operands: [read("a", 10), read("b", 30, "i32"), write("out", 10)] };
  expect(() => placeKernel(kernel, [region(0, 40), region(0, 120), region(256, 40)])).toThrow(
    "operands of different types overlap in kernel sum",
  );
});
