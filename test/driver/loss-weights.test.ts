/** By how many rows a loss counts when batches are averaged: those that it was taken over. */
import { expect, it } from "vitest";
import { at } from "../../src/base/invariant.ts";
import { evaluationGraph } from "../../src/driver/evaluation.ts";
import { placeParameters } from "../../src/driver/iteration.ts";
import { interpret } from "../../src/runtime/reference/interpret.ts";
import { check } from "../support/check.ts";

/** Rows 0 to 2 of the dataset, and a place that fills up the batch. */
const ARENAS: Readonly<Record<string, readonly number[]>> = {
  batch: [0, 1, 2, -1],
  "present.x": [1, 0, 1],
  "present.y": [0, 0, 1],
  "present.wide": [1, 0, 1],
};

/** The weight of a loss of that value. */
function weightOf(value: string): number {
  const source = `function pairs(a: f32[N], b: f32[N]) -> f32 {
  return mean(a * mean(rename(b, N = J), axis = J))
}
function cut(a: f32[N], b: f32[N]) -> f32 {
  return mean(slice(concat(a, b), axis = 2 * N, from = 3, size = 4))
}
model M {
  input x : f32[B]
  input y : f32[B]
  input wide : f32[B, D]
  param scale : f32 = 1
  loss task = scale * mean(${value})
}
train M {
  batch 4
  phase model {
    minimize task
    updates all
    with Sgd(lr = 0.1)
  }
  epochs 1
}
`;
  const { program, messages } = check(source);
  const model = program.chosen;
  if (model?.train == null) throw new Error(messages);
  const sizes = new Map([
    ["B", 4],
    ["D", 2],
  ]);
  const setup = { model, train: model.train, sizes, dataRows: 3 };
  const { graph, losses } = evaluationGraph(setup, placeParameters(setup));
  const { weight } = at(losses, 0);
  const { outputs } = at(graph.segments, 0);
  const nodes = outputs.flatMap(({ node, target }) =>
    target.arena === "losses" && target.offset === weight ? [node] : [],
  );
  const [result] = interpret(nodes, ({ attributes, shape, dtype }) => ({
    shape,
    dtype,
    data: Float64Array.from(ARENAS[attributes.arena] ?? []),
  }));
  return at(Array.from(result?.data ?? []), 0);
}

it.each([
  ["or_zero(x)", 3, "every row, as zero where it is absent"],
  ["x", 2, "one input"],
  ["x * y", 1, "rows that have both"],
  ["concat(x, y)", 3, "the rows of both"],
  ["concat(x * y, x)", 3, "the rows of both, of which one needs both inputs"],
  ["slice(x, axis = B, from = 1, size = 3)", 1, "the rows that were cut out"],
  [
    "slice(concat(x, y), axis = 2 * B, from = 3, size = 4)",
    1,
    "as many rows that were cut out as a batch has",
  ],
  ["slice(concat(y, x), axis = 2 * B, from = 3, size = 4)", 2, "as many, of which two are there"],
  ["x * mean(rename(y, B = J))", 1, "rows that have both, under two names"],
  ["pairs(x, y)", 1, "rows that have both, under names that a function gives"],
  ["cut(x, y)", 1, "as many rows as a batch has, cut out by a function"],
  ["merge(wide, [B, D])", 4, "rows in one axis with their elements"],
  ["top_k(x, 1).values", 1, "the first rows of an order"],
  ["rename(mean(wide, axis = B), D = E)", 2, "the rows that a mean was over, under whatever name"],
  ["or_zero(mean(wide, axis = B))", 2, "the rows that a mean was over, though none is absent any more"],
  ["sort(x)", 2, "rows in another order"],
])("%s counts by %i: %s", (value, weight) => {
  expect(weightOf(value)).toBe(weight);
});
