/** `recompute`: a stack of transformer layers with and without it gives the same numbers, bit for bit, and needs less memory with it. */
import { beforeAll, describe, expect, test } from "vitest";
import { diskLoader } from "../../src/api/sources.ts";
import { requireModel } from "../../src/api/spec.ts";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import type { Compilation } from "../../src/driver/compile.ts";
import { compileModel } from "../../src/driver/compile.ts";
import { checkedSpec, runOneStep } from "../support/one-step.ts";
import { compileSmall, threeIterations } from "../support/specs.ts";

const LAYERS = 6;

/** A regression on a stack of self-attention layers with dropout; `value` is what a layer of the stack returns. */
function stack(value: string): string {
  return `import std.attention (SelfAttentionLayer)
import std.loss (mse)
import std.nn (Linear)

module Layer {
  inner = SelfAttentionLayer(heads = 2, rate = 0.25)

  (x: f32[B, T, D]) -> f32[B, T, D] {
    return ${value}
  }
}

model Stack {
  size D = 8
  size T = 6
  input x : f32[B, T~, D]
  label y : f32[B]

  layers = [Layer() for i in 1..${LAYERS}]
  code = mean(chain(layers, x), axis = T)
  y_hat = at(Linear(1)(code), axis = 1, index = 0)
  loss task = mse(y_hat, y)
  output y_hat predicts y
}

train Stack {
  batch 5
  phase model { minimize task
    updates all
    with Sgd(lr = 0.1)
  }
  epochs 1
}
`;
}

function compiled(value: string): Compilation {
  const { model } = requireModel({
    entry: { path: "stack.mird", text: stack(value) },
    loadSource: diskLoader({}),
    settings: {},
    model: null,
  });
  return compileModel({ model, sizes: new Map(), dataRows: 5, target: CPU, verify: true });
}

describe("a stack of layers", () => {
  let [kept, again]: [Compilation | null, Compilation | null] = [null, null];
  beforeAll(() => {
    kept = compiled("inner(x)");
    again = compiled("recompute(inner(x), x)");
  });

  test("has the same losses, gradients and parameters", () => {
    if (kept === null || again === null) throw new Error("not compiled");
    const [want, got] = [runOneStep(kept), runOneStep(again)];
    for (const arena of ["losses", "gradients", "parameters"]) {
      expect(want.get(arena)?.some((value) => value !== 0)).toBe(true);
      expect(got.get(arena), arena).toEqual(want.get(arena));
    }
  });

  test("needs less memory for more kernels", () => {
    const figures = (compilation: Compilation | null) => {
      const { memory, segments } = compilation?.iteration.program ?? { memory: null, segments: [] };
      const dispatches = segments.reduce((sum, segment) => sum + segment.dispatches.length, 0);
      return { peakBytes: memory?.peakBytes, dispatches };
    };
    expect({ kept: figures(kept), again: figures(again) }).toMatchInlineSnapshot(`
      {
        "again": {
          "dispatches": 226,
          "peakBytes": 130048,
        },
        "kept": {
          "dispatches": 176,
          "peakBytes": 229376,
        },
      }
    `);
    expect(figures(again).peakBytes).toBeLessThan(0.6 * (figures(kept).peakBytes ?? 0));
  });
});

// Other kernels store other values in 32 bits, so that whole models agree up to rounding; another dropout mask would differ by far more.
test.each(["MirdBert", "MirdBertFrozen"])(
  "%s trains alike with BERT's layers computed again",
  async (model) => {
    const trained = async (recomputed: string) => {
      const settings = { layers: "2", heads: "2", recomputed };
      return (await threeIterations(compileSmall({ path: "specs/mird_bert.mird", model, settings }))).losses;
    };
    const [again, kept] = [await trained("true"), await trained("false")];
    expect(again).toHaveLength(3);
    for (const [iteration, losses] of again.entries())
      for (const [name, value] of Object.entries(losses)) {
        const difference = Math.abs(value - (kept[iteration]?.[name] ?? Number.NaN));
        expect(difference, name).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
      }
  },
);

test("naming what the value is not made of is refused", () => {
  expect(() => compiled("recompute(x, inner(x))")).toThrow("nothing-to-recompute");
});

// What docs/weights.md says. Every layer waits for the way back: computed again all at once, they would need 9 GB.
test("MIRD on BERT works in less than 5 GB at the published size", () => {
  const model = checkedSpec({ path: "specs/mird_bert.mird", settings: {} });
  const { iteration } = compileModel({ model, sizes: new Map(), dataRows: 144, target: CPU });
  expect(iteration.program.memory.peakBytes).toBeLessThan(5e9);
});
