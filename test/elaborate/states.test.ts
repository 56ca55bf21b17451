/** States while a model is unrolled: what is read, what an update writes, and what only shows then. */
import { expect, test } from "vitest";
import { invariant } from "../../src/base/invariant.ts";
import { UserError } from "../../src/diagnostics/problems.ts";
import { TestModel } from "../support/elaborate.ts";

const X = { values: [1, 2, 3, 4, 5, 6], present: [true, false, true] };

function updated(source: string, path: string, setting: ConstructorParameters<typeof TestModel>[1] = {}) {
  const model = new TestModel(source, { training: true, ...setting });
  model.model.value("out");
  const node = model.model.stateUpdates().get(path);
  invariant(node !== undefined, `nothing updates ${path}`);
  return model.evaluate(node);
}

const memory = `model M {
  input x : f32[B, D]
  state kept : f32[Rows, D] = 0
  update kept = x + 10 * rows(kept, x)
  out = mean(rows(kept, x))
}`;

test("an update with the batch axis writes to the rows of the batch that are there, and to no others", () => {
  const kept = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const setting = { sizes: { B: 3, D: 2 }, inputs: { x: X }, rows: 5, parameters: { kept } };
  expect(updated(memory, "kept", { ...setting, batch: [4, 1, 0] })).toEqual([
    15, 26, 3, 4, 5, 6, 7, 8, 91, 102,
  ]);
  // An absent row of the batch writes nowhere, not even to row 0.
  const filled = { x: { ...X, present: [false, true, false] } };
  const absent = updated(memory, "kept", { ...setting, inputs: filled, batch: [-1, 2, -1] });
  expect(absent).toEqual([1, 2, 3, 4, 53, 64, 7, 8, 9, 10]);
});

test("evaluation updates nothing and chooses the other branch", () => {
  const source = `model M {
  input x : f32[B, D]
  state m : f32[D] = 0
  update m = mean(x, axis = B)
  out = if training then mean(x) else mean(m)
}`;
  const evaluation = new TestModel(source, {
    sizes: { B: 1, D: 2 },
    inputs: { x: { values: [1, 3] } },
    parameters: { m: [5, 7] },
  });
  expect(evaluation.values("out")).toEqual([6]);
  expect(evaluation.model.stateUpdates().size).toBe(0);
  expect(updated(source, "m", { sizes: { B: 1, D: 2 }, inputs: { x: { values: [1, 3] } } })).toEqual([1, 3]);
});

const running = `module Running {
  (x: f32[B, D]) -> f32[B, D] {
    state m : f32[D] = 0
    update m = mean(x, axis = B)
    return x - m
  }
}
`;

function problemOf(source: string, setting: ConstructorParameters<typeof TestModel>[1]) {
  try {
    updated(source, "?", setting);
  } catch (error) {
    if (error instanceof UserError) return error.problems.map(({ code }) => code);
    throw error;
  }
  return [];
}

const two = { sizes: { B: 3, D: 2 }, inputs: { x: X } };

test("an instance whose calls would give a state different values is refused, equal ones are not", () => {
  const calls = (first: string, second: string) => `${running}model M {
  input x : f32[B, D]
  shared = Running()
  out = mean(shared(${first})) + sum(shared(${second}))
}`;
  expect(problemOf(calls("x", "2 * x"), two)).toEqual(["updated-twice"]);
  expect(updated(calls("x", "x"), "shared.m", two)).toEqual([3, 4]);
});

test("places of a batch are no rows of the dataset", () => {
  const body = (...lines: readonly string[]) => `model M {
  input x : f32[B, D]
  size K = 3
  ${lines.join("\n  ")}
}`;
  expect(problemOf(body("state m : f32[B, D]", "update m = x", "out = mean(m)"), two)).toEqual([
    "state-batch-axis",
  ]);
  const other = body("state m : f32[Rows]", "update m = index(K)", "out = mean(m)");
  expect(problemOf(other, { ...two, rows: 4, batch: [0, 1, 2] })).toEqual(["not-batch-rows"]);
  const read = body("state m : f32[Rows]", "update m = 2 * m", "out = mean(rows(m, index(K)))");
  expect(problemOf(read, { ...two, rows: 4, batch: [0, 1, 2] })).toEqual(["not-batch-rows"]);
});
