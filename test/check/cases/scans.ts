/** Wrong programs with `scan`. */
import type { Given } from "../../support/check.ts";

const cell = (method: string) => `module Cell(units: size) {
  ${method}
}
`;

/** A model in which the cell runs along its input. */
const model = (call: string) => `model Tiny {
  input x : f32[B, T~, D]
  input start : f32[B, D]
  states = ${call}
  loss level = mean(states.last_h)
}
`;

const step = `(x: f32[B, D], h: f32[B, units]) {
    param map : f32[units, D]
    return h = tanh(dot(x, map, axis = D) + h)
  }`;
const usual = "scan(Cell(8), x, axis = T)";

export const scans: Readonly<Record<string, string | Given>> = {
  "scan-without-state": cell("(x: f32[B, D], h: f32[B, D]) { return tanh(x + h) }") + model(usual),
  "scan-without-sequence": cell(step) + model("scan(Cell(8), start, axis = T)"),
  "scan-state-changes":
    cell("(x: f32[B, D], h: f32[B, D]) { return h = mean(x + h, axis = D) }") + model(usual),
  "scan-initial-state":
    cell("(x: f32[B, D], h: f32[B, N]) { return h = tanh(h + mean(x, axis = D)) }") + model(usual),
  "scan-initial-state--moving": cell(step) + model("scan(Cell(D), start, h = x, axis = T)"),
  "scan-rows": cell("(x: f32[B, D], h: f32[D]) { return h = tanh(h + mean(x, axis = B)) }") + model(usual),
  "scan-argument-name":
    cell("(x: f32[B, D], h: f32[B, D], reverse: flag) { return h = if reverse then x else h }") +
    model(usual),
  "not-callable--scan": cell(step) + model("scan(Cell, x, axis = T)"),
  "not-callable--scan-named-step": cell(`step${step}`) + model(usual),
  "missing-argument--scan": cell(step) + model("scan(Cell(8), x)"),
  "missing-argument--scan-input":
    cell("(x: f32[B, D], y: f32[B, D], h: f32[B, D]) { return h = tanh(x + y + h) }") + model(usual),
  "shape-mismatch--scan-start": cell(step) + model("scan(Cell(8), x, h = start, axis = T)"),
  "wrong-element--scan":
    cell("(x: f32[B, D], h: f32[B, D]) { return h = tanh(x + h), o = x > h }") + model(usual),
};
