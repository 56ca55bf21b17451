/** `mird explain`: what an error code means. The explanations are the sections of docs/errors.md. */
import { fileURLToPath } from "node:url";
import { readText } from "../data/files.ts";
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

/** Sections of the page by code. It lies two levels above this file, in `src/cli` as in `dist/cli`. */
function readSections(): Map<string, string> {
  const page = readText(fileURLToPath(new URL("../../docs/errors.md", import.meta.url)));
  const sections = page.split(/^### /m).slice(1);
  return new Map(
    sections.map((section) => {
      const end = section.indexOf("\n");
      const body = section.slice(end).replace(/^## [\s\S]*$/m, "");
      return [section.slice(0, end).replaceAll("`", "").trim(), body.trim()];
    }),
  );
}
