/** What is measured, as programs: single kernels, an LSTM's training step, and the iteration of MIRD. */

import { diskLoader } from "../src/api/sources.ts";
import { requireModel } from "../src/api/spec.ts";
import { gradient } from "../src/autodiff/gradient.ts";
import { programOf } from "../src/driver/ceilings.ts";
import { compileOnly } from "../src/driver/prepare.ts";
import type { FusionTarget } from "../src/fuse/target.ts";
import type { Node } from "../src/ir/graph.ts";
import { GraphBuilder } from "../src/ir/graph-build.ts";
import type { Program } from "../src/ir/program.ts";
import { ops } from "../src/ops/index.ts";

function input(g: GraphBuilder, name: string, shape: readonly number[], dtype: "f32" | "i32" = "f32"): Node {
  return g.input({ name, arena: name, offset: 0, version: 0, shape, dtype });
}

/** The dispatches of a program so many times over, so that one run takes long enough to be timed. */
export function repeated(program: Program, times: number): Program {
  const segments = program.segments.map((segment) => ({
    ...segment,
    dispatches: Array.from({ length: times }, () => segment.dispatches).flat(),
  }));
  return { ...program, segments };
}

export function softmaxProgram(rows: number, columns: number, target: FusionTarget): Program {
  const g = new GraphBuilder(ops);
  const x = input(g, "x", [rows, columns]);
  const power = g.exp(g.sub(x, g.max(x, [1], { keep: true })));
  return programOf([g.div(power, g.sum(power, [1], { keep: true }))], target);
}

/** tanh(a x + b) c */
export function chainProgram(elements: number, target: FusionTarget): Program {
  const g = new GraphBuilder(ops);
  const x = input(g, "x", [elements]);
  return programOf([g.mul(g.tanh(g.add(g.mul(x, 1.5), 0.25)), 0.5)], target);
}

/** An LSTM over [batch, time, width]; `training` adds the gradients of input, weights and bias. */
export function lstmProgram(
  sizes: { readonly batch: number; readonly time: number; readonly width: number; readonly hidden: number },
  training: boolean,
  target: FusionTarget,
): Program {
  const { batch, time, width, hidden } = sizes;
  const g = new GraphBuilder(ops);
  const x = input(g, "x", [batch, time, width]);
  const [own, recurrent] = [
    input(g, "own", [4 * hidden, width]),
    input(g, "recurrent", [4 * hidden, hidden]),
  ];
  const bias = input(g, "bias", [4 * hidden]);
  const flat = g.matmul(g.reshape(x, [batch * time, width]), g.swapAxes(own));
  const gates = g.reshape(g.add(flat, bias), [batch, time, 4 * hidden]);
  const packed = g.node("lstm", [gates, recurrent, input(g, "length.x", [batch], "i32")], { reverse: false });
  const states = g.sliceAxis(packed, 2, 5 * hidden, hidden);
  if (!training) return programOf([states], target);
  const loss = g.sum(g.mul(states, input(g, "cotangent", [batch, time, hidden])), [0, 1, 2]);
  return programOf([states, ...gradient(g, ops, g.reshape(loss, []), [x, own, recurrent, bias])], target);
}

export const PROFILES = ["small", "mosi", "reference"] as const;
export type Profile = (typeof PROFILES)[number];

/** The profiles of the PyTorch baseline: batch, sizes, and what fills the slots. */
const SETTINGS: Readonly<Record<Profile, { readonly batch: string; readonly model: string }>> = {
  small: {
    batch: "16 labelled + 16 unlabelled",
    model:
      "d = 32, V = 1000, L = 20, Ta = 50, Tv = 30, Da = 33, Dv = 35, rate = 0, joint = SparseWordAttention(width = 64, layers = 1, heads = 4, rate = 0)",
  },
  mosi: {
    batch: "48 labelled + 96 unlabelled",
    model:
      "d = 64, V = 1500, L = 50, Ta = 50, Tv = 50, Da = 74, Dv = 35, rate = 0, joint = SparseWordAttention(width = 128, layers = 2, heads = 4, rate = 0)",
  },
  reference: {
    batch: "48 labelled + 96 unlabelled",
    model:
      "d = 64, V = 30522, L = 50, Ta = 400, Tv = 55, Da = 33, Dv = 709, rate = 0, joint = SparseWordAttention(width = 128, layers = 2, heads = 4, rate = 0)",
  },
};

/** MIRD at a profile: five steps of the estimators, one of the model; dropout 0, as in the baseline. */
export function mirdModel(profile: Profile): ReturnType<typeof requireModel> {
  const { batch, model } = SETTINGS[profile];
  const text = `import "specs/mird.mird" (Mird)
import std.fusion (SparseWordAttention)
import std.penalty (Club)
model Bench = Mird with { ${model}, penalty = Club(hidden = 32) }
train Bench {
  batch ${batch}
  phase estimators { minimize fit; updates penalty; with Adam(lr = 1e-3); repeat 5 }
  phase model {
    minimize log(task + 1e-8) + log(recon_l + 1e-8) + log(recon_a + 1e-8) + log(recon_v + 1e-8) + mi_weight * mi
    updates all except penalty
    with AdamW(lr = 1e-3, weight_decay = 0.01)
  }
  epochs 1
}
`.replace(/; /g, "\n");
  return requireModel({
    entry: { path: "bench.mird", text },
    loadSource: diskLoader({}),
    settings: {},
    model: null,
  });
}

/** The iteration of MIRD at a profile. */
export function mirdProgram(
  profile: Profile,
  target: FusionTarget,
): { readonly program: Program; readonly rows: number } {
  const { program, model: checked } = mirdModel(profile);
  const { compiled } = compileOnly({ model: checked, types: program.types, target, data: null });
  return { program: compiled.iteration.program, rows: compiled.batch.labelled + compiled.batch.unlabelled };
}
