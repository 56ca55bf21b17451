/** What a `train` block may name: optimisers and schedules, with their settings and defaults (metrics are in src/statistics). `docs/language.md` describes them. */

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
