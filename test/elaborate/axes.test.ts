/** How axes meet, and what padding and absent rows take part in. */
import { expect, test } from "vitest";
import { TestModel } from "../support/elaborate.ts";

const HUGE = 1e30;

test("axes agree from the right, by name, or stretch", () => {
  const model = new TestModel(
    `model M {
  input x : f32[B, T, D]
  input row : f32[B, T]
  param column : f32[T, 1]
  param vector : f32[D]
  by_name = x * row
  from_right = x + vector
  stretched = x + column
}`,
    {
      sizes: { B: 2, T: 2, D: 2 },
      inputs: { x: { values: [1, 2, 3, 4, 5, 6, 7, 8] }, row: { values: [1, 10, 100, 1000] } },
      parameters: { column: [10, 20], vector: [0.5, 0.25] },
    },
  );
  expect(model.values("by_name")).toEqual([1, 2, 30, 40, 500, 600, 7000, 8000]);
  expect(model.values("from_right")).toEqual([1.5, 2.25, 3.5, 4.25, 5.5, 6.25, 7.5, 8.25]);
  expect(model.values("stretched")).toEqual([11, 12, 23, 24, 15, 16, 27, 28]);
});

test("a square tensor keeps its axes apart when sizes happen to be equal", () => {
  const model = new TestModel(
    `model M {
  input x : f32[B, D]
  gram = dot(x, rename(x, B = J), axis = D)
  over_rows = sum(gram, axis = B)
}`,
    { sizes: { B: 2, D: 2 }, inputs: { x: { values: [1, 2, 3, 5] } } },
  );
  expect(model.values("gram")).toEqual([5, 13, 13, 34]);
  expect(model.values("over_rows")).toEqual([18, 47]);
});

test("an axis name of `rename` is known to whatever is computed first", () => {
  const model = new TestModel(
    `model M {
  input x : f32[B]
  other = expand(rename(x, B = J), [B, J])
  own = expand(x, [B, J])
  difference = own - other
}`,
    { sizes: { B: 2 }, inputs: { x: { values: [1, 4] } } },
  );
  expect(model.values("difference")).toEqual([0, -3, 3, 0]);
});

const ragged = (body: string) =>
  new TestModel(`import std.nn (softmax)\nmodel M {\n  input x : f32[B, T~]\n${body}\n}`, {
    sizes: { B: 3, T: 3 },
    inputs: { x: { values: [1, HUGE, HUGE, 1, 3, HUGE, HUGE, HUGE, HUGE], lengths: [1, 2, 0] } },
  });

test("what runs along a ragged axis leaves out the padding", () => {
  const model = ragged(
    `  rows = mean(x, axis = T)
  everything = mean(x, axis = [B, T])
  largest = max(x, axis = T)
  final = last(x, axis = T)
  steps = count(x, axis = T)
  weights = softmax(x - 1)`,
  );
  expect(model.values("rows")).toEqual([1, 2, 0]);
  expect(model.values("everything")).toEqual([5 / 3]);
  expect(model.values("largest").slice(0, 2)).toEqual([1, 3]);
  expect(model.values("final")).toEqual([1, 3, 0]);
  expect(model.values("steps")).toEqual([1, 2, 0]);
  const weights = model.values("weights");
  expect(weights[0]).toBe(1);
  expect((weights[3] ?? 0) + (weights[4] ?? 0)).toBeCloseTo(1, 12);
  expect([1, 2, 5, 6, 7, 8].map((place) => weights[place])).toEqual([0, 0, 0, 0, 0, 0]);
});

test("padding receives no gradient", () => {
  const model = ragged("  total = sum(mean(x, axis = T) ^ 2)");
  expect(model.gradient("total", "x")).toEqual([2, 0, 0, 2, 2, 0, 0, 0, 0]);
});

test("`padded` makes every row full", () => {
  const model = new TestModel("model M {\n  input x : f32[B, T~]\n  y = mean(padded(x), axis = T)\n}", {
    sizes: { B: 1, T: 2 },
    inputs: { x: { values: [1, 3], lengths: [1] } },
  });
  expect(model.values("y")).toEqual([2]);
});

const absent = (body: string, present: readonly boolean[]) =>
  new TestModel(
    `import std.loss (mse)\nmodel M {\n  input x : f32[B, D]\n  label y : f32[B]\n  guess = sum(x, axis = D)\n${body}\n}`,
    {
      sizes: { B: 3, D: 2 },
      inputs: { x: { values: [1, 1, 2, 2, 3, 3] }, y: { values: [1, 99, 4], present } },
    },
  );

test("a loss averages over the rows that have all it reads", () => {
  const model = absent("  loss task = mse(guess, y)\n  plain = mean(guess)", [true, false, true]);
  expect(model.values("task")).toEqual([(1 + 4) / 2]);
  expect(model.values("plain")).toEqual([4]);
  expect(model.gradient("task", "x")).toEqual([1, 1, 0, 0, 2, 2]);
});

test("without any row a loss and its gradient are 0", () => {
  const model = absent("  loss task = mse(guess, y)", [false, false, false]);
  expect(model.values("task")).toEqual([0]);
  expect(model.gradient("task", "x")).toEqual([0, 0, 0, 0, 0, 0]);
});

test("logarithms and quotients of absent rows spoil nothing", () => {
  const model = absent("  loss risky = mean(1 / y + log(y) + guess)", [true, false, true]);
  const twisted = new TestModel(
    "model M {\n  input x : f32[B]\n  label y : f32[B]\n  loss risky = mean(1 / y + log(y) + x)\n}",
    { sizes: { B: 2 }, inputs: { x: { values: [1, 2] }, y: { values: [1, 0], present: [true, false] } } },
  );
  expect(model.values("risky")[0]).toBeCloseTo((1 + 0 + 2 + 0.25 + Math.log(4) + 6) / 2, 12);
  expect(twisted.values("risky")).toEqual([2]);
  expect(twisted.gradient("risky", "y")).toEqual([0, 0]);
});

test("`or_zero` counts absent rows as zeros", () => {
  const model = absent("  total = mean(or_zero(y) + guess)", [true, false, true]);
  expect(model.values("total")).toEqual([(1 + 2 + 0 + 4 + 4 + 6) / 3]);
});

test("`or_zero` counts no place that holds no row, wherever the rows have moved", () => {
  const model = new TestModel(
    `model M {
  input y : f32[B]
  kept = mean(or_zero(y))
  renamed = mean(or_zero(rename(y, B = J)))
  joined = mean(or_zero(concat(y, y)))
  turned = mean(or_zero(concat(slice(y, axis = B, from = 3, size = 1), slice(y, axis = B, from = 0, size = 3))))
  cut = mean(or_zero(slice(y, axis = B, from = 1, size = 3)))
  merged = mean(or_zero(merge(expand(y, [B, 2]), [B, 2])))
  sorted = mean(or_zero(top_k(y, 4).values))
}`,
    {
      sizes: { B: 4 },
      inputs: { y: { values: [1, 99, 5, 99], present: [true, false, true, false] } },
      filled: [true, true, true, false],
    },
  );
  expect(model.values("kept")).toEqual([2]);
  expect(model.values("renamed")).toEqual([2]);
  expect(model.values("joined")).toEqual([2]);
  expect(model.values("cut")).toEqual([(0 + 5) / 2]);
  expect(model.values("merged")).toEqual([2]);
  expect(model.values("turned")).toEqual([2]);
  expect(model.values("sorted")).toEqual([2]);
});

test("axes that are merged, joined or cut keep which rows are absent", () => {
  const model = absent(
    `  merged = mean(merge(x + expand(y, [B, D]), [B, D]))
  joined = mean(concat(y, guess, y))
  cut = mean(slice(y, axis = B, from = 1, size = 2))
  counted = count(merge(expand(y, [B, D]), [B, D]))`,
    [true, false, true],
  );
  expect(model.values("merged")).toEqual([(2 + 2 + 7 + 7) / 4]);
  // 1 and 4 twice, and the guesses 2, 4 and 6, of which all rows are there.
  expect(model.values("joined")).toEqual([(1 + 4 + 2 + 4 + 6 + 1 + 4) / 7]);
  expect(model.values("cut")).toEqual([4]);
  expect(model.values("counted")).toEqual([4]);
});

test("rows that may be absent are not split", () => {
  const model = absent("  halves = split(y, axis = B, into = [3, B / 3])", [true, true, true]);
  expect(() => model.values("halves")).toThrow("split-rows");
});
