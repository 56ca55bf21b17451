/** The option `--pretrained name=dir`, and what is said about weights and word vectors that were loaded. */
import type { Command } from "commander";
import { amount } from "../report/quantity.ts";
import type { StartingValues } from "../train/starting-values.ts";
import { collect } from "./command.ts";
import { splitNamed } from "./named.ts";

/** Adds `--pretrained`. */
export function addPretrainedOption(command: Command): Command {
  return command.option(
    "--pretrained <name=dir>",
    "folder of the weights that the spec loads by this name, as Hugging Face lays them out; `none` for drawn numbers; may be given several times",
    collect,
    [],
  );
}

/** Folders by name. Throws a UserError for anything that is not `name=dir`. */
export function splitPretrained(given: readonly string[]): Record<string, string> {
  return splitNamed(given, {
    option: "--pretrained",
    read: (text) => (text === "" ? null : text),
    problem: {
      code: "bad-pretrained",
      title: "Weights without a name",
      text: "The option names weights of the spec and their folder.",
      hint: "Write for example `--pretrained bert=models/bert-base-uncased`.",
    },
  });
}

/** Names in a line before the rest is only counted. */
const SHOWN = 4;

/** What was loaded, in lines; empty when nothing was. */
export function loadedText(start: StartingValues | null): string {
  if (start === null) return "";
  const weights = start.weights.flatMap(({ name, folder, into, parameters, elements, unused, absent }) => [
    `Weights ${name} from ${folder}: ${parameters} parameters (${elements.toLocaleString("en")} numbers) of ${into.join(", ")}.`,
    ...(unused.length > 0
      ? [
          `  ${amount(unused.length, "tensor")} of the folder ${unused.length === 1 ? "is" : "are"} not used: ${shortList(unused)}.`,
        ]
      : []),
    ...(absent.length > 0 ? [`  Not in this model: ${absent.join(", ")}.`] : []),
  ]);
  const vectors = start.vectors.flatMap(({ field, into, found, missing, examples }) => [
    `Word vectors of ${field}: ${found} words of ${into.join(", ")}.`,
    ...(missing > 0
      ? [`  ${missing} words have none and start from drawn numbers: ${shortList(examples, missing)}.`]
      : []),
  ]);
  return [...weights, ...vectors].map((line) => `${line}\n`).join("");
}

function shortList(names: readonly string[], count: number = names.length): string {
  const shown = names.slice(0, SHOWN);
  const more = count - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
