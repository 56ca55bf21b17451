/** Explanations of mistakes with what training keeps without a gradient. */
import { explanationsIn, explanationsOutside } from "./explanation.ts";

export const stateExplanations = [
  ...explanationsIn("file", [
    [
      "state-not-allowed",
      "A function keeps nothing from one call to the next; modules and models have states.",
      "function f(x: f32[B, D]) {\n  state m : f32[D] = 0\n  update m = mean(x, axis = B)\n  return x - m\n}",
      "module F {\n  (x: f32[B, D]) {\n    state m : f32[D] = 0\n    update m = mean(x, axis = B)\n    return x - m\n  }\n}",
    ],
  ]),
  ...explanationsIn("model", [
    [
      "not-a-state",
      "`update` says what a `state` becomes. Parameters are moved by optimisers, and other names never change.",
      "param m : f32[D]\nupdate m = mean(x, axis = B)\nloss far = mean((x - m) ^ 2)",
      "state m : f32[D]\nupdate m = mean(x, axis = B)\nloss far = mean((x - m) ^ 2)",
    ],
    [
      "duplicate-update",
      "A state gets one new value in an iteration, so a body updates it once.",
      "state m : f32[D]\nupdate m = 0.9 * m\nupdate m = m + 0.1 * mean(x, axis = B)\nloss far = mean((x - m) ^ 2)",
      "state m : f32[D]\nupdate m = 0.9 * m + 0.1 * mean(x, axis = B)\nloss far = mean((x - m) ^ 2)",
    ],
    [
      "update-type",
      "The new value of a state has the state's type. A state with the axis `Rows` may also be given a value for the rows of the batch, which has the batch axis in place of `Rows`.",
      "state m : f32[D]\nupdate m = x\nloss far = mean((x - m) ^ 2)",
      "state m : f32[D]\nupdate m = mean(x, axis = B)\nloss far = mean((x - m) ^ 2)",
    ],
    [
      "state-not-updated",
      "No statement updates a state, so it keeps its initial value for ever. This is a warning.",
      "state m : f32[D]\nloss far = mean((x - m) ^ 2)",
      "state m : f32[D]\nupdate m = mean(x, axis = B)\nloss far = mean((x - m) ^ 2)",
    ],
    [
      "no-rows-axis",
      "`rows` reads a state that holds something for each row of the dataset: its first axis is `Rows`.",
      "state m : f32[D]\nupdate m = mean(x, axis = B)\nloss far = mean((x - rows(m, x)) ^ 2)",
      "state m : f32[Rows, D]\nupdate m = x\nloss far = mean((x - rows(m, x)) ^ 2)",
    ],
  ]),
  ...explanationsOutside([
    [
      "not-batch-rows",
      "What is read from or written to the rows of a state must belong to the rows of the batch: its first axis is the batch axis of the inputs.",
    ],
    [
      "state-batch-axis",
      "A state has the batch axis. The rows of a batch are others in every iteration, so nothing can be kept for their places; a state with the axis `Rows` keeps something for each row of the dataset.",
    ],
    [
      "updated-twice",
      "One instance is called several times in an iteration, and each call would give its state another value. Make an instance for each call, or call it once on all values together.",
    ],
  ]),
];
