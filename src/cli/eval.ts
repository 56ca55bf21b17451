/** `mird eval`: the metrics of a run's selected model. */

import type { DeviceFlags } from "../api/devices.ts";
import { evaluateRun } from "../api/evaluate-run.ts";
import { splitResults } from "../driver/results.ts";
import { metricsJson, metricsTable } from "../report/tables.ts";
import type { Register } from "./command.ts";
import { collect } from "./command.ts";
import { addDeviceOption } from "./device-option.ts";

interface EvalFlags extends DeviceFlags {
  readonly split: readonly string[];
  readonly data?: string;
  readonly json?: boolean;
}

export const registerEval: Register = (program, session) => {
  const command = program
    .command("eval")
    .summary("show the metrics of a run")
    .description("Evaluates the selected model of a run and shows its metrics and losses.")
    .argument("<run>", "run folder")
    .option(
      "--split <name>",
      "split to evaluate; may be given several times (default: valid and test)",
      collect,
      [],
    )
    .option("--data <dir>", "another dataset than that of the run")
    .option("--json", "print metrics and losses by split as JSON");
  addDeviceOption(command).action(async (run: string, flags: EvalFlags) => {
    session.json = flags.json === true;
    const { data = null } = flags;
    const splits = flags.split.length > 0 ? flags.split : ["valid", "test"];
    const { evaluations, settings } = await evaluateRun({ run, data, splits, device: flags });
    const results = splitResults(evaluations);
    const { out } = session.io;
    out.write(
      session.json
        ? `${JSON.stringify(metricsJson(results), null, 1)}\n`
        : metricsTable(results, settings.report),
    );
  });
};
