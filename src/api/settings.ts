/** Settings as `--set name=value` gives them: the value is an expression of the language; mistakes in it get carets as those in a file do. */
import type { checkProgram } from "../check/check.ts";
import type { Problems } from "../diagnostics/problems.ts";
import { parseExpression } from "../syntax/parse.ts";

/** One entry of what the checker takes. */
type Override = Parameters<typeof checkProgram>[1]["overrides"][number];

/** The expressions of settings. Syntax mistakes go to `problems`; such settings are left out. */
export function parseSettings(values: Readonly<Record<string, string>>, problems: Problems): Override[] {
  return Object.entries(values).flatMap(([name, text]) => {
    // The value is read with blanks in place of the name, so that its places are right in the text as it was typed.
    const source = { path: "--set", text: `${" ".repeat(name.length + 1)}${text}` };
    const value = parseExpression(source, problems);
    source.text = `${name}=${text}`;
    return value === null ? [] : [{ name, value, source }];
  });
}
