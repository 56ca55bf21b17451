/** `scan` on small numbers: what each step sees, where rows stop, what starts a state, and when random numbers are drawn. */

import { expect, test } from "vitest";
import { UserError } from "../../src/diagnostics/problems.ts";
import { TestModel } from "../support/elaborate.ts";

const source = `module Sum {
  (x: f32[B], h: f32[B]) -> (h: f32[B], seen: f32[B], rows: f32[B]) {
    return h = 2 * h + x, seen = x - h, rows = expand(sum(x - x + 1), [B])
  }
}
module Weighted {
  (x: f32[B], scale: f32[B], y: f32[B], h: f32[B], c: f32[B]) {
    total = h + scale * x
    return h = total, c = c + total * y
  }
}
module Noise {
  (x: f32[B], h: f32[B]) {
    return h = h + uniform_like(x), draw = uniform_like(x)
  }
}
module Inner {
  (x: f32[B], h: f32[B], z: f32[B, K]) {
    return h = h + scan(Sum(), z * h, axis = K).last_h
  }
}
model M {
  input x : f32[B, T~]
  input y : f32[B, T~]
  input start : f32[B]
  states = scan(Sum(), x, axis = T)
  back = scan(Sum(), x, h = start, axis = T, reverse = true)
  two = scan(Weighted(), x, start, y, axis = T)
  noise = scan(Noise(), x, axis = T)
  every = fill(states.h, 0)
  last = states.last_h
  seen = fill(states.seen, 0)
  rows = fill(states.rows, 0)
  all_back = fill(back.h, 0)
  last_back = back.last_h
  last_two = two.last_c
  drawn = fill(noise.draw, 0)
  total = sum(states.h)
  total_back = sum(back.last_h)
}
module Counting {
  (x: f32[B], h: f32[B]) {
    state seen : f32 = 0
    update seen = seen + 1
    return h = h + x
  }
}
model Updating {
  input x : f32[B, T]
  last = scan(Counting(), x, axis = T).last_h
}
model Nested {
  input x : f32[B, T]
  input z : f32[B, K]
  last = scan(Inner(), x, z = z, axis = T).last_h
}`;

// Two rows: one with three steps, one with one step and padding.
const given = {
  sizes: { B: 2, T: 3 },
  inputs: {
    x: { values: [1, 2, 3, 4, 50, 60], lengths: [3, 1] },
    y: { values: [1, 0, 2, 3, 70, 80], lengths: [3, 1] },
    start: { values: [10, 20] },
  },
};
const small = () => new TestModel({ source, model: "M" }, given);

test("a row's state stops at its own length, and outputs there are padding", () => {
  expect(small().shape("every")).toEqual([2, 3]);
  expect(small().values("every")).toEqual([1, 4, 11, 4, 0, 0]);
  expect(small().values("last")).toEqual([11, 4]);
  expect(small().values("seen")).toEqual([1, 1, -1, 4, 0, 0]);
});

test("rows that have ended do not take part in a step", () => {
  expect(small().values("rows")).toEqual([2, 1, 1, 2, 0, 0]);
});

test("in reverse a row starts at its own last step, from the state that is given", () => {
  expect(small().values("all_back")).toEqual([2 * (2 * 23 + 2) + 1, 2 * 23 + 2, 23, 44, 0, 0]);
  expect(small().values("last_back")).toEqual([97, 44]);
});

test("several states and sequences, and an argument that is the same in every step", () => {
  // h: 10, 30, 60; c: 10 * 1, + 30 * 0, + 60 * 2.
  expect(small().values("last_two")).toEqual([130, 20 * 4 * 3]);
});

test("gradients reach sequences and initial states, and no padding", () => {
  const model = small();
  expect(model.gradient("total", "x")).toEqual([7, 3, 1, 1, 0, 0]);
  expect(model.gradient("total_back", "start")).toEqual([8, 2]);
});

test("random numbers are drawn anew in every step, and twice the same for one seed", () => {
  const training = () => new TestModel({ source, model: "M" }, { ...given, training: true });
  const drawn = training().values("drawn");
  expect(new Set(drawn.slice(0, 4)).size).toBe(4);
  expect(training().values("drawn")).toEqual(drawn);
  expect(small().values("drawn")).toEqual([0.5, 0.5, 0.5, 0.5, 0, 0]);
});

/** Codes of the problems that elaborating `last` finds; the values when there are none. */
function outcome(model: TestModel): unknown {
  try {
    return model.values("last");
  } catch (error) {
    return error instanceof UserError ? error.problems.map(({ code }) => code) : error;
  }
}

test("a scan in the step of another one is refused when it needs the state", () => {
  const inputs = { x: { values: [1, 2] }, z: { values: [1, 1] } };
  const sizes = { B: 1, T: 2, K: 2 };
  expect(outcome(new TestModel({ source, model: "Nested" }, { sizes, inputs }))).toEqual(["scan-in-scan"]);
});

test("a state of the model is not updated in a step", () => {
  const inputs = { x: { values: [1, 2] } };
  const updating = new TestModel({ source, model: "Updating" }, { sizes: { B: 1, T: 2 }, inputs });
  expect(outcome(updating)).toEqual(["update-in-scan"]);
});
