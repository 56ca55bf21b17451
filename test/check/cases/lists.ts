/** Wrong programs about lists and what is unrolled. */
import type { Given } from "../../support/check.ts";

const block = `module Block {
  (x: f32[B, D]) -> f32[B, D] {
    param weight : f32[D] = 1
    return x * weight
  }
}
`;

export const lists: Readonly<Record<string, string | Given>> = {
  "not-a-list": `function total(x: f32[B, D]) {
  return sum(tanh(part) for part in x)
}
`,
  "not-a-list--pairs": `model Tiny {
  input x : f32[B, D]
  loss apart = sum(mean(a - b) for a, b in pairs(x))
}
`,
  "empty-list": `model Tiny {
  input x : f32[B, D]
  loss level = mean(x) + sum([])
}
`,
  "destructure-mismatch": `function apart(x: f32[B, D], y: f32[B, D], z: f32[B, D]) {
  return sum(mean(a - b - c) for a, b, c in pairs(x, y, z))
}
`,
  "range-end": `function repeated(x: f32[B, D], times: number) {
  return sum(x * i for i in 1..times)
}
`,
  "varying-type": `module Widening(layers: size) {
  (x: f32[B, D]) {
    parts = [expand(x, [4 * i]) for i in 1..layers]
    return sum(mean(part) for part in parts)
  }
}
`,
  "unknown-length": `module Together(count: size) {
  (x: f32[B, D]) {
    return concat([x * i for i in 1..count])
  }
}
`,
  "zip-lengths": `function weighted(x: f32[B, D], y: f32[B, D]) {
  return sum(a * b for a, b in zip([x, y], [1, 2, 3]))
}
`,
  "chain-changes-type": `module Halve {
  (x: f32[B, D]) -> f32[B] {
    param weight : f32[D] = 1
    return dot(x, weight, axis = D)
  }
}
module Deep(layers: size) {
  (x: f32[B, D]) {
    return chain([Halve() for _ in 1..layers], x)
  }
}
`,
  "not-chainable": `module Meet {
  (x: f32[B, D], y: f32[B, D]) -> f32[B, D] {
    param weight : f32[D] = 1
    return x * weight + y
  }
}
model Tiny {
  input x : f32[B, D]
  loss level = mean(chain([Meet(), Meet()], x))
}
`,
  "not-callable--chain": `${block}
model Tiny {
  input x : f32[B, D]
  loss level = mean(chain([Block()(x), Block()(x)], x))
}
`,
  "missing-argument--chain": `${block}
model Tiny {
  input x : f32[B, D]
  loss level = mean(x) + chain([Block()])
}
`,
};
