/** Explanations of mistakes with `scan` and the cells that it repeats. */
import { explanationsIn, explanationsOutside } from "./explanation.ts";

/** A cell with this method, and a call of `scan` on a sequence. */
function scanned(method: string, call: string): string {
  const cell = `module Cell {\n  ${method}\n}`;
  return `${cell}\nmodule Over {\n  (x: f32[B, T~, D], y: f32[B, D]) {\n    states = ${call}\n    return states.last_h\n  }\n}`;
}

const plain = "(x: f32[B, D], h: f32[B, D]) { return h = tanh(x + h) }";
const call = "scan(Cell(), x, axis = T)";

export const scanExplanations = [
  ...explanationsIn("file", [
    [
      "scan-without-state",
      "`scan` carries a state from step to step: an argument of the cell's unnamed method that the method returns under the same name. What carries nothing needs no `scan`.",
      scanned("(x: f32[B, D], h: f32[B, D]) { return tanh(x + h) }", call),
      scanned(plain, call),
    ],
    [
      "scan-without-sequence",
      "`scan` cuts every argument that has the axis of time into steps, so at least one has it. What lacks it is the same in every step.",
      scanned(plain, "scan(Cell(), y, axis = T)"),
      scanned(plain, call),
    ],
    [
      "scan-state-changes",
      "Each step receives the states that the one before returned, so a state is returned with the axes with which it is received.",
      scanned("(x: f32[B, D], h: f32[B, D]) { return h = mean(x + h, axis = D) }", call),
      scanned("(x: f32[B, D], h: f32[B]) { return h = mean(x + h, axis = D) }", call),
    ],
    [
      "scan-initial-state",
      "A state starts at 0, or with what is given for it: a tensor with the axes of the state, without that of time. It must be given where its size follows from nothing else.",
      scanned("(x: f32[B, D], h: f32[B, N]) { return h = tanh(h + mean(x, axis = D)) }", call),
      scanned(
        "(x: f32[B, D], h: f32[B, N]) { return h = tanh(h + mean(x, axis = D)) }",
        "scan(Cell(), x, h = y, axis = T)",
      ),
    ],
    [
      "scan-rows",
      "Along a ragged axis every row stops at its own last step, so all that a step returns has a value for each row. `padded(x)` runs all rows to the end.",
      scanned("(x: f32[B, D], h: f32[D]) { return h = tanh(h + mean(x, axis = B)) }", call),
      scanned(
        "(x: f32[B, D], h: f32[D]) { return h = tanh(h + mean(x, axis = B)) }",
        "scan(Cell(), padded(x), axis = T)",
      ),
    ],
    [
      "scan-argument-name",
      "`axis` and `reverse` are arguments of `scan` itself, so the cell's method has no arguments of these names.",
      scanned("(axis: f32[B, D], h: f32[B, D]) { return h = tanh(axis + h) }", call),
      scanned(plain, call),
    ],
  ]),
  ...explanationsOutside([
    [
      "update-in-scan",
      "The step of a `scan`, or a module that it calls (batch normalisation, for example), updates a state. A state is written once per iteration, not in every step.",
    ],
    [
      "scan-in-scan",
      "The step of a `scan` runs another one on what differs from step to step. Only one recurrence at a time can be carried; `lstm_scan` and `gru_scan` may stand in a step.",
    ],
  ]),
];
