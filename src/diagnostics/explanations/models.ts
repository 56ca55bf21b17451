/** Explanations of mistakes in models, variants and train blocks. */
import { explanationsIn } from "./explanation.ts";

const tiny =
  "model Tiny {\n  size d = 8\n  input x : f32[B, D]\n  param w : f32[D, d]\n  loss level = mean(dot(x, w, axis = D))\n}\n";
const trained = (name: string) =>
  `train ${name} {\n  batch 8\n  phase go {\n    minimize level\n    updates all\n    with Adam(lr = 1e-3)\n  }\n  epochs 3\n}\n`;

export const modelExplanations = [
  ...explanationsIn("model", [
    [
      "loss-not-scalar",
      "A loss is one number for the whole batch: `f32` without axes.",
      "loss size_of_x = x ^ 2",
      "loss size_of_x = mean(x ^ 2)",
    ],
    [
      "unknown-output",
      "An output is a value that the model has given a name before.",
      "output z",
      "z = tanh(x)\noutput z",
    ],
    [
      "output-without-rows",
      "What is written for every row of the dataset is a tensor whose first axis is `B`.",
      "z = mean(x, axis = B)\noutput z",
      "z = mean(x, axis = D)\noutput z",
    ],
    [
      "unknown-label",
      "`predicts` names a label of the model.",
      "z = mean(x, axis = D)\noutput z predicts t",
      "z = mean(x, axis = D)\noutput z predicts y",
    ],
    [
      "prediction-mismatch",
      "An output that predicts a number has the axes of the label; one that predicts a class has a score for every class besides.",
      "output x predicts y",
      "z = mean(x, axis = D)\noutput z predicts y",
    ],
    [
      "predicted-twice",
      "Metrics compare a label with one output.",
      "a = mean(x, axis = D)\nb = max(x, axis = D)\noutput a predicts y\noutput b predicts y",
      "a = mean(x, axis = D)\nb = max(x, axis = D)\noutput a predicts y\noutput b",
    ],
  ]),
  ...explanationsIn("file", [
    [
      "unknown-model",
      "A variant, a train block or `--model` names a model that is not declared or imported here.",
      `${tiny}model Wide = Tyni with { d = 64 }`,
      `${tiny}model Wide = Tiny with { d = 64 }`,
    ],
    [
      "unknown-setting",
      "Only the sizes, numbers, flags and slots that a model declares can get other values; `--set` can also change `batch`, `epochs`, `patience`, and `lr` and `repeat` of a phase.",
      `${tiny}model Wide = Tiny with { width = 64 }`,
      `${tiny}model Wide = Tiny with { d = 64 }`,
    ],
    [
      "wrong-override",
      "A setting keeps its kind: a size gets a whole number, a flag `true` or `false`.",
      `${tiny}model Wide = Tiny with { d = true }`,
      `${tiny}model Wide = Tiny with { d = 64 }`,
    ],
    [
      "duplicate-train",
      "A model has one train block. What should differ between runs is a variant.",
      `${tiny}${trained("Tiny")}${trained("Tiny")}`,
      `${tiny}model Other = Tiny with { d = 4 }\n${trained("Tiny")}${trained("Other")}`,
    ],
    [
      "nothing-to-change",
      "`train … with` changes lines of the training of the model that a variant varies. There must be such a model, and it must have a train block.",
      `${tiny}${trained("Tiny").replace("train Tiny", "train Tiny with")}`,
      `${tiny}model Other = Tiny with { d = 4 }\n${trained("Tiny")}train Other with { epochs 9 }\n`,
    ],
    [
      "incomplete-train",
      "A train block says how many rows a batch has, how many epochs there are, and has at least one phase.",
      `${tiny}train Tiny {\n  batch 8\n  epochs 3\n}`,
      `${tiny}${trained("Tiny")}`,
    ],
    [
      "unlabelled-without-label",
      "Rows without a label are added to a batch only where the model has a label.",
      `${tiny}${trained("Tiny").replace("batch 8", "batch 8 labelled + 8 unlabelled")}`,
      `${tiny}${trained("Tiny").replace("batch 8", "batch 16")}`,
    ],
  ]),
  ...explanationsIn("phase", [
    [
      "incomplete-phase",
      "A phase says what it minimises (or maximises), which parameters it updates, and with which optimiser.",
      "// only this\nminimize task",
      "minimize task\nupdates all\nwith Adam(lr = 1e-3)",
    ],
    [
      "objective-not-scalar",
      "What a phase minimises is one number for the whole batch.",
      "minimize (y_hat - y) ^ 2",
      "minimize task",
    ],
    [
      "unknown-selection",
      "Parameters are selected by the name of the statement or slot that makes them, and the names inside it.",
      "updates mapp",
      "updates map",
    ],
    [
      "selects-nothing",
      "The selected name has no parameters of its own; those that it is computed from belong to other statements.",
      "updates y_hat",
      "updates map",
    ],
    [
      "never-updated",
      "A warning: no phase updates these parameters, so they keep their initial values.",
      "updates map",
      "updates all",
    ],
    [
      "unknown-optimizer",
      "The optimisers are `Adam`, `AdamW` and `Sgd`.",
      "with Adamw(lr = 1e-3)",
      "with AdamW(lr = 1e-3)",
    ],
    [
      "unknown-schedule",
      "The schedules are `constant()`, `warmup_linear(warmup)` and `cosine(warmup)`.",
      "schedule linear(warmup = 0.1)",
      "schedule warmup_linear(warmup = 0.1)",
    ],
    [
      "unknown-choice",
      "The setting accepts a few fixed words only.",
      "with AdamW(lr = 1e-3, decay = weights)",
      "with AdamW(lr = 1e-3, decay = matrices)",
    ],
    ["duplicate-member", "A block says each thing once.", "repeat 2\nrepeat 3", "repeat 3"],
    [
      "train-number",
      "Numbers in a train block are known before training starts: written as numbers, or computed from settings of the model that have a default.",
      "repeat task",
      "repeat 2",
    ],
  ]),
  ...explanationsIn("train", [
    [
      "patience-without-select",
      "Patience counts epochs without improvement, and `select` says what improvement is.",
      "patience 10",
      "select min valid.mae\npatience 10",
    ],
    [
      "vectors-field",
      "Word vectors belong to the words of a field, so they are loaded for an input of token numbers.",
      "load vectors of x into map",
      "load vectors of words into map",
    ],
    [
      "loaded-twice",
      "Parameters start from one thing: one checkpoint, or the word vectors of one field.",
      "load vectors of words into map\nload vectors of words into map",
      "load vectors of words into map",
    ],
    [
      "select-on-test",
      "A model that was chosen by its test result has seen the test split. Selection looks at the validation split; the test split is read once, after training.",
      "select min test.mae",
      "select min valid.mae",
    ],
    [
      "unknown-split",
      "Selection looks at the split `valid`.",
      "select min train.mae",
      "select min valid.mae",
    ],
    [
      "select-direction",
      "A warning: the selection keeps the worst epoch, since for this metric the other direction is better.",
      "select min valid.corr",
      "select max valid.corr",
    ],
    [
      "unknown-metric",
      "`select` and `report` name metrics and losses of the model.",
      "report mae, loss",
      "report mae, task",
    ],
    [
      "metric-mismatch",
      "A metric compares predictions with labels of one kind: numbers (`mae`, `corr`, `acc7`, …) or classes (`accuracy`, `f1_macro`, …), and some output must predict such a label.",
      "report accuracy",
      "report mae",
    ],
  ]),
];
