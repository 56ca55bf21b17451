/** A spec that writes CLUB over all pairs of rows costs what the closed form of the library costs, and learns the same. */
import { expect, test } from "vitest";
import { diskLoader } from "../../src/api/sources.ts";
import { requireModel } from "../../src/api/spec.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { compileModel } from "../../src/driver/compile.ts";
import { summarize } from "../../src/driver/summary.ts";
import { runOneStep } from "../support/one-step.ts";

const ROWS = 96;

/** A regression whose two codes must say nothing about each other; `every` is the mean over all partners. */
function spec(every: string): string {
  return `import std.loss (mse)
import std.nn (Linear)
import std.penalty (GaussianHead)

module Bound {
  head = GaussianHead(hidden = 8)
  (x: f32[B, M], y: f32[B, N]) -> (bound: f32, fit: f32) {
    q = head(x, y)
    target = expand(rename(y, B = J), [B, J])
    every = ${every}
    bound = mean(sum((every - (y - q.mu)^2) / (2 * exp(q.logvar)), axis = N))
    fit = q.fit
    return bound, fit
  }
}

model Pairs {
  size D = 8
  input a : f32[B, D]
  input b : f32[B, D]
  label y : f32[B]
  x = Linear(16)(a)
  z = Linear(16)(b)
  bound = Bound()(x, z)
  y_hat = at(Linear(1)(concat(x, z)), axis = 1, index = 0)
  loss task = mse(y_hat, y)
  loss between = bound.bound + bound.fit
  output y_hat predicts y
}

train Pairs {
  batch ${ROWS}
  phase model {
    minimize task + between
    updates all
    with Sgd(lr = 0.1)
  }
  epochs 1
}
`;
}

function compiled(every: string) {
  const entry = { path: "pairs.mird", text: spec(every) };
  const { model } = requireModel({ entry, loadSource: diskLoader({}), settings: {}, model: null });
  return compileModel({ model, sizes: new Map(), dataRows: ROWS, target: CPU, verify: true });
}

test("the mean over all pairs takes no more than its closed form", () => {
  const pairs = compiled("mean((target - q.mu)^2, axis = J)");
  const closed = compiled("variance(y, axis = B) + (mean(y, axis = B) - q.mu)^2");
  const cost = (compilation: typeof pairs) => summarize(compilation.compiled).iteration;
  // All pairs would be 96 times as many squares of differences.
  expect(cost(pairs).flops / cost(closed).flops).toBeLessThan(1.3);
  expect(cost(pairs).dispatches / cost(closed).dispatches).toBeLessThan(1.3);
  const [want, got] = [runOneStep(closed), runOneStep(pairs)];
  for (const arena of ["losses", "gradients", "parameters"])
    for (const [index, value] of (want.get(arena) ?? []).entries())
      expect(got.get(arena)?.[index], `${arena}[${index}]`).toBeCloseTo(value, 9);
});
