/** One iteration and one evaluation batch of a small MIRD: the CPU target and the interpreter leave the same parameters, moments, losses and outputs. */
import { afterAll, expect, test } from "vitest";
import { diskLoader } from "../../../src/api/sources.ts";
import { requireModel } from "../../../src/api/spec.ts";
import { CPU } from "../../../src/codegen/wasm/descriptor.ts";
import { compileOnly } from "../../../src/driver/prepare.ts";
import type { Program } from "../../../src/ir/program.ts";
import type { Backend } from "../../../src/runtime/backend.ts";
import { referenceBackend } from "../../../src/runtime/reference/backend.ts";
import { numbers } from "../../support/kernel-run.ts";
import { cpuBackends } from "../../support/wasm.ts";

const backends = cpuBackends([1, 2]);
afterAll(() => backends.close());

const ROWS = 6;
const SPEC = `import "specs/mird.mird" (Mird)
import std.fusion (SparseWordAttention)
import std.penalty (Club)
model Small = Mird with {
  d = 6
  V = 19
  L = 5
  Ta = 4
  Tv = 3
  Da = 5
  Dv = 7
  joint = SparseWordAttention(width = 8, layers = 1, heads = 2, rate = 0.1)
  penalty = Club(hidden = 4)
}
train Small {
  batch 4 labelled + 2 unlabelled
  phase estimators {
    minimize fit
    updates penalty
    with Adam(lr = 1e-3)
    repeat 2
  }
  phase model {
    minimize log(task + 1e-8) + log(recon_l + 1e-8) + log(recon_a + 1e-8) + log(recon_v + 1e-8) + mi
    updates all except penalty
    with AdamW(lr = 1e-3, weight_decay = 0.01)
    clip norm 1.0
  }
  epochs 1
}
`;

function programs(): ReadonlyMap<string, Program> {
  const { program, model } = requireModel({
    entry: { path: "small.mird", text: SPEC },
    loadSource: diskLoader({}),
    settings: {},
    model: null,
  });
  const { compiled } = compileOnly({ model, types: program.types, target: CPU, data: null });
  return new Map([
    ["iteration", compiled.iteration.program],
    ["evaluation", compiled.evaluation.program],
  ]);
}

/** What arenas hold before the run; those that are not named start as zeros. */
function contents(name: string, count: number): Float32Array | Int32Array | null {
  const whole = (low: number, high: number) => Int32Array.from(numbers(count, name.length, low, high, "i32"));
  if (name === "batch") return Int32Array.from({ length: count }, (_, position) => (position * 5) % ROWS);
  if (name === "random") return Int32Array.of(3, 1);
  if (name === "data.text") return whole(4, 19);
  if (name.startsWith("length.")) return whole(1, 4);
  if (name.startsWith("present.")) return whole(0, 2).fill(1, 0, 3);
  if (name === "schedule") return new Float32Array(count).fill(1e-3);
  if (name === "parameters" || name.startsWith("data."))
    return Float32Array.from(numbers(count, 40, -0.4, 0.4));
  return null;
}

async function leftBy(
  backend: Backend,
  both: ReadonlyMap<string, Program>,
): Promise<ReadonlyMap<string, Float32Array>> {
  const executable = await backend.prepare(both);
  const arenas = new Map([...both.values()].flatMap((program) => [...program.arenas]));
  for (const [name, bytes] of arenas) {
    const values = contents(name, bytes / 4);
    if (values !== null) executable.write(name, values);
  }
  for (const program of both.keys()) executable.run(program);
  const left = new Map<string, Float32Array>();
  for (const name of arenas.keys()) if (name !== "work") left.set(name, await executable.read(name));
  executable.dispose();
  return left;
}

test("the CPU target trains like the interpreter", async () => {
  const both = programs();
  const want = await leftBy(referenceBackend(), both);
  for (const { backend, description } of backends.all) {
    const got = await leftBy(backend, both);
    for (const [name, expected] of want) {
      if (!/^(parameters|gradients|moment|losses|outputs)/.test(name)) continue;
      const values = got.get(name) ?? new Float32Array();
      // Adam divides by the size of gradients, so that tiny ones turn rounding into whole steps.
      const limit = name === "parameters" ? 2.5e-3 : 2e-3;
      const worst = expected.reduce(
        (most, value, index) =>
          Math.max(most, Math.abs((values[index] ?? Number.NaN) - value) / Math.max(1, Math.abs(value))),
        0,
      );
      expect(worst, `${name}, ${description}`).toBeLessThan(limit);
      const mean = expected.reduce(
        (sum, value, index) => sum + Math.abs((values[index] ?? Number.NaN) - value),
        0,
      );
      expect(mean / expected.length, `mean of ${name}, ${description}`).toBeLessThan(2e-5);
    }
  }
});
