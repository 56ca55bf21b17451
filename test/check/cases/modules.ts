/** Wrong programs about modules, interfaces and slots. */
import type { Given } from "../../support/check.ts";

const penalty = `interface Penalty {
  (x: f32[B, M], y: f32[B, N]) -> (bound: f32, fit: f32)
}
`;
const club = `module Club(hidden: size = 32) implements Penalty {
  (x: f32[B, M], y: f32[B, N]) -> (bound: f32, fit: f32) {
    param weight : f32[hidden, M] = 1
    bound = mean(dot(x, weight, axis = M)) * mean(y)
    fit = 0
    return bound, fit
  }
}
`;
const model = (slot: string) => `model Tiny {
  input x : f32[B, Dx]
  input y : f32[B, Dy]
  slot penalty : Penalty = ${slot}
  loss apart = penalty()(x, y).bound
}
`;

export const modules: Readonly<Record<string, string | Given>> = {
  "interface-mismatch": `${penalty}
module Overlap implements Penalty {
  (x: f32[B, M]) {
    bound = mean(x)
    level = max(x)
    return bound, level
  }
}
`,
  "interface-mismatch--equal-sizes": `${penalty}
module Cosine implements Penalty {
  (x: f32[B, D], y: f32[B, D]) -> (bound: f32, fit: f32) {
    bound = mean(x * y)
    fit = 0
    return bound, fit
  }
}
`,
  "interface-mismatch--slot": `${penalty}${club}
module Gap {
  (x: f32[B, M], y: f32[B, N]) -> f32 {
    return mean(x) - mean(y)
  }
}
${model("Gap()")}`,
  "interface-mismatch--settings": `interface Encoder(out: size) {
  (x: f32[B, T~, D]) -> f32[B, out]
}
module Mean(width: size = 4) implements Encoder {
  (x: f32[B, T~, D]) {
    param weight : f32[width, D] = 1
    return dot(mean(x, axis = T), weight, axis = D)
  }
}
`,
  "missing-setting": `${penalty}
module Kernel(width: number) implements Penalty {
  (x: f32[B, M], y: f32[B, N]) -> (bound: f32, fit: f32) {
    bound = mean(x) * mean(y) / width
    fit = 0
    return bound, fit
  }
}
${model("Kernel()")}`,
  "setting-given-later": `interface Encoder(out: size) {
  (x: f32[B, D]) -> f32[B, out]
}
module Linear(out: size) implements Encoder {
  (x: f32[B, D]) -> f32[B, out] {
    param weight : f32[out, D] = 1
    return dot(x, weight, axis = D)
  }
}
model Tiny {
  input x : f32[B, D]
  slot encoder : Encoder = Linear(out = 8)
  loss level = mean(encoder(8)(x))
}
`,
  "not-a-module": `${penalty}${club}${model("32")}`,
  "not-a-module--instance": `${penalty}${club}
module Pair(measure: Penalty) {
  (x: f32[B, M], y: f32[B, N]) {
    return measure()(x, y).bound
  }
}
model Tiny {
  input x : f32[B, D]
  shared = Club()
  loss apart = Pair(shared)(x, x)
}
`,
  "slot-with-settings": `${penalty}${club}
module Pair(measure: Penalty) {
  (x: f32[B, M], y: f32[B, N]) {
    return measure()(x, y).bound
  }
}
model Tiny {
  input x : f32[B, D]
  slot penalty : Penalty = Club()
  loss apart = Pair(penalty(hidden = 8))(x, x)
}
`,
  "empty-slot": `${penalty}
model Tiny {
  input x : f32[B, Dx]
  input y : f32[B, Dy]
  slot penalty : Penalty
  loss apart = penalty()(x, y).bound
}
`,
  "empty-slot--variant": `${penalty}
model Tiny {
  size d = 4
  input x : f32[B, d]
  slot penalty : Penalty
  loss apart = penalty()(x, x).bound
}
model Wide = Tiny with { d = 8 }
`,
  "no-methods": `module Empty(width: size) {
  param weight : f32[width]
}
`,
  "duplicate-method": `module Coder {
  (x: f32[B, D]) {
    return tanh(x)
  }
  (z: f32[B, D]) {
    return sigmoid(z)
  }
}
`,
  "wrong-default": `module Linear(out: size, bias: flag = 1) {
  (x: f32[B, D]) {
    param weight : f32[out, D] = 1
    param offset : f32[out]
    y = dot(x, weight, axis = D)
    return if bias then y + offset else y
  }
}
`,
  "tensor-default": `function shifted(x: f32[B, D], by: f32 = 0) {
  return x + by
}
`,
  "module-argument": `${penalty}
function apart(x: f32[B, M], y: f32[B, N], measure: Penalty) {
  return mean(x) - mean(y)
}
`,
  "wrong-result": `function pooled(x: f32[B, T, D]) -> f32[B, D] {
  return mean(x, axis = D)
}
`,
  "wrong-result--record": `function moments(x: f32[B, D]) -> (centre: f32[D], spread: f32[D]) {
  centre = mean(x, axis = B)
  width = variance(x, axis = B)
  return centre, width
}
`,
  "wrong-return": `function parts(x: f32[B, D]) {
  return [x, tanh(x)]
}
`,
  "return-needs-name": `function parts(x: f32[B, D]) {
  y = tanh(x)
  return y, sigmoid(x)
}
`,
  "duplicate-field": `function parts(x: f32[B, D]) {
  y = tanh(x)
  return y, y
}
`,
};
