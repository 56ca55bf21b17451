/** How a variant leaves out a term of an objective, and whether what only that term needs is still computed. */
import { describe, expect, it } from "vitest";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { compileModel } from "../../src/driver/compile.ts";
import { workOf } from "../../src/driver/summary.ts";
import { check } from "../support/check.ts";

const source = `import std.nn (Linear)
import std.loss (mse)
model Base {
  size D = 20
  number alpha = 1
  flag rebuild = true
  input x : f32[B, D]
  label y : f32[B, 4]
  y_hat = Linear(4)(x)
  x_hat = Linear(D)(tanh(Linear(8)(x)))
  loss task = mse(y_hat, y)
  loss recon = mse(x_hat, x)
}
train Base {
  batch 16
  phase model {
    minimize task + (if rebuild then alpha * recon else 0)
    updates all
    with Adam(lr = 0.1)
  }
  epochs 2
}
model Zero = Base with { alpha = 0 }
model Flag = Base with { rebuild = false }
model Line = Base with {}
train Line with {
  phase model { minimize task }
}
model Whole = Base with {}
train Whole {
  batch 16
  phase model {
    minimize task
    updates y_hat
    with Adam(lr = 0.1)
  }
  epochs 2
}
`;

/** Work of an iteration, in operations. */
function work(name: string): number {
  const { program, messages } = check({ source, model: name });
  const model = program.chosen;
  if (model?.train == null) throw new Error(messages);
  const compilation = compileModel({ model, sizes: new Map(), dataRows: 64, target: CPU });
  return workOf(compilation.iteration.program.segments).flops;
}

describe("what only a left out term needs", () => {
  it.each(["Flag", "Line"])("is not computed: %s", (name) => {
    expect(work(name)).toBe(work("Whole"));
  });

  it("is computed where a number is 0 in its place", () => {
    expect(work("Zero")).toBeGreaterThan(2 * work("Whole"));
  });
});
