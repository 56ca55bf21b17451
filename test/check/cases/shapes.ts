/** Wrong programs about axes, sizes and element kinds. */
import type { Given } from "../../support/check.ts";

export const shapes: Readonly<Record<string, string | Given>> = {
  "shape-mismatch": `model Tiny {
  input audio : f32[B, Ta~, Da]
  input vision : f32[B, Tv~, Dv]
  loss level = mean(audio + vision)
}
`,
  "shape-mismatch--outer-product": `function combine(x: f32[B, T, D], y: f32[B, S]) {
  return x * y
}
`,
  "shape-mismatch--one-origin": `module Wide(H: size) {
  (x: f32[B, D]) -> f32[B, H] {
    param narrow : f32[H, D]
    param wide : f32[H + 1, D]
    return dot(x, narrow, axis = D) + dot(x, wide, axis = D)
  }
}
`,
  "no-axis--derange": `model Tiny {
  input x : f32[B, T~, D]
  loss level = mean(derange(x))
}
`,
  "shape-mismatch--default-size": `model Tiny {
  size d = 64
  input x : f32[B, d]
  param scale : f32[64] = 1
  loss level = mean(x * scale)
}
`,
  "shape-mismatch--argument": `function distance(x: f32[B, D], y: f32[B, D]) -> f32 {
  return mean((x - y) ^ 2)
}
model Tiny {
  input audio : f32[B, Da]
  input vision : f32[B, Dv]
  loss apart = distance(audio, vision)
}
`,
  "shape-mismatch--rest": `function mse(prediction: f32[..], target: f32[..]) -> f32 {
  return mean((prediction - target) ^ 2)
}
model Tiny {
  input x : f32[B, D]
  label y : f32[B]
  loss task = mse(x, y)
}
`,
  "shape-mismatch--expression": `module Gates(units: size) {
  (gates: f32[B, T, 4 * units], x: f32[B, units]) {
    return mean(gates, axis = 4 * units) + mean(x)
  }
}
model Tiny {
  input audio : f32[B, T~, Da]
  input x : f32[B, D]
  loss level = mean(Gates(D)(audio, x))
}
`,
  "shape-mismatch--bound": `module Embedding(width: size) {
  (x: ids[..] < V) -> f32[.., width] {
    param weight : f32[V, width] = normal(0, 1)
    return take(weight, x)
  }
}
model Tiny {
  input words : ids[B, L~] < V
  input tags : ids[B, L~] < K
  embed = Embedding(8)
  loss level = mean(embed(words)) + mean(embed(tags))
  param table : f32[V, 4]
  loss wrong = mean(take(table, tags))
}
`,
  "shape-mismatch--concat": `function join(x: f32[B, D], y: f32[J, E]) {
  return concat(x, y)
}
`,
  "wrong-rank": `module Encoder {
  (x: f32[B, D]) {
    return tanh(x)
  }
}
model Tiny {
  input audio : f32[B, Ta~, Da]
  loss level = mean(Encoder()(audio))
}
`,
  "wrong-element": `function level(x: f32[..]) -> f32 {
  return mean(x)
}
model Tiny {
  input words : ids[B, L~] < V
  loss height = level(words)
}
`,
  "wrong-element--builtin": `model Tiny {
  input words : ids[B, L~] < V
  loss height = mean(words)
}
`,
  "not-ragged": `function lengths(x: f32[B, T~, D]) -> f32[B] {
  return length(x, axis = T)
}
model Tiny {
  input picture : f32[B, W, C]
  loss level = mean(lengths(picture))
}
`,
  "unknown-axis": `function pooled(x: f32[B, Steps, D]) {
  return mean(x, axis = Setps)
}
`,
  "unknown-axis--of-another": `function pooled(x: f32[B, D], y: f32[B, T, D]) {
  return mean(x, axis = T) + mean(y)
}
`,
  "ambiguous-axis": `function gram(x: f32[B, D]) {
  y = dot(x, rename(x, B = J), axis = D)
  return dot(expand(y, [D, D]), y, axis = J)
}
`,
  "unknown-size": `module Linear(out: size) {
  (x: f32[.., D]) -> f32[.., out] {
    param weight : f32[out, width]
    return dot(x, weight, axis = D)
  }
}
`,
  "not-a-size": `module Narrow(share: number) {
  (x: f32[B, D]) {
    param weight : f32[share, D]
    return dot(x, weight, axis = D)
  }
}
`,
  "size-not-positive": `module Empty {
  (x: f32[B, D]) {
    param weight : f32[0, D]
    return dot(x, weight, axis = D)
  }
}
`,
  "rest-not-allowed": `model Tiny {
  input x : f32[B, ..]
  loss level = mean(x)
}
`,
  "rest-twice": `function flat(x: f32[.., D, ..]) -> f32 {
  return mean(x)
}
`,
  "ragged-not-allowed": `module Scale {
  (x: f32[B, T~, D]) {
    param factor : f32[T~, D]
    return x * factor
  }
}
`,
  "ragged-not-allowed--rows": `function pooled(x: f32[T~, D]) {
  return mean(x, axis = T)
}
`,
  "missing-bound": `model Tiny {
  input words : ids[B, L~]
  loss level = mean(float(words))
}
`,
  "axis-name-taken": `function gram(x: f32[B, D], y: f32[J, D]) {
  return dot(rename(x, B = J), y, axis = D)
}
`,
  "new-axis-name": `function gram(x: f32[B, D]) {
  return dot(rename(x, B = 2 * B), x, axis = D)
}
`,
  "ragged-rename": `module Compare {
  (x: f32[B, T, D]) {
    return mean(rename(x, B = J))
  }
}
model Tiny {
  input audio : f32[B, Ta~, Da]
  loss level = Compare()(audio)
}
`,
  "no-axis": `function broken(x: f32) {
  return sparsemax(x)
}
`,
  "slice-range": `function front(x: f32[B, 10]) {
  return slice(x, axis = 10, from = 8, size = 4)
}
`,
  "merge-axes": `function flat(x: f32[B, T, D, E]) {
  return merge(x, [T, E])
}
`,
  "ragged-concat": `function joined(x: f32[B, T~], y: f32[B, S~]) {
  return concat(x, y)
}
`,
};
