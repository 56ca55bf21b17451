/** `mird report`: a run as one page. */
import type { DeviceFlags } from "../api/devices.ts";
import { writeRunReport } from "../api/report.ts";
import type { Register } from "./command.ts";
import { addDeviceOption } from "./device-option.ts";

interface ReportFlags extends DeviceFlags {
  readonly data?: string;
}

export const registerReport: Register = (program, session) => {
  const command = program
    .command("report")
    .summary("write report.html of a run")
    .description(
      "Writes report.html into the run folder, one file that any browser shows without a network: curves, dependence of the latents before and after training, latents, predictions, spec and compiled plan.",
    )
    .argument("<run>", "run folder")
    .option("--data <dir>", "another dataset than that of the run");
  addDeviceOption(command, "cpu").action(async (run: string, flags: ReportFlags) => {
    const path = await writeRunReport(run, flags.data ?? null, flags);
    session.io.out.write(`${path}\n`);
  });
};
