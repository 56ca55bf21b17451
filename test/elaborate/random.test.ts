/** Random numbers: the same at the same place, different at different places. */
import { expect, test } from "vitest";
import { TestModel } from "../support/elaborate.ts";

const source = `module Noisy {
  (x: f32[B]) -> f32[B] {
    return x + uniform_like(x)
  }
}
model M {
  input x : f32[B]
  noisy = Noisy()
  a = noisy(x)
  b = noisy(x)
  several = [noisy(x) for i in 1..2]
  apart = sum(several)
  twice = a + a
  dropped = dropout(x + 1, 0.5)
}`;

const rows = { sizes: { B: 4 }, inputs: { x: { values: [0, 0, 0, 0] } } };

test("two calls draw different numbers, one call the same every time", () => {
  const model = new TestModel(source, { ...rows, training: true });
  const [a, b] = [model.values("a"), model.values("b")];
  expect(a).not.toEqual(b);
  expect(model.values("twice")).toEqual(a.map((value) => 2 * value));
  expect(new TestModel(source, { ...rows, training: true }).values("a")).toEqual(a);
});

test("turns of a comprehension draw different numbers", () => {
  const model = new TestModel(source, { ...rows, training: true });
  const apart = model.values("apart");
  expect(apart.every((value) => value > 0 && value < 2)).toBe(true);
  const halves = new TestModel(source.replace("sum(several)", "max(several) - min(several)"), {
    ...rows,
    training: true,
  });
  expect(Math.max(...halves.values("apart"))).toBeGreaterThan(0);
});

test("another stream draws other numbers", () => {
  const first = new TestModel(source, { ...rows, training: true, stream: () => "iteration" });
  const second = new TestModel(source, { ...rows, training: true, stream: () => "estimators.1" });
  expect(first.values("a")).not.toEqual(second.values("a"));
});

test("dropout keeps or removes in training and is nothing otherwise", () => {
  const values = new TestModel(source, { ...rows, training: true }).values("dropped");
  expect(values.every((value) => value === 0 || value === 2)).toBe(true);
  expect(new TestModel(source, rows).values("dropped")).toEqual([1, 1, 1, 1]);
});

test("comments, layout and other statements leave the numbers of a statement as they are", () => {
  const rewritten = source
    .replace("module Noisy", "// What the noise is for\n\nmodule Noisy")
    .replace("return x + uniform_like(x)", "unread = uniform_like(x)\n    return x +   uniform_like(x)")
    .replace("noisy = Noisy()", "first = dropout(x, 0.1)\n  noisy   = Noisy()");
  const [before, after] = [source, rewritten].map((text) => new TestModel(text, { ...rows, training: true }));
  for (const name of ["a", "b", "apart", "dropped"])
    expect(after?.values(name), name).toEqual(before?.values(name));
});

test("the fields of a record draw numbers of their own", () => {
  const record = `module Pair {
  (x: f32[B]) -> (a: f32[B], b: f32[B]) {
    return a = uniform_like(x), b = uniform_like(x)
  }
}
model M {
  input x : f32[B]
  both = Pair()(x)
  a = both.a
  b = both.b
}`;
  const model = new TestModel(record, { ...rows, training: true });
  expect(model.values("a")).not.toEqual(model.values("b"));
});
