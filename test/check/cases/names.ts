/** Wrong programs about names and imports; the code that each must give stands before the first `--` of its key. */
import type { Given } from "../../support/check.ts";

const linear = `module Linear(out: size) {
  (x: f32[.., D]) -> f32[.., out] {
    param weight : f32[out, D] = uniform(-1 / sqrt(D), 1 / sqrt(D))
    return dot(x, weight, axis = D)
  }
}
`;

export const names: Readonly<Record<string, string | Given>> = {
  "unknown-name": `function late_fusion(text: f32[B, D], audio: f32[B, D]) {
  text_h = tanh(text)
  audio_h = tanh(audio)
  return text_h + audo_h
}
`,
  "unknown-name--nothing-similar": `function area(x: f32[B, D]) {
  return x * density
}
`,
  "unknown-name--function": `function distance(x: f32[B, D], y: f32[B, D]) {
  return men((x - y) ^ 2)
}
`,
  "unknown-name--not-imported": {
    source: `import std.nn (relu)

model Tiny {
  input x : f32[B, D]
  loss size_of_it = mean(relu(Linear(8)(x)) ^ 2)
}
`,
    files: { "std.nn": `function relu(x: f32[..]) -> f32[..] {\n  return where(x > 0, x, 0)\n}\n${linear}` },
  },
  "unknown-name--interface": `interface Penalty {
  (x: f32[B, M], y: f32[B, N]) -> f32
}
module Zero implements Penlty {
  (x: f32[B, M], y: f32[B, N]) -> f32 {
    return 0
  }
}
`,
  "used-too-early": `function standardise(x: f32[B, D]) {
  y = centred / 2
  centred = x - mean(x, axis = B)
  return y
}
`,
  "duplicate-name": `model Tiny {
  input x : f32[B, D]
  h = tanh(x)
  h = sigmoid(x)
  loss level = mean(h)
}
`,
  "duplicate-name--declaration": `function half(x: f32[..]) {
  return x / 2
}
function half(x: f32[..]) {
  return 0.5 * x
}
`,
  "hidden-name": `function scaled(x: f32[..]) {
  return 3 * x
}
function twice(x: f32[..]) {
  scaled = scaled(x)
  return scaled + scaled
}
`,
  "reserved-name": `model Tiny {
  input x : f32[B, D]
  all = mean(x)
  loss level = all
}
`,
  "reserved-name--metric": `model Tiny {
  input x : f32[B, D]
  loss mae = mean(abs(x))
}
`,
  "wrong-kind": `interface Penalty {
  (x: f32[B, M], y: f32[B, N]) -> f32
}
model Tiny {
  input x : f32[B, D]
  loss apart = Penalty()(x, x)
}
`,
  "wrong-kind--function-as-value": `function half(x: f32[..]) {
  return x / 2
}
function twice(x: f32[..]) {
  return half * 4
}
`,
  "not-called": `function spread(x: f32[B, D]) {
  return x - mean
}
`,
  "not-called--method": `module Coder {
  encode(x: f32[B, D]) {
    return tanh(x)
  }
  decode(z: f32[B, D]) {
    return z
  }
}
model Tiny {
  input x : f32[B, D]
  coder = Coder()
  loss level = mean(coder.decode)
}
`,
  "missing-file": `import "./penalties" (Club)

model Tiny {
  input x : f32[B, D]
  loss apart = Club()(x, x)
}
`,
  "missing-file--library": `import std.layers (Linear)

model Tiny {
  input x : f32[B, D]
  loss level = mean(Linear(4)(x))
}
`,
  "missing-import": {
    source: `import std.nn (Linaer)

model Tiny {
  input x : f32[B, D]
  loss level = mean(Linaer(4)(x))
}
`,
    files: { "std.nn": linear },
  },
  "missing-import--imported-there": {
    source: `import "./blocks.mird" (Linear)

model Tiny {
  input x : f32[B, D]
  loss level = mean(Linear(4)(x))
}
`,
    files: { "./blocks.mird": "import std.nn (Linear)\n", "std.nn": linear },
  },
  "unused-import": {
    source: `import std.nn (Linear)

model Tiny {
  input x : f32[B, D]
  loss level = mean(x)
}
`,
    files: { "std.nn": linear },
  },
  "unused-name": `function norm_of(x: f32[B, D]) {
  centre = mean(x, axis = B)
  return sum(x ^ 2, axis = D)
}
`,
  "unused-name--input": `model Tiny {
  input x : f32[B, D]
  input audio : f32[B, T~, Da]
  loss level = mean(x)
}
`,
  recursion: `${linear}
module Tower(depth: size) {
  (x: f32[B, D]) -> f32[B, D] {
    return Block(depth)(x)
  }
}
module Block(depth: size) {
  (x: f32[B, D]) -> f32[B, D] {
    return Linear(D)(Tower(depth - 1)(x))
  }
}
`,
  "recursion--itself": `function countdown(x: f32[..]) -> f32[..] {
  return countdown(x - 1)
}
`,
};
