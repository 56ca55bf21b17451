/** Builtin functions on small numbers. Larger ones, with their gradients, are compared with golden values by `npm run test:oracles`. */
import { describe, expect, test } from "vitest";
import { builtins, operators } from "../../src/builtins/index.ts";
import { TestModel } from "../support/elaborate.ts";

/** x is [2, 3] = 1 … 6. */
function matrix(statement: string, training = false): TestModel {
  return new TestModel(`import std.nn (cumsum)\nmodel M {\n  input x : f32[B, D]\n  y = ${statement}\n}`, {
    sizes: { B: 2, D: 3 },
    inputs: { x: { values: [1, 2, 3, 4, 5, 6] } },
    training,
  });
}

/** x is ragged: [1, 2, padding], [4, 5, 6]. */
function ragged(statement: string): TestModel {
  return new TestModel(`model M {\n  input x : f32[B, T~]\n  y = ${statement}\n}`, {
    sizes: { B: 2, T: 3 },
    inputs: { x: { values: [1, 2, 99, 4, 5, 6], lengths: [2, 3] } },
  });
}

describe("axes", () => {
  test.each([
    ["expand(x, [D, B])", [3, 2], [1, 4, 2, 5, 3, 6]],
    ["merge(x, [B, D])", [6], [1, 2, 3, 4, 5, 6]],
    ["split(concat(x, x), axis = 2 * D, into = [2, D])", [2, 2, 3], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]],
    ["stack(x, 2 * x)", [2, 2, 3], [1, 2, 3, 2, 4, 6, 4, 5, 6, 8, 10, 12]],
    ["slice(x, axis = D, from = 1, size = 2)", [2, 2], [2, 3, 5, 6]],
    ["at(x, axis = D, index = 2)", [2], [3, 6]],
    ["last(x, axis = D)", [2], [3, 6]],
    ["flip(x, axis = D)", [2, 3], [3, 2, 1, 6, 5, 4]],
    ["index(D) + 0 * x", [2, 3], [0, 1, 2, 0, 1, 2]],
    ["cumsum(x)", [2, 3], [1, 3, 6, 4, 9, 15]],
  ])("%s", (statement, shape, values) => {
    const model = matrix(statement);
    expect(model.shape("y")).toEqual(shape);
    expect(model.values("y")).toEqual(values);
  });

  test.each([
    [1, [0, 1, 2, 0, 4, 5]],
    [-1, [2, 3, 0, 5, 6, 0]],
    [0, [1, 2, 3, 4, 5, 6]],
    [5, [0, 0, 0, 0, 0, 0]],
  ])("shift by %i lets zeros in", (by, values) => {
    expect(matrix(`shift(x, axis = D, by = ${by})`).values("y")).toEqual(values);
  });

  test("rows that turn or move do so within their own length", () => {
    expect(ragged("flip(x, axis = T)").values("y")).toEqual([2, 1, 99, 6, 5, 4]);
    expect(ragged("padded(shift(x, axis = T, by = -1))").values("y")).toEqual([2, 0, 0, 5, 6, 0]);
    expect(ragged("fill(x, 0)").values("y")).toEqual([1, 2, 0, 4, 5, 6]);
    expect(ragged("length(x, axis = T)").values("y")).toEqual([2, 3]);
  });

  test("`along` takes over lengths", () => {
    const model = ragged("mean(along(last(x, axis = T), x, axis = T) + x, axis = T)");
    expect(model.values("y")).toEqual([3.5, 11]);
  });
});

describe("reductions and products", () => {
  test.each([
    ["sum(x)", [21]],
    ["mean(x, axis = B)", [2.5, 3.5, 4.5]],
    ["max(x, axis = D)", [3, 6]],
    ["min(x, axis = [B, D])", [1]],
    ["variance(x, axis = D)", [2 / 3, 2 / 3]],
    ["count(x, axis = D)", [3, 3]],
    ["dot(x, x, axis = D)", [14, 77]],
    ["dot(x, rename(x, B = J), axis = D)", [14, 32, 32, 77]],
    ["sum(x / k for k in 1..2)", [1.5, 3, 4.5, 6, 7.5, 9]],
  ])("%s", (statement, values) => {
    for (const [place, value] of matrix(statement).values("y").entries())
      expect(value).toBeCloseTo(values[place] ?? Number.NaN, 12);
  });

  test("a product along a ragged axis reads no padding", () => {
    expect(ragged("dot(x, x, axis = T)").values("y")).toEqual([5, 77]);
  });
});

describe("reading by number", () => {
  const model = new TestModel(
    `model M {
  input x : f32[B, C]
  input class_of : class[B] < C
  param table : f32[C, 2]
  rows = take(table, class_of)
  picked = pick(x, class_of)
  marked = one_hot(class_of)
}`,
    {
      sizes: { B: 2, C: 3 },
      inputs: { x: { values: [1, 2, 3, 4, 5, 6] }, class_of: { values: [2, 0] } },
      parameters: { table: [10, 11, 20, 21, 30, 31] },
    },
  );
  test("rows, elements and marks", () => {
    expect(model.values("rows")).toEqual([30, 31, 10, 11]);
    expect(model.values("picked")).toEqual([3, 4]);
    expect(model.values("marked")).toEqual([0, 0, 1, 1, 0, 0]);
  });
});

test("`shuffle` moves present rows only", () => {
  const present = [true, true, false, true, true, true];
  const model = new TestModel("model M {\n  input x : f32[B]\n  y = shuffle(x)\n}", {
    sizes: { B: 6 },
    inputs: { x: { values: [1, 2, 3, 4, 5, 6], present } },
    training: true,
  });
  const values = model.values("y").filter((_, row) => present[row]);
  expect([...values].sort()).toEqual([1, 2, 4, 5, 6]);
});

test("every function says how it is used and what it does", () => {
  for (const [name, { usage, doc }] of [...builtins, ...operators]) {
    expect(doc, name).toMatch(/\w.*\.$/s);
    expect(usage.length, name).toBeGreaterThan(0);
  }
});
