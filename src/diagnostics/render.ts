/** Lays problems out for people: title, source lines with marks, what is true, one hint. */
import picocolors from "picocolors";
import { codeFrames, type Painters } from "./code-frame.ts";
import type { Diagnostic, FilePlace } from "./diagnostic.ts";
import { harmless, wrap } from "./text.ts";

const WIDTH = 75;

/** All problems as text, an empty line between them, their number last where there are several. */
export function renderDiagnostics(
  problems: readonly Diagnostic[],
  options: { readonly color: boolean },
): string {
  const colors = picocolors.createColors(options.color);
  const rendered = problems.map((problem) => renderOne(problem, colors));
  if (problems.length > 1) rendered.push(`${colors.bold(countOf(problems))}\n`);
  return rendered.join("\n");
}

function renderOne(problem: Diagnostic, colors: ReturnType<typeof picocolors.createColors>): string {
  const alarm = problem.severity === "error" ? colors.red : colors.yellow;
  const paint: Painters = { frame: colors.dim, primary: alarm, related: colors.blue };
  const title = `${alarm(colors.bold(`${problem.severity}[${problem.code}]`))}${colors.bold(`: ${harmless(problem.title)}`)}`;
  const places = problem.place ? [`  ${paint.frame("┌─")} ${describeFilePlace(problem.place)}`] : [];
  const head = [title, ...codeFrames(problem, paint), ...places].join("\n");
  const text = problem.text.trim() === "" ? [] : [wrap(problem.text.trimEnd(), WIDTH)];
  const hint =
    problem.hint === undefined
      ? []
      : [wrap(`Hint: ${problem.hint}`, WIDTH).replace("Hint:", colors.cyan("Hint:"))];
  return `${[head, ...text, ...hint].join("\n\n")}\n`;
}

/** `mosi/train.csv: row 12: field "x"` */
function describeFilePlace(place: FilePlace): string {
  return harmless([place.file, ...(place.within ?? [])].join(": "));
}

/** `3 errors`, `1 error, 2 warnings` */
function countOf(problems: readonly Diagnostic[]): string {
  const errors = problems.filter((problem) => problem.severity === "error").length;
  const count = (number: number, what: string) =>
    number === 0 ? [] : [`${number} ${what}${number === 1 ? "" : "s"}`];
  return [...count(errors, "error"), ...count(problems.length - errors, "warning")].join(", ");
}
