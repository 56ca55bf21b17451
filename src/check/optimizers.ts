/** Optimisers, schedules and groups of a phase: names, settings and defaults. */
import { suggest } from "../diagnostics/suggest.ts";
import type { Call, CallArgument, Identifier } from "../syntax/ast.ts";
import type { CheckedPhase, OptimizerSettings } from "./checked.ts";
import { report } from "./report.ts";
import { type Training, trainNumber } from "./train-values.ts";
import { type Named, optimizers, schedules, type TrainingSetting } from "./training-table.ts";
import { quoteAll } from "./values.ts";

/** The optimiser that `with` names; null after a report. */
export function checkOptimizer(training: Training, call: Call) {
  const chosen = findNamed(training, call, optimizers, "optimiser");
  if (chosen === null) return null;
  const settings = takeSettings(training, call, chosen);
  return settings === null ? null : { named: chosen, kind: chosen.kind, settings };
}

/** The schedule that is named; null after a report. */
export function checkSchedule(training: Training, call: Call): CheckedPhase["schedule"] | null {
  const chosen = findNamed(training, call, schedules, "schedule");
  const settings = chosen === null ? null : takeSettings(training, call, chosen);
  if (chosen === null || settings === null) return null;
  const { warmup = 0 } = settings;
  return { kind: chosen.kind, warmup: typeof warmup === "number" ? warmup : 0 };
}

function findNamed<Kind extends string>(
  training: Training,
  call: Call,
  table: readonly Named<Kind>[],
  what: string,
): Named<Kind> | null {
  const name = call.callee.kind === "name" ? call.callee.name : "";
  const found = table.find((entry) => entry.name === name);
  if (found !== undefined) return found;
  const names = table.map((entry) => entry.name);
  const near = suggest(name, names);
  report(training.checker.problems, call.callee.span, {
    code: `unknown-${what === "optimiser" ? "optimizer" : "schedule"}`,
    title: `Unknown ${what}`,
    label: near === null ? `no such ${what}` : `Did you mean \`${near}\`?`,
    text: `The ${what}s are ${quoteAll(table.map(usage))}.`,
  });
  return null;
}

function usage(entry: Named<string>): string {
  const required = entry.settings
    .filter((setting) => setting.default === null)
    .map((setting) => setting.name);
  return `${entry.name}(${[...required, ...(entry.settings.length > required.length ? ["…"] : [])].join(", ")})`;
}

/** All settings of a call with defaults filled in; null after a report. */
function takeSettings(training: Training, call: Call, entry: Named<string>): OptimizerSettings | null {
  const given = readSettings(training, call.arguments, entry);
  if (given === null) return null;
  const settings: Record<string, number | boolean | string> = { ...given };
  for (const setting of entry.settings) {
    if (setting.name in settings) continue;
    if (setting.default === null) {
      report(
        training.checker.problems,
        { ...call.span, start: call.callee.span.end },
        {
          code: "missing-argument",
          title: "Missing argument",
          label: `\`${setting.name}\` is missing`,
          text: acceptsText(entry),
        },
      );
      return null;
    }
    settings[setting.name] = setting.default;
  }
  return settings;
}

/** Settings that a group gives to its parameters; null after a report. */
export function checkGroupSettings(
  training: Training,
  given: readonly CallArgument[],
  entry: Named<string>,
): OptimizerSettings | null {
  return readSettings(training, given, entry);
}

function readSettings(
  training: Training,
  given: readonly CallArgument[],
  entry: Named<string>,
): OptimizerSettings | null {
  const settings: Record<string, number | boolean | string> = {};
  let failed = false;
  for (const argument of given) {
    const setting = findSetting(training, argument, entry, given.indexOf(argument));
    if (setting === null) {
      failed = true;
      continue;
    }
    if (setting.name in settings) {
      reportTwice(training, argument.name, setting.name, argument);
      failed = true;
      continue;
    }
    const value = readSetting(training, argument, setting, entry);
    if (value === null) failed = true;
    else settings[setting.name] = value;
  }
  return failed ? null : settings;
}

function reportTwice(
  training: Training,
  name: Identifier | null,
  setting: string,
  argument: CallArgument,
): void {
  report(training.checker.problems, name?.span ?? argument.span, {
    code: "duplicate-argument",
    title: "Argument given twice",
    label: `\`${setting}\` again`,
    text: "Every setting is given once.",
  });
}

function findSetting(
  training: Training,
  argument: CallArgument,
  entry: Named<string>,
  position: number,
): TrainingSetting | null {
  // Only the first setting of an optimiser is known well enough to be given without its name.
  const name = argument.name?.name ?? (position === 0 ? entry.settings[0]?.name : undefined);
  const found = entry.settings.find((setting) => setting.name === name);
  if (found !== undefined) return found;
  const near =
    name === undefined
      ? null
      : suggest(
          name,
          entry.settings.map((setting) => setting.name),
        );
  report(training.checker.problems, argument.name?.span ?? argument.span, {
    code: argument.name === null ? "too-many-arguments" : "unknown-argument",
    title: argument.name === null ? "Too many arguments" : "Unknown argument",
    label:
      near !== null
        ? `Did you mean \`${near}\`?`
        : argument.name === null
          ? "needs its name"
          : "not accepted",
    text: acceptsText(entry),
  });
  return null;
}

function acceptsText(entry: Named<string>): string {
  if (entry.settings.length === 0) return `\`${entry.name}\` accepts no arguments.`;
  const list = entry.settings.map((setting) =>
    setting.default === null ? setting.name : `${setting.name} = ${String(setting.default)}`,
  );
  return `\`${entry.name}\` accepts ${quoteAll(list)}.`;
}

function readSetting(
  training: Training,
  { value }: CallArgument,
  setting: TrainingSetting,
  entry: Named<string>,
): number | boolean | string | null {
  const what = `\`${setting.name}\` of \`${entry.name}\``;
  if (setting.kind === "number") return trainNumber(training, value, what, setting.range);
  if (setting.kind === "flag") {
    if (value.kind === "flag") return value.value;
    return wrongSetting(training, value.span, what, ["true", "false"]);
  }
  if (value.kind === "name" && setting.choices.includes(value.name)) return value.name;
  return wrongSetting(training, value.span, what, setting.choices);
}

function wrongSetting(
  training: Training,
  span: Identifier["span"],
  what: string,
  choices: readonly string[],
): null {
  report(training.checker.problems, span, {
    code: "unknown-choice",
    title: "Not one of the choices",
    label: "not accepted",
    text: `${what} is ${quoteAll(choices, "or")}.`,
  });
  return null;
}
