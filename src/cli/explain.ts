/** `mird explain`: what an error code means. The sections are those of docs/errors.md. */
import { errorPage } from "../diagnostics/explanations.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Register } from "./command.ts";
import { EXIT } from "./failure.ts";

export const registerExplain: Register = (program, session) => {
  program
    .command("explain")
    .summary("explain an error code")
    .description("Explains an error code such as `shape-mismatch`; without a code, lists all of them.")
    .argument("[code]", "the word in brackets behind `error`")
    .action((code: string | undefined) => {
      const { io } = session;
      const sections = readSections();
      if (code === undefined) {
        for (const name of sections.keys()) io.out.write(`${name}\n`);
        return;
      }
      const text = sections.get(code);
      if (text !== undefined) {
        io.out.write(`${code}\n\n${text}\n`);
        return;
      }
      const near = suggest(code, sections.keys());
      const more = near === null ? "`mird explain` lists all codes." : `Did you mean \`${near}\`?`;
      io.err.write(`There is no error code \`${code}\`. ${more}\n`);
      session.exitCode = EXIT.input;
    });
};

/** Sections of the page by code. */
function readSections(): Map<string, string> {
  const sections = errorPage().split(/^### /m).slice(1);
  return new Map(
    sections.map((section) => {
      const end = section.indexOf("\n");
      // The last section of a chapter is followed by the title of the next one.
      const body = section.slice(end).replace(/^## [\s\S]*$/m, "");
      return [section.slice(0, end).replaceAll("`", "").trim(), body.trim()];
    }),
  );
}
