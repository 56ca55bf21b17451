/** `mird fmt`: one canonical layout for specs. */
import { readText, writeFileAtomic } from "../data/files.ts";
import { Problems } from "../diagnostics/problems.ts";
import { formatFile } from "../syntax/format.ts";
import type { Register } from "./command.ts";
import { EXIT, printProblems } from "./failure.ts";

export const registerFormat: Register = (program, session) => {
  program
    .command("fmt")
    .summary("bring specs into the canonical layout")
    .description("Brings specs into the one canonical layout. Comments are kept; the meaning never changes.")
    .argument("<spec...>", "files to format in place")
    .option("--check", "change nothing; exit code 1 if a file is not in the canonical layout")
    .action((paths: string[], options: { check?: boolean }) => {
      const problems = new Problems();
      let different = 0;
      for (const path of paths) {
        const text = readText(path);
        const formatted = formatFile({ path, text }, problems);
        if (formatted === null || formatted === text) continue;
        different++;
        if (options.check === true) session.io.out.write(`${path} is not in the canonical layout\n`);
        else {
          writeFileAtomic(path, [new TextEncoder().encode(formatted)]);
          session.io.out.write(`${path} formatted\n`);
        }
      }
      printProblems(session.io, problems.all, false);
      const failed = problems.hasErrors || (options.check === true && different > 0);
      session.exitCode = failed ? EXIT.input : EXIT.ok;
    });
};
