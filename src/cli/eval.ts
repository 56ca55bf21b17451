/** `mird eval`: the metrics of a run's selected model, or of several runs over their seeds. */

import { Option } from "commander";
import type { DeviceFlags } from "../api/devices.ts";
import { evaluateRun } from "../api/evaluate-run.ts";
import { evaluateRuns } from "../api/evaluate-runs.ts";
import { splitResults } from "../driver/results.ts";
import type { Comparison } from "../report/comparison.ts";
import {
  comparisonCsv,
  comparisonLatex,
  comparisonMarkdown,
  comparisonNotes,
  comparisonText,
} from "../report/comparison-print.ts";
import { confusionText, metricsJson, metricsTable } from "../report/tables.ts";
import { EVALUATED_SPLITS } from "../train/evaluate.ts";
import type { Register } from "./command.ts";
import { collect, wholeNumber } from "./command.ts";
import { addDeviceOption } from "./device-option.ts";
import { addDropOption, dropText, splitDrops } from "./drop.ts";

const FORMATS = {
  text: comparisonText,
  markdown: comparisonMarkdown,
  latex: comparisonLatex,
  csv: comparisonCsv,
  json: (comparison: Comparison) => `${JSON.stringify(comparison, null, 1)}\n`,
} as const;

interface EvalFlags extends DeviceFlags {
  readonly split: readonly string[];
  readonly data?: string;
  readonly drop: readonly string[];
  readonly batch?: number;
  readonly format?: keyof typeof FORMATS;
  readonly json?: boolean;
}

export const registerEval: Register = (program, session) => {
  const command = program
    .command("eval")
    .summary("show the metrics of runs")
    .description(
      "Evaluates the selected model of a run and shows its metrics and losses. Several runs that differ in the seed alone give mean ± standard deviation of the metrics that the spec reports.",
    )
    .argument("<run...>", "run folders")
    .option(
      "--split <name>",
      "split to evaluate; may be given several times (default: valid and test)",
      collect,
      [],
    )
    .option("--data <dir>", "another dataset than that of the runs")
    .option(
      "--batch <n>",
      "rows of a batch, on which losses that compare rows depend (default: as in training)",
      wholeNumber(1),
    )
    .addOption(
      new Option(
        "--format <format>",
        "the table of reported metrics as text, Markdown, LaTeX, CSV or JSON",
      ).choices(Object.keys(FORMATS)),
    )
    .option("--json", "print metrics and losses by split as JSON; of several runs their table");
  addDeviceOption(addDropOption(command, { instead: true })).action(
    async (runs: string[], flags: EvalFlags) => {
      session.json = flags.json === true;
      const { data = null, batch = null, format = session.json ? "json" : "text" } = flags;
      const splits = flags.split.length > 0 ? flags.split : EVALUATED_SPLITS;
      const drop = splitDrops(flags.drop);
      const { out } = session.io;
      const [run = ""] = runs;
      if (runs.length > 1 || flags.format !== undefined) {
        const table = await evaluateRuns({ runs, data, splits, drop, batch, device: flags });
        out.write(FORMATS[format](table));
        // A CSV file has no place for notes.
        if (format === "csv")
          session.io.err.write(
            comparisonNotes(table)
              .map((note) => `${note}\n`)
              .join(""),
          );
        return;
      }
      const evaluated = await evaluateRun({ run, data, splits, drop, batch, device: flags });
      const { evaluations, settings } = evaluated;
      if (!session.json) out.write(dropText(evaluated.dataset, evaluated.drop));
      const results = splitResults(evaluations);
      out.write(
        session.json
          ? `${JSON.stringify(metricsJson(results), null, 1)}\n`
          : `${metricsTable(results, settings.report)}${confusionText(results)}`,
      );
    },
  );
};
