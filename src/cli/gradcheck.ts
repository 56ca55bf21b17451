/** `mird gradcheck`: whether the gradients of a spec are right. */

import { diskLoader, readSpec } from "../api/sources.ts";
import { requireModel } from "../api/spec.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { GradcheckRow } from "../driver/gradcheck.ts";
import { gradcheck } from "../driver/gradcheck.ts";
import { alignColumns } from "../report/tables.ts";
import type { Register } from "./command.ts";
import { addModelOption, numberBetween, wholeNumber } from "./command.ts";
import { EXIT, printProblems } from "./failure.ts";
import { addSetOption, splitSettings } from "./settings.ts";

interface GradcheckFlags {
  readonly set: readonly string[];
  readonly model?: string;
  readonly seed: number;
  readonly tolerance: number;
  readonly json?: boolean;
}

/** Directions through all parameters of a phase, and comparisons of each by itself. */
const DIRECTIONS = 4;
const EACH = 3;
/** Parameters that the table names for each phase. */
const NAMED = 5;

export const registerGradcheck: Register = (program, session) => {
  const command = program
    .command("gradcheck")
    .summary("compare the gradients of a spec with differences")
    .description(
      "Compares the gradient of every phase with central differences, in float64, on invented data of small sizes. Sizes that the model sets itself shrink to at most 4 unless --set gives them.",
    )
    .argument("<spec>", "the .mird file")
    .option("--seed <number>", "of data, parameters and directions", wholeNumber(0), 1)
    .option(
      "--tolerance <number>",
      "relative error that counts as a mistake from here on",
      numberBetween(0, 1),
      1e-5,
    )
    .option("--json", "print every comparison as JSON");
  addModelOption(addSetOption(command)).action((spec: string, flags: GradcheckFlags) => {
    session.json = flags.json === true;
    const { io } = session;
    const {
      program: checked,
      model,
      warnings,
    } = requireModel({
      entry: readSpec(spec, {}),
      loadSource: diskLoader({}),
      settings: splitSettings(flags.set),
      model: flags.model ?? null,
    });
    const request = { model, types: checked.types, seed: flags.seed };
    const rows = gradcheck({ ...request, directions: DIRECTIONS, each: EACH });
    const failed = rows.filter(({ error }) => !(error <= flags.tolerance));
    if (session.json) {
      io.out.write(`${JSON.stringify(rows, null, 1)}\n`);
      session.exitCode = failed.length === 0 ? EXIT.ok : EXIT.input;
      return;
    }
    printProblems(io, warnings, false);
    io.out.write(table(rows, flags.tolerance));
    if (failed.length > 0) throw new UserError([mismatch(spec, failed, flags.tolerance)]);
    io.out.write(`\nAll gradients of ${model.name} agree with differences.\n`);
  });
};

/** For every phase the whole, and the parameters that agree least. */
function table(rows: readonly GradcheckRow[], tolerance: number): string {
  const phases = [...new Set(rows.map(({ phase }) => phase))];
  const lines = phases.flatMap((phase) => {
    const own = rows.filter((row) => row.phase === phase);
    const parameters = own.filter(({ parameter }) => parameter !== null).sort((a, b) => b.error - a.error);
    const shown = parameters.filter(({ error }, place) => place < NAMED || !(error <= tolerance));
    const whole = own.filter(({ parameter }) => parameter === null);
    const rest = parameters.length - shown.length;
    return [
      ...[...whole, ...shown].map((row) => [
        `${phase}: ${row.parameter ?? `all ${parameters.length} parameters`}`,
        String(row.elements),
        String(row.checks),
        row.derivative.toExponential(4),
        row.difference.toExponential(4),
        row.error.toExponential(1),
      ]),
      ...(rest > 0 ? [[`${phase}: ${rest} more, which agree better`, "", "", "", "", ""]] : []),
    ];
  });
  return alignColumns([["worst of", "elements", "checks", "derivative", "difference", "error"], ...lines]);
}

function mismatch(spec: string, failed: readonly GradcheckRow[], tolerance: number): Diagnostic {
  const list = failed.map(
    ({ phase, parameter, error }) =>
      `    ${parameter ?? "all parameters together"}, phase ${phase}: ${error.toExponential(1)}`,
  );
  return {
    code: "gradient-mismatch",
    severity: "error",
    title: "Gradient disagrees with differences",
    primary: null,
    related: [],
    place: { file: spec },
    text: `Here the relative error is above ${tolerance}:\n\n${list.join("\n")}\n\nEither the derivative of something in the model is wrong, which would be a mistake of mird, or the objective bends so sharply that differences over 1e-7 do not show its slope.`,
    hint: "Try another point with `--seed 2`; if the error stays, please report it with the spec.",
  };
}
