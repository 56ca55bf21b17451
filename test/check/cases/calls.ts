/** Wrong programs about calls and their arguments. */
import type { Given } from "../../support/check.ts";

const linear = `module Linear(out: size, bias: flag = true) {
  (x: f32[.., D]) -> f32[.., out] {
    param weight : f32[out, D] = uniform(-1 / sqrt(D), 1 / sqrt(D))
    param offset : f32[out]
    y = dot(x, weight, axis = D)
    return if bias then y + offset else y
  }
}
`;

export const calls: Readonly<Record<string, string | Given>> = {
  "unknown-argument": `function regularised(x: f32[B, D]) {
  return dropout(x, p = 0.3)
}
`,
  "unknown-argument--module": `${linear}
model Tiny {
  input x : f32[B, D]
  loss level = mean(Linear(4, bais = false)(x))
}
`,
  "missing-argument": `${linear}
model Tiny {
  input x : f32[B, D]
  loss level = mean(Linear()(x))
}
`,
  "missing-argument--builtin": `function product(a: f32[B, D], b: f32[D, E]) {
  return dot(a, b)
}
`,
  "duplicate-argument": `${linear}
model Tiny {
  input x : f32[B, D]
  loss level = mean(Linear(4, out = 8)(x))
}
`,
  "too-many-arguments": `function clamped(x: f32[..]) {
  return minimum(x, 0, 1)
}
`,
  "too-many-arguments--settings": `module Double {
  (x: f32[..]) -> f32[..] {
    return 2 * x
  }
}

model Tiny {
  input x : f32[B, D]
  loss level = mean(Double(x))
}
`,
  "too-many-arguments--method": `${linear}
model Tiny {
  input x : f32[B, D]
  input y : f32[B, D]
  loss level = mean(Linear(4)(x, y))
}
`,
  "argument-order": `${linear}
model Tiny {
  input x : f32[B, D]
  loss level = mean(Linear(bias = false, 4)(x))
}
`,
  "wrong-argument": `${linear}
model Tiny {
  input x : f32[B, D]
  loss level = mean(Linear(x))
}
`,
  "wrong-argument--size": `${linear}
model Tiny {
  input x : f32[B, D]
  loss level = mean(Linear(0.5)(x))
}
`,
  "wrong-argument--record": `function moments(x: f32[B, D]) {
  centre = mean(x, axis = B)
  spread = variance(x, axis = B)
  return centre, spread
}
model Tiny {
  input x : f32[B, D]
  loss level = mean(moments(x))
}
`,
  "wrong-argument--rate": `function noisy(x: f32[B, D], rate: f32[B]) {
  return dropout(x, rate)
}
`,
  "not-callable": `function squared(mean: f32[B, D]) {
  return mean(mean)
}
`,
  "not-callable--instance": `module Coder {
  encode(x: f32[B, D]) {
    return tanh(x)
  }
}
model Tiny {
  input x : f32[B, D]
  coder = Coder()
  loss level = mean(coder(x))
}
`,
  "unknown-method": `module Coder {
  encode(x: f32[B, D]) {
    return tanh(x)
  }
  decode(z: f32[B, D]) {
    return z
  }
}
model Tiny {
  input x : f32[B, D]
  loss level = mean(Coder().encoder(x))
}
`,
  "unknown-field": `function moments(x: f32[B, D]) {
  centre = mean(x, axis = B)
  spread = variance(x, axis = B)
  return centre, spread
}
model Tiny {
  input x : f32[B, D]
  loss level = mean(moments(x).center)
}
`,
  "no-fields": `model Tiny {
  input x : f32[B, D]
  loss level = mean(x.values)
}
`,
  "wrong-operand": `model Tiny {
  input words : ids[B, L~] < V
  loss level = mean(words + 1)
}
`,
  "wrong-operand--record": `function moments(x: f32[B, D]) {
  centre = mean(x, axis = B)
  spread = variance(x, axis = B)
  return centre, spread
}
model Tiny {
  input x : f32[B, D]
  loss level = mean(moments(x) * 2)
}
`,
  "exponent-not-known": `function warped(x: f32[B, D], power: f32[D]) {
  return x ^ power
}
`,
  "division-by-zero": `function scaled(x: f32[..]) {
  return x * (1 / 0)
}
`,
  "condition-not-static": `function relu(x: f32[..]) {
  return if x > 0 then x else 0
}
`,
  "branches-differ": `function pooled(x: f32[B, T, D], whole: flag) {
  return if whole then mean(x, axis = T) else x
}
`,
  "instance-not-allowed": `${linear}
function project(x: f32[B, D]) {
  return Linear(4)(x)
}
`,
  "param-not-allowed": `function shifted(x: f32[B, D]) {
  param offset : f32[D] = 0
  return x + offset
}
`,
  "initialiser-elsewhere": `function noisy(x: f32[B, D]) {
  return x + normal(0, 1)
}
`,
  "wrong-initial-value": `module Scale {
  (x: f32[B, D]) {
    param factor : f32[D] = x
    return x * factor
  }
}
`,
  "initialiser-axes": `module Scale {
  (x: f32[B, D]) {
    param factor : f32[D] = orthogonal(1)
    return x * factor
  }
}
`,
  "param-element": `module Lookup {
  (x: f32[B, D]) {
    param chosen : bool[D]
    return where(chosen, x, 0)
  }
}
`,
  "number-range": `function regularised(x: f32[B, D]) {
  return dropout(x, 50)
}
`,
  "number-range--initial": `module Scale {
  (x: f32[B, D]) {
    param factor : f32[D] = uniform(1, -1)
    return x * factor
  }
}
`,
};
