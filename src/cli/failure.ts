/** How a command ends when it cannot go on: the user's mistakes are explained, ours are apologised for. */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../api/version.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { diagnosticsToJson } from "../diagnostics/json.ts";
import { UserError } from "../diagnostics/problems.ts";
import { renderDiagnostics } from "../diagnostics/render.ts";
import type { Io } from "./io.ts";

/** Exit codes; what a shell script may rely on. */
export const EXIT = { ok: 0, input: 1, usage: 2, device: 3, bug: 70, interrupted: 130 } as const;

/** Prints what went wrong and returns the exit code. With `json` the problems of the user's input go to the output as an array. */
export function reportFailure(io: Io, error: unknown, json: boolean): number {
  if (error instanceof UserError) {
    printProblems(io, error.problems, json);
    return error.exitCode;
  }
  io.err.write(bugReport(io, error));
  return EXIT.bug;
}

/** Prints problems for people, or as JSON. */
export function printProblems(io: Io, problems: readonly Diagnostic[], json: boolean): void {
  if (json) io.out.write(`${JSON.stringify(diagnosticsToJson(problems), null, 1)}\n`);
  else if (problems.length > 0) io.err.write(renderDiagnostics(problems, { color: io.err.color }));
}

/** A short text that asks for a report; the details go to a file. */
function bugReport(io: Io, error: unknown): string {
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const message = error instanceof Error ? error.message : String(error);
  if (io.env.MIRD_DEBUG === "1") return `${details}\n`;
  const stamp = new Date().toISOString().replaceAll(/[-:.]/g, "");
  const file = join(tmpdir(), `mird-bug-${stamp}-${process.pid}.log`);
  const facts = `mird ${version()}, Node ${process.version}, ${process.platform} ${process.arch}\n${io.command}\n`;
  const saved = attempt(() => writeFileSync(file, `${facts}\n${details}\n`));
  const where = saved
    ? `Please report it, with your spec and this file:\n\n    ${file}\n`
    : "Please report it, with your spec.\n";
  return `mird has made a mistake of its own; your input is not to blame.\n\n    ${message.split("\n")[0]}\n\n${where}`;
}

function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
