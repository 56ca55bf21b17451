/** The option `--set name=value`. */
import type { Command } from "commander";
import { collect } from "./command.ts";
import { splitNamed } from "./named.ts";

/** Adds `--set`. */
export function addSetOption(command: Command): Command {
  return command.option(
    "--set <name=value>",
    "give a size, number, flag or slot of the model another value; may be given several times",
    collect,
    [],
  );
}

/** Values as written, by name; the last one of a name counts. Throws a UserError for anything that is not `name=value`. */
export function splitSettings(settings: readonly string[]): Record<string, string> {
  return splitNamed(settings, {
    option: "--set",
    read: (text) => text,
    problem: {
      code: "bad-setting",
      title: "Setting is not name=value",
      text: "A setting names a size, number, flag or slot of the model and gives it a value.",
      hint: "Write for example `--set d=32` or `--set 'penalty=Club(hidden = 16)'`.",
    },
  });
}
