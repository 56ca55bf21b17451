/** All commands, and one invocation of them. */
import { Command, CommanderError, Help, type Option } from "commander";
import { version } from "../api/version.ts";
import { registerBench } from "./bench.ts";
import { registerCheck } from "./check.ts";
import type { Register, Session } from "./command.ts";
import { registerCompare } from "./compare.ts";
import { registerCompile } from "./compile.ts";
import { registerData } from "./data.ts";
import { registerDisentangle } from "./disentangle.ts";
import { registerDoctor } from "./doctor.ts";
import { registerEval } from "./eval.ts";
import { registerExplain } from "./explain.ts";
import { registerExport } from "./export.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { registerFormat } from "./format.ts";
import { registerGradcheck } from "./gradcheck.ts";
import type { Io } from "./io.ts";
import { processIo } from "./io.ts";
import { registerPredict } from "./predict.ts";
import { registerReport } from "./report.ts";
import { registerTrain } from "./train.ts";

const COMMANDS: readonly Register[] = [
  registerTrain,
  registerCompare,
  registerEval,
  registerPredict,
  registerDisentangle,
  registerReport,
  registerExport,
  registerCheck,
  registerFormat,
  registerCompile,
  registerGradcheck,
  registerBench,
  registerData,
  registerDoctor,
  registerExplain,
];

const AFTER_HELP = `
Start here:
  mird train specs/mird.mird --data synth      train on generated data
  mird check my_model.mird                     look for mistakes
  mird doctor                                  which device is used, and why

Exit codes: 0 done, 1 a mistake in the input, 2 wrong usage, 3 no usable device, 70 a mistake in mird.
`;

/** Runs the command line of this process. */
export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  // A reader that closes early (`mird … | head`) is no mistake.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  process.exitCode = await run(args, processIo(args));
}

/** Runs one command line and returns its exit code. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  const session: Session = { io, exitCode: EXIT.ok, json: false };
  try {
    await buildProgram(session).parseAsync(args, { from: "user" });
    return session.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportFailure(io, error, session.json);
  }
}

function buildProgram(session: Session): Command {
  const { io } = session;
  const program = new Command("mird")
    .description(
      "Trains multimodal models from declarative specs: checks them, compiles them to GPU kernels, runs them.",
    )
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", AFTER_HELP)
    .showSuggestionAfterError(true)
    .showHelpAfterError("(`mird help` lists commands, `mird help COMMAND` their options)")
    .configureHelp({ optionDescription })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out.write(text),
      writeErr: (text) => io.err.write(text),
      getOutHelpWidth: () => Math.min(io.out.columns, 110),
      getErrHelpWidth: () => Math.min(io.err.columns, 110),
      getOutHasColors: () => io.out.color,
      getErrHasColors: () => io.err.color,
    });
  for (const register of COMMANDS) register(program, session);
  return program;
}

/** What an option is for, with its default, but for options that may be given several times: "default: []" tells nothing. */
function optionDescription(option: Option): string {
  return Array.isArray(option.defaultValue) ? option.description : new Help().optionDescription(option);
}
