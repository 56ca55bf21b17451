/** What a `train` block may name: optimisers, schedules and metrics, with their settings and defaults. `docs/language.md` describes them. */

/** Which numbers a setting accepts, with the words for it. */
export interface Range {
  readonly accepts: (value: number) => boolean;
  readonly words: string;
}

const notNegative: Range = { accepts: (value) => value >= 0, words: "0 or more" };
const positive: Range = { accepts: (value) => value > 0, words: "more than 0" };
const share: Range = { accepts: (value) => value >= 0 && value < 1, words: "from 0 up to, not including, 1" };

export type TrainingSetting =
  | { readonly name: string; readonly kind: "number"; readonly range: Range; readonly default: number | null }
  | { readonly name: string; readonly kind: "flag"; readonly default: boolean }
  | {
      readonly name: string;
      readonly kind: "choice";
      readonly choices: readonly string[];
      readonly default: string;
    };

export type OptimizerKind = "adam" | "adamw" | "sgd";
export type ScheduleKind = "constant" | "warmup_linear" | "cosine";

export interface Named<Kind extends string> {
  /** As it is written in a spec. */
  readonly name: string;
  readonly kind: Kind;
  readonly settings: readonly TrainingSetting[];
}

const number = (name: string, range: Range, otherwise: number | null): TrainingSetting => ({
  name,
  kind: "number",
  range,
  default: otherwise,
});

/** Which parameters weight decay applies to. */
const decay: TrainingSetting = {
  name: "decay",
  kind: "choice",
  choices: ["matrices", "all"],
  default: "matrices",
};

const adamSettings = (weightDecay: number): readonly TrainingSetting[] => [
  number("lr", notNegative, null),
  number("beta1", share, 0.9),
  number("beta2", share, 0.999),
  number("eps", positive, 1e-8),
  number("weight_decay", notNegative, weightDecay),
  decay,
];

export const optimizers: readonly Named<OptimizerKind>[] = [
  { name: "Adam", kind: "adam", settings: adamSettings(0) },
  {
    name: "AdamW",
    kind: "adamw",
    settings: [...adamSettings(0.01), { name: "decay_last", kind: "flag", default: false }],
  },
  {
    name: "Sgd",
    kind: "sgd",
    settings: [
      number("lr", notNegative, null),
      number("momentum", share, 0),
      { name: "nesterov", kind: "flag", default: false },
      number("weight_decay", notNegative, 0),
      decay,
    ],
  },
];

export const schedules: readonly Named<ScheduleKind>[] = [
  { name: "constant", kind: "constant", settings: [] },
  { name: "warmup_linear", kind: "warmup_linear", settings: [number("warmup", share, null)] },
  { name: "cosine", kind: "cosine", settings: [number("warmup", share, null)] },
];

export interface MetricEntry {
  readonly name: string;
  /** The labels that it compares with: one number per row, a class, or a yes or no for each of several. */
  readonly labels: "f32" | "class" | "set";
  readonly better: "lower" | "higher";
}

const metric =
  (labels: MetricEntry["labels"], better: MetricEntry["better"]) =>
  (name: string): MetricEntry => ({ name, labels, better });

/** Metrics that `select` and `report` may name, besides the losses of the model. */
export const metrics: readonly MetricEntry[] = [
  ...["mae", "mse"].map(metric("f32", "lower")),
  ...[
    "corr",
    "acc2",
    "f1",
    "acc2_non0",
    "f1_non0",
    "acc3",
    "acc5",
    "acc7",
    "sims_acc2",
    "sims_f1",
    "sims_acc3",
    "sims_acc5",
  ].map(metric("f32", "higher")),
  ...["accuracy", "f1_macro", "f1_weighted"].map(metric("class", "higher")),
  ...["f1_micro", "f1_macro", "f1_weighted", "subset_accuracy", "map"].map(metric("set", "higher")),
  ...["hamming_loss"].map(metric("set", "lower")),
];
