/** Wrong programs about models, variants and `--set`. */
import type { Given } from "../../support/check.ts";

const model = `model Tiny {
  size d = 8
  number weight = 0.5
  flag gated = true
  input x : f32[B, D]
  label y : f32[B]
  param map : f32[D, d] = 1
  h = dot(x, map, axis = D)
  y_hat = mean(if gated then tanh(h) else h, axis = d)
  loss task = weight * mean((y_hat - y) ^ 2)
  output y_hat predicts y
}
`;

export const models: Readonly<Record<string, string | Given>> = {
  "batch-axis": `model Tiny {
  input x : f32[T~, D]
  loss level = mean(x)
}
`,
  "batch-axis--scalar": `model Tiny {
  input x : f32[B, D]
  label y : f32
  loss level = mean(x) - y
}
`,
  "loss-not-scalar": `model Tiny {
  input x : f32[B, D]
  label y : f32[B, D]
  loss task = (x - y) ^ 2
}
`,
  "loss-not-scalar--list": `model Tiny {
  input x : f32[B, D]
  input y : f32[B, D]
  loss apart = [mean(a - b) for a, b in pairs(x, y)]
}
`,
  "unknown-output": `model Tiny {
  input x : f32[B, D]
  code = tanh(x)
  loss level = mean(code)
  output cod
}
`,
  "output-without-rows": `model Tiny {
  input x : f32[B, D]
  centre = mean(x, axis = B)
  loss level = mean(centre)
  output centre
}
`,
  "unknown-label": `model Tiny {
  input x : f32[B]
  label mood : f32[B]
  loss task = mean((x - mood) ^ 2)
  output x predicts moods
}
`,
  "predicted-twice": `model Tiny {
  input x : f32[B]
  label y : f32[B]
  a = tanh(x)
  loss task = mean((a - y) ^ 2)
  output a predicts y
  output x predicts y
}
`,
  "prediction-mismatch": `model Tiny {
  input x : f32[B, 1]
  label y : f32[B]
  y_hat = tanh(x)
  loss task = mean((sum(y_hat, axis = 1) - y) ^ 2)
  output y_hat predicts y
}
`,
  "prediction-mismatch--class": `model Tiny {
  input x : f32[B, D]
  label mood : class[B] < C
  score = mean(x, axis = D)
  loss task = mean(score) + mean(float(mood))
  output score predicts mood
}
`,
  "unknown-model": `${model}
model Wide = Tny with { d = 64 }
`,
  "unknown-model--option": { source: model, model: "Large" },
  "unknown-setting": `${model}
model Light = Tiny with { wieght = 0.1 }
`,
  "unknown-setting--axis": `${model}
model Wide = Tiny with { D = 64 }
`,
  "unknown-setting--command-line": { source: model, set: ["dim=32"] },
  "wrong-override": `${model}
model Half = Tiny with { d = 0.5 }
`,
  "wrong-override--command-line": { source: model, set: ["gated=1"] },
  "duplicate-name--override": `${model}
model Wide = Tiny with { d = 64, d = 32 }
`,
  "duplicate-train": `${model}
train Tiny {
  batch 8
  phase model { minimize task
    updates all
    with Adam(lr = 1e-3) }
  epochs 1
}
train Tiny {
  batch 16
  phase model { minimize task
    updates all
    with Adam(lr = 1e-3) }
  epochs 1
}
`,
};
