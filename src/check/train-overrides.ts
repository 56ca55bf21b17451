/** `--set` for the train block: `batch`, `epochs`, `patience`, `PHASE.lr` and `PHASE.repeat`. */

import { suggest } from "../diagnostics/suggest.ts";
import type { CheckedTrain, CommandLineOverride } from "./checked.ts";
import type { ModelType } from "./model.ts";
import { report } from "./report.ts";
import { counted, type Training, trainNumber } from "./train-values.ts";
import type { Range } from "./training-table.ts";
import { quoteAll } from "./values.ts";

const blockNames: readonly string[] = ["batch", "epochs", "patience"];
const rate: Range = { accepts: (value) => value >= 0, words: "0 or more" };

interface Split {
  readonly training: readonly CommandLineOverride[];
  readonly settings: readonly CommandLineOverride[];
}

/** Which overrides are for the train block. A setting of the model goes first when both have a name. */
export function splitTrainingOverrides(
  given: readonly CommandLineOverride[],
  model: ModelType,
  phases: readonly string[],
): Split {
  const forTraining = ({ name }: CommandLineOverride): boolean => {
    if (model.settings.has(name) || model.slots.has(name)) return false;
    const [first = ""] = name.split(".");
    return blockNames.includes(name) || (name.includes(".") && phases.length > 0) || phases.includes(first);
  };
  return {
    training: given.filter(forTraining),
    settings: given.filter((override) => !forTraining(override)),
  };
}

/** The train block with the values of the command line; null after a report. */
export function overrideTraining(
  training: Training,
  train: CheckedTrain,
  overrides: readonly CommandLineOverride[],
): CheckedTrain | null {
  let result: CheckedTrain | null = train;
  for (const override of overrides) {
    const changed: CheckedTrain | null = result === null ? null : overrideOne(training, result, override);
    result = changed;
  }
  return result;
}

function overrideOne(
  training: Training,
  train: CheckedTrain,
  override: CommandLineOverride,
): CheckedTrain | null {
  const { name, value } = override;
  const count = () => trainNumber(training, value, `\`${name}\``, counted);
  if (name === "batch") {
    const labelled = count();
    return labelled === null ? null : { ...train, batch: { ...train.batch, labelled } };
  }
  if (name === "epochs") {
    const epochs = count();
    return epochs === null ? null : { ...train, epochs };
  }
  if (name === "patience") {
    const patience = count();
    return patience === null ? null : { ...train, patience };
  }
  const [phaseName = "", setting = ""] = name.split(".");
  const phase = train.phases.find((each) => each.name === phaseName);
  if (phase === undefined || (setting !== "lr" && setting !== "repeat"))
    return reportUnknown(training, train, override);
  const changed = setting === "repeat" ? count() : trainNumber(training, value, `\`${name}\``, rate);
  if (changed === null) return null;
  const updated =
    setting === "repeat"
      ? { ...phase, repeat: changed }
      : {
          ...phase,
          optimizer: { ...phase.optimizer, settings: { ...phase.optimizer.settings, lr: changed } },
        };
  return { ...train, phases: train.phases.map((each) => (each === phase ? updated : each)) };
}

function reportUnknown(training: Training, train: CheckedTrain, { name, source }: CommandLineOverride): null {
  const known = [
    ...blockNames,
    ...train.phases.flatMap((phase) => [`${phase.name}.lr`, `${phase.name}.repeat`]),
  ];
  const near = suggest(name, known);
  const start = Math.max(0, source.text.indexOf(name));
  report(
    training.checker.problems,
    { source, start, end: Math.min(source.text.length, start + name.length) },
    {
      code: "unknown-setting",
      title: "Unknown setting",
      label: near === null ? "no such setting" : `Did you mean \`${near}\`?`,
      text: `Of the train block \`--set\` can change ${quoteAll(known)}.`,
    },
  );
  return null;
}
