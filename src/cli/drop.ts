/** The option `--drop name=share`, and what is said about the rows that lack a modality. */
import type { Command } from "commander";
import type { Drops } from "../data/drop.ts";
import { absentRows } from "../data/drop.ts";
import type { Dataset } from "../data/schema.ts";
import { absentText } from "../report/tables.ts";
import { collect } from "./command.ts";
import { splitNamed } from "./named.ts";

/** Adds `--drop`; `instead`: of an evaluation, where it replaces what the run dropped. */
export function addDropOption(command: Command, { instead = false } = {}): Command {
  const more = instead ? "; instead of what the run dropped, `none` for nothing" : "";
  return command.option(
    "--drop <name=share>",
    `take a modality from a share of the rows, vision=0.3, or of one split, test.vision=0.3; may be given several times${more}`,
    collect,
    [],
  );
}

/** Shares by name; null when the option was not given. Throws a UserError for anything that is not `name=share`. */
export function splitDrops(given: readonly string[]): Drops | null {
  if (given.length === 0) return null;
  if (given.length === 1 && given[0] === "none") return {};
  return splitNamed(given, {
    option: "--drop",
    read: (text) => (text === "" || Number.isNaN(Number(text)) ? null : Number(text)),
    problem: {
      code: "bad-drop",
      title: "Not a modality and a share of the rows",
      text: "The option names an input of the model and the share of the rows that lose it, from 0 to 1.",
      hint: "Write for example `--drop vision=0.3`, or `--drop test.vision=0.3` for one split.",
    },
  });
}

/** A line for every modality that was dropped: how many rows of each split are without it now. Empty when nothing was. */
export function dropText(dataset: Dataset, drops: Drops): string {
  return absentRows(dataset, drops).map(absentText).join("");
}
