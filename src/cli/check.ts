/** `mird check`: names, types and shapes of a spec. */

import { diskLoader, readSpec } from "../api/sources.ts";
import { checkSpec } from "../api/spec.ts";
import type { Register } from "./command.ts";
import { addModelOption } from "./command.ts";
import { EXIT, printProblems } from "./failure.ts";
import { addSetOption, splitSettings } from "./settings.ts";

interface CheckFlags {
  readonly set: readonly string[];
  readonly model?: string;
  readonly json?: boolean;
}

export const registerCheck: Register = (program, session) => {
  const command = program
    .command("check")
    .summary("look for mistakes in a spec")
    .description(
      "Checks names, types and shapes of a spec and of everything that it imports. All mistakes are shown at once.",
    )
    .argument("<spec>", "the .mird file")
    .option("--json", "print the problems as a JSON array");
  addModelOption(addSetOption(command)).action((path: string, flags: CheckFlags) => {
    session.json = flags.json === true;
    const { io, json } = session;
    const sources = {};
    const { program: checked, problems } = checkSpec({
      entry: readSpec(path, sources),
      loadSource: diskLoader(sources),
      settings: splitSettings(flags.set),
      model: flags.model ?? null,
    });
    printProblems(io, problems, json);
    const failed = problems.some(({ severity }) => severity === "error");
    session.exitCode = failed ? EXIT.input : EXIT.ok;
    if (failed || json) return;
    const names = checked.models.map(({ name, train }) =>
      train === null ? name : `${name} (with a train block)`,
    );
    io.out.write(`${path} has no mistakes${names.length === 0 ? "" : `; models: ${names.join(", ")}`}\n`);
  });
};
