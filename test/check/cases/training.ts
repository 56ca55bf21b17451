/** Wrong train blocks. */
import type { Given } from "../../support/check.ts";

const model = `model Tiny {
  number rate = 1e-3
  input x : f32[B, D]
  label y : f32[B]
  param map : f32[D] = 1
  param offset : f32 = 0
  y_hat = dot(x, map, axis = D) + offset
  loss task = mean((y_hat - y) ^ 2)
  output y_hat predicts y
}
`;
const good: Readonly<Record<string, string>> = {
  batch: "batch 8",
  minimize: "minimize task",
  updates: "updates all",
  with: "with Adam(lr = rate)",
  more: "",
  epochs: "epochs 10",
  rest: "",
};

/** A model with a train block in which some lines are replaced. */
function train(lines: Readonly<Partial<typeof good>>, program = model): string {
  const { batch, epochs, rest, ...phase } = { ...good, ...lines };
  const indent = (line: string | undefined, depth: string) => (line ? [`${depth}${line}`] : []);
  const members = Object.values(phase).flatMap((line) => indent(line, "    "));
  return `${program}
train Tiny {
${[...indent(batch, "  "), "  phase model {", ...members, "  }", ...indent(epochs, "  "), ...indent(rest, "  ")].join("\n")}
}
`;
}

/** A variant of a trained model, with changes of its training. */
function changed(lines: string): string {
  return `${train({})}
model Small = Tiny with { rate = 1e-4 }
train Small with { ${lines} }
`;
}

const unsupervised = `model Tiny {
  number rate = 1e-3
  input x : f32[B, D]
  param map : f32[D] = 1
  loss task = mean(x * map)
}
`;
const classes = `model Tiny {
  number rate = 1e-3
  input x : f32[B, D]
  label mood : class[B] < C
  param map : f32[D, C] = 1
  scores = dot(x, map, axis = D)
  loss task = mean(pick(scores, mood))
  output scores predicts mood
}
`;

const sequences = `model Tiny {
  number rate = 1e-3
  input x : f32[B, T~, D]
  label y : f32[B, T~]
  param map : f32[D] = 1
  y_hat = dot(x, map, axis = D)
  loss task = mean((y_hat - y) ^ 2)
  output y_hat predicts y
}
`;

export const training: Readonly<Record<string, string | Given>> = {
  "unknown-model--train": `${model}
train Tny {
  batch 8
}
`,
  "incomplete-train": train({ epochs: "" }),
  "incomplete-train--phase": `${model}
train Tiny {
  batch 8
  epochs 10
}
`,
  "incomplete-train--variant": `${train({})}
model Small = Tiny with { rate = 1e-4 }
model Smaller = Small with { rate = 1e-5 }
train Smaller { epochs 2 }
`,
  "incomplete-train--nothing-to-change": `${model}
model Small = Tiny with { rate = 1e-4 }
train Small { batch 8 }
`,
  "incomplete-phase": train({ updates: "", with: "" }),
  "incomplete-phase--with": changed("phase modle { clip norm 0.5 }"),
  "incomplete-phase--added": changed("phase last { clip norm 0.5 }"),
  "objective-not-scalar": train({ minimize: "minimize (y_hat - y) ^ 2" }),
  "unknown-selection": train({ updates: "updates mapp" }),
  "unknown-selection--inside": train(
    { updates: "updates encode.weights" },
    `module Encoder(out: size) {
  (x: f32[B, D]) -> f32[B, out] {
    param weight : f32[out, D] = 1
    return dot(x, weight, axis = D)
  }
}
model Tiny {
  number rate = 1e-3
  input x : f32[B, D]
  encode = Encoder(4)
  loss task = mean(encode(x))
}
`,
  ),
  "selects-nothing": train({ updates: "updates y_hat" }),
  "never-updated": train({ updates: "updates map" }),
  "unknown-optimizer": train({ with: "with AdamX(lr = rate)" }),
  "unknown-argument--optimizer": train({ with: "with AdamW(lr = rate, weight_decai = 0.1)" }),
  "missing-argument--optimizer": train({ with: "with Sgd(momentum = 0.9)" }),
  "number-range--optimizer": train({ with: "with Adam(lr = 1e-3, beta1 = 1)" }),
  "unknown-choice": train({ with: "with AdamW(lr = rate, decay = weights)" }),
  "unknown-schedule": train({ more: "schedule linear_warmup(warmup = 0.1)" }),
  "number-range--repeat": train({ more: "repeat 0" }),
  "number-range--batch": train({ batch: "batch 0" }),
  "train-number": train({ epochs: "epochs task" }),
  "train-number--dataset": train({ batch: "batch D" }),
  "duplicate-member": train({ more: "with Sgd(lr = 0.1)" }),
  "duplicate-name--phase": train({
    more: "}\n  phase model {\n    minimize task\n    updates all\n    with Adam(lr = rate)",
  }),
  "unlabelled-without-label": train({ batch: "batch 8 labelled + 8 unlabelled" }, unsupervised),
  "patience-without-select": train({ rest: "patience 10" }),
  "select-on-test": train({ rest: "select min test.mae" }),
  "unknown-split": train({ rest: "select min train.mae" }),
  "select-direction": train({ rest: "select min valid.corr" }),
  "unknown-metric": train({ rest: "report mae, cor" }),
  "metric-mismatch": train({ rest: "report mae, accuracy" }, classes),
  "metric-mismatch--nothing-predicted": train(
    { rest: "select min valid.mae" },
    model.replace(/ {2}output.*\n/, ""),
  ),
  "metric-mismatch--sequence": train({ rest: "report f1_micro" }, sequences),
  "instance-not-allowed--phase": train(
    { minimize: "minimize task + Decay()(x)" },
    `module Decay {
  (x: f32[B, D]) -> f32 {
    param weight : f32[D] = 1
    return mean(x * weight)
  }
}
${model}`,
  ),
  "nothing-to-change":
    `${train({})}\nmodel Other = Tiny with { rate = 1 }\ntrain Other with { epochs 3 }\n`.replace(
      "train Tiny {",
      "train Tiny with {",
    ),
  "number-range--command-line": { source: train({}), set: ["epochs=0"] },
  "unknown-setting--phase": { source: train({}), set: ["model.lrate=0.1"] },
};
