/** What a phase of a `train` block means for the parameters that it moves. */
import { CompilerBug } from "../base/invariant.ts";
import type { CheckedPhase } from "../check/checked.ts";
import type { Selection } from "../syntax/ast-train.ts";
import type { OptimizerSettings } from "./optimizers.ts";

type Settings = Readonly<Record<string, number | boolean | string>>;
type Parameter = {
  readonly path: string;
  readonly shape: readonly number[];
  readonly slots: readonly string[];
};

/** Settings of the phase's optimiser for one parameter: those of the first group that selects it, over those of the phase. */
export function optimizerSettings(
  phase: CheckedPhase,
  parameter: Parameter,
  selects: (selection: Selection, parameter: Parameter) => boolean,
): OptimizerSettings {
  const group = phase.groups.find(({ selection }) => selects(selection, parameter));
  const settings: Settings = { ...phase.optimizer.settings, ...group?.settings };
  // Decay pulls weights towards 0; offsets and scales of one axis are left alone unless the spec says `decay = all`.
  const decays = settings.decay === "all" || parameter.shape.length >= 2;
  const weightDecay = decays ? numberOf(settings, "weight_decay") : 0;
  const lr = numberOf(settings, "lr");
  if (phase.optimizer.kind === "sgd")
    return {
      kind: "sgd",
      lr,
      momentum: numberOf(settings, "momentum"),
      nesterov: settings.nesterov === true,
      weightDecay,
    };
  const [beta1, beta2, eps] = ["beta1", "beta2", "eps"].map((name) => numberOf(settings, name)) as [
    number,
    number,
    number,
  ];
  return {
    kind: phase.optimizer.kind,
    lr,
    beta1,
    beta2,
    eps,
    weightDecay,
    decayLast: settings.decay_last === true,
  };
}

function numberOf(settings: Settings, name: string): number {
  const value = settings[name];
  if (typeof value !== "number") throw new CompilerBug(`optimiser setting ${name} is not a number`);
  return value;
}
