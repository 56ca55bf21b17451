/** Short ways to check programs in tests, from texts instead of files. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkProgram } from "../../src/check/check.ts";
import type { CheckedProgram, CommandLineOverride } from "../../src/check/checked.ts";
import { loadProgram } from "../../src/check/load.ts";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { Problems } from "../../src/diagnostics/problems.ts";
import { renderDiagnostics } from "../../src/diagnostics/render.ts";
import type { Source } from "../../src/diagnostics/source.ts";
import { parseExpression } from "../../src/syntax/parse.ts";

const library = join(dirname(fileURLToPath(import.meta.url)), "../../specs/std");

export interface Given {
  readonly source: string;
  /** Other files by the path that imports them: `std.nn`, `./other.mird`. The standard library stands behind them. */
  readonly files?: Readonly<Record<string, string>>;
  readonly model?: string;
  /** `--set` in the form `name=value`. */
  readonly set?: readonly string[];
}

export interface Checked {
  readonly program: CheckedProgram;
  readonly problems: readonly Diagnostic[];
  readonly codes: readonly string[];
  readonly messages: string;
}

export function check(given: Given | string): Checked {
  const { source, files = {}, model, set = [] } = typeof given === "string" ? { source: given } : given;
  const problems = new Problems();
  const scope = loadProgram({ path: "model.mird", text: source }, (path) => load(path, files), problems);
  const overrides = set.map((written) => override(written, problems));
  const options = model === undefined ? { overrides } : { overrides, model };
  const program = checkProgram(scope, options, problems);
  return {
    program,
    problems: problems.all,
    codes: problems.all.map(({ code }) => code),
    messages: renderDiagnostics(problems.all, { color: false }),
  };
}

function load(path: string, files: Readonly<Record<string, string>>): Source | null {
  const text = files[path];
  if (text !== undefined) return { path: path.replace("./", ""), text };
  if (!path.startsWith("std.")) return null;
  const name = `${path.slice("std.".length)}.mird`;
  try {
    return { path: `specs/std/${name}`, text: readFileSync(join(library, name), "utf8") };
  } catch {
    return null;
  }
}

function override(written: string, problems: Problems): CommandLineOverride {
  const [name = "", ...rest] = written.split("=");
  // As on the command line: the value is read with blanks in place of the name, so that places are right in the whole text.
  const source = { path: "--set", text: `${" ".repeat(name.length + 1)}${rest.join("=")}` };
  const value = parseExpression(source, problems);
  source.text = written;
  if (value === null) throw new Error(`--set ${written} has no value`);
  return { name, value, source };
}
