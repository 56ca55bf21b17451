/** The option `--set name=value`. */
import type { Command } from "commander";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { Problems, UserError } from "../diagnostics/problems.ts";
import { collect } from "./command.ts";

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
  const problems = new Problems();
  const values: Record<string, string> = {};
  for (const setting of settings) {
    const match = /^\s*([A-Za-z_][\w.]*)\s*=(.*)$/s.exec(setting);
    if (match?.[1] !== undefined && match[2] !== undefined) values[match[1]] = match[2].trim();
    else problems.add(notASetting(setting));
  }
  if (problems.hasErrors) throw new UserError(problems.all);
  return values;
}

function notASetting(setting: string): Diagnostic {
  return {
    code: "bad-setting",
    severity: "error",
    title: "Setting is not name=value",
    primary: null,
    related: [],
    place: { file: `--set ${setting}` },
    text: "A setting names a size, number, flag or slot of the model and gives it a value.",
    hint: "Write for example `--set d=32` or `--set 'penalty=Club(hidden = 16)'`.",
  };
}
