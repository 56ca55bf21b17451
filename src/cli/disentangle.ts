/** `mird disentangle`: how far the latents of a run are taken apart. */

import type { DeviceFlags } from "../api/devices.ts";
import { DISENTANGLE_DEFAULTS, measureDisentanglement } from "../api/disentangle.ts";
import { disentanglementJson, disentanglementText } from "../report/disentanglement-print.ts";
import type { Register } from "./command.ts";
import { collect, wholeNumber } from "./command.ts";
import { addDeviceOption } from "./device-option.ts";
import { EXIT } from "./failure.ts";
import { catchInterrupts } from "./interrupt.ts";

interface DisentangleFlags extends DeviceFlags {
  readonly split: string;
  readonly data?: string;
  readonly latent: readonly string[];
  readonly rows: number;
  readonly permutations: number;
  readonly seed: number;
  readonly critic: boolean;
  readonly parameters?: string;
  readonly json?: boolean;
}

export const registerDisentangle: Register = (program, session) => {
  const usual = DISENTANGLE_DEFAULTS;
  const command = program
    .command("disentangle")
    .summary("measure how far a run's latents are taken apart")
    .description(
      "Measures the dependence of every pair of latents by statistics that training did not optimise, and on data of known factors what every latent tells about every factor.",
    )
    .argument("<run>", "run folder")
    .option("--split <name>", "split to measure on; probes and critics are fitted to train", usual.split)
    .option("--data <dir>", "another dataset than that of the run")
    .option(
      "--latent <name>",
      "output of the spec to take as a latent; may be given several times (default: all that predict no label)",
      collect,
      [],
    )
    .option("--rows <n>", "most rows of the split to use", wholeNumber(20), usual.rows)
    .option("--permutations <n>", "random pairings behind a p-value", wholeNumber(1), usual.permutations)
    .option("--seed <n>", "seed of row samples, permutations, probes and critics", wholeNumber(0), usual.seed)
    .option("--no-critic", "leave out the trained critics, which take most of the time")
    .option(
      "--parameters <file>",
      "a safetensors file of `mird export` or a checkpoint, instead of the selected parameters",
    )
    .option("--json", "print everything as JSON");
  addDeviceOption(command, "cpu").action(async (run: string, flags: DisentangleFlags) => {
    session.json = flags.json === true;
    const { split, data = null, latent: names, rows, permutations, seed, critic, parameters } = flags;
    const request = { run, split, data, names, rows, permutations, seed, critic, parameters, device: flags };
    const interrupt = catchInterrupts(session.io);
    try {
      const result = await measureDisentanglement(request, interrupt.signal);
      if (interrupt.signal.aborted) session.exitCode = EXIT.interrupted;
      else session.io.out.write(session.json ? disentanglementJson(result) : disentanglementText(result));
    } finally {
      interrupt.release();
    }
  });
};
