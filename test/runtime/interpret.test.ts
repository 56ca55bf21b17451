import { expect, test } from "vitest";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { ops } from "../../src/ops/index.ts";
import { inputNode, run, tensor } from "../support/tensors.ts";

test("computes several results, each node once, inputs found by the caller", () => {
  const g = new GraphBuilder(ops);
  const x = inputNode(g, "x", [2]);
  const y = g.mul(x, 2);
  const [doubled, total, same] = run([y, g.sum(y), x], new Map([["x", tensor([2], [1, 2.5])]]));
  expect(Array.from(doubled?.data ?? [])).toEqual([2, 5]);
  expect(total).toEqual(tensor([], [7]));
  expect(Array.from(same?.data ?? [])).toEqual([1, 2.5]);
});

test("an input of the wrong size is refused by name", () => {
  const g = new GraphBuilder(ops);
  const x = inputNode(g, "x", [2]);
  expect(() => run([g.neg(x)], new Map([["x", tensor([3], [1, 2, 3])]]))).toThrow(
    "x has 3 elements, not [2]",
  );
});
