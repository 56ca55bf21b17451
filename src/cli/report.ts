/** `mird report`: a run or a comparison as one page; training and comparing write it at their end, too. */
import type { DeviceFlags } from "../api/devices.ts";
import { writeReport } from "../api/report.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { Register } from "./command.ts";
import { addDeviceOption } from "./device-option.ts";
import type { Io } from "./io.ts";

interface ReportFlags extends DeviceFlags {
  readonly data?: string;
}

export const registerReport: Register = (program, session) => {
  const command = program
    .command("report")
    .summary("write report.html of a run or a comparison")
    .description(
      "Writes report.html into the folder of a run or of a comparison, one file that any browser shows without a network. Of a run: curves, dependence of the latents before and after training, latents, predictions, spec and compiled plan. Of a comparison: tables, differences, curves of all variants, dependence of their latents, spec.",
    )
    .argument("<folder>", "folder of a run or of a comparison")
    .option("--data <dir>", "another dataset than that of the run");
  addDeviceOption(command, "cpu").action(async (folder: string, flags: ReportFlags) => {
    const path = await writeReport(folder, flags.data ?? null, flags);
    session.io.out.write(`${path}\n`);
  });
};

/** Writes a page at the end of something longer, which is done whatever becomes of the page: what goes wrong is a line of its own. */
export async function attemptReport(io: Io, write: () => string | Promise<string>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const text = error instanceof UserError ? (error.problems[0]?.text ?? error.message) : String(error);
    io.err.write(`The page report.html was not written: ${text} \`mird report\` writes it later.\n`);
  }
}
