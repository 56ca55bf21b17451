/** `mird compile`: what will run, and what it costs. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import { openDataset } from "../api/dataset.ts";
import type { DeviceFlags } from "../api/devices.ts";
import { describeDevice, SOFTWARE } from "../api/devices.ts";
import { diskLoader, readSpec } from "../api/sources.ts";
import { requireModel } from "../api/spec.ts";
import { Stopwatch } from "../base/stopwatch.ts";
import type { TargetDescriptor } from "../codegen/descriptor.ts";
import { describeTarget } from "../codegen/descriptor.ts";
import { emitKernel } from "../codegen/wgsl/emit.ts";
import { writeFileAtomic } from "../data/files.ts";
import { UserError } from "../diagnostics/problems.ts";
import type { DumpFile, Stage } from "../driver/dump.ts";
import { dumpAst, dumpChecked, dumpCompiled, dumpGraphs, GRAPH_PLACES, STAGES } from "../driver/dump.ts";
import { lackOfRoom, memoryReport } from "../driver/memory.ts";
import { compileOnly } from "../driver/prepare.ts";
import { summarize } from "../driver/summary.ts";
import { amount } from "../report/quantity.ts";
import { deviceFacts, openDevice } from "../runtime/dawn/device.ts";
import { loadKernelSource } from "../runtime/kernel-sources.ts";
import type { Register, Session } from "./command.ts";
import { addModelOption } from "./command.ts";
import { describeSummary } from "./compile-summary.ts";
import { printTimes } from "./compile-times.ts";
import { addDeviceOption } from "./device-option.ts";
import { printProblems } from "./failure.ts";
import type { Stream } from "./io.ts";
import { describeMemory, memoryJson } from "./memory-table.ts";
import { addSetOption, splitSettings } from "./settings.ts";

interface CompileFlags extends DeviceFlags {
  readonly set: readonly string[];
  readonly model?: string;
  readonly data?: string;
  readonly emit?: Stage;
  readonly after?: string;
  readonly out?: string;
  readonly memory?: boolean;
  readonly times?: boolean;
  readonly json?: boolean;
}

export const registerCompile: Register = (program, session) => {
  const command = program
    .command("compile")
    .summary("show what will run, and what it costs")
    .description(
      "Compiles a spec for training and shows parameters, kernels, dispatches, operations, bytes and memory; or one stage as text.",
    )
    .argument("<spec>", "the .mird file")
    .option(
      "--data <dir>",
      "dataset that gives sizes, or `synth`; otherwise they come from the spec and --set",
    )
    .addOption(new Option("--emit <stage>", "print a stage instead").choices(STAGES))
    .addOption(
      new Option("--after <pass>", "with `--emit graph`: as it is after an optimisation pass").choices(
        GRAPH_PLACES,
      ),
    )
    .option("--memory", "show instead what is in memory when most is, and which line of the spec made it")
    .option("--out <dir>", "write the stage into files of this folder")
    .option("--times", "print how long every stage takes, up to code that is ready to run")
    .option("--json", "print the summary, or the times, as JSON");
  addDeviceOption(addModelOption(addSetOption(command)));
  command.action((spec: string, flags: CompileFlags, self: Command) => {
    if (flags.out !== undefined && flags.emit === undefined) self.error("error: --out goes with --emit");
    if (flags.after !== undefined && flags.emit !== "graph")
      self.error("error: --after goes with --emit graph");
    if (flags.memory === true && flags.emit !== undefined)
      self.error("error: --memory shows something else than --emit");
    if (flags.times === true && flags.emit !== undefined) self.error("error: --times goes without --emit");
    return compile(session, spec, flags);
  });
};

async function compile(session: Session, spec: string, flags: CompileFlags): Promise<void> {
  session.json = flags.json === true;
  const { io } = session;
  const sources = {};
  const watch = new Stopwatch();
  const { program, model, warnings, identity } = requireModel({
    entry: readSpec(spec, sources),
    loadSource: diskLoader(sources),
    settings: splitSettings(flags.set),
    model: flags.model ?? null,
    onStage: watch.lap,
  });
  if (!session.json) printProblems(io, warnings, false);
  const { emit, data: folder } = flags;
  if (emit === "ast" || emit === "checked") {
    deliver(session, emit === "ast" ? dumpAst(program) : dumpChecked(program), flags.out);
    return;
  }
  const data = folder === undefined ? null : { dataset: openDataset(folder), folder };
  if (flags.times === true) {
    await printTimes(session, { model, types: program.types, identity, data }, { device: flags, watch });
    return;
  }
  const wgsl = emit === "wgsl" ? await wgslTarget(io.err) : describeTarget(SOFTWARE);
  const device = emit === "wgsl" ? null : await describeDevice(flags);
  const target = device?.target ?? wgsl;
  const compilation = compileOnly({ model, types: program.types, target, data });
  if (flags.after !== undefined) {
    deliver(session, dumpGraphs(compilation, flags.after), flags.out);
    return;
  }
  if (emit !== undefined) {
    deliver(
      session,
      dumpCompiled(emit, compilation, (kernel) => emitKernel(kernel, wgsl, loadKernelSource)),
      flags.out,
    );
    return;
  }
  if (flags.memory === true && device !== null) {
    const report = memoryReport(compilation);
    const problem = lackOfRoom(compilation, device.limits);
    const facts = { report, problem, device: device.description };
    io.out.write(session.json ? `${JSON.stringify(memoryJson(facts), null, 1)}\n` : describeMemory(facts));
    return;
  }
  const summary = summarize(compilation.compiled);
  io.out.write(
    session.json ? `${JSON.stringify(summary, null, 1)}\n` : describeSummary(summary, target.name),
  );
}

/** Where WGSL would run; the least that WebGPU guarantees where Dawn finds nothing, which is said. */
async function wgslTarget(err: Stream): Promise<TargetDescriptor> {
  try {
    const opened = await openDevice();
    opened.close();
    return describeTarget(deviceFacts(opened));
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode !== 3) throw error;
    const reasons = error.problems.map(({ text }) => text).join("\n");
    err.write(`${reasons}\nThe WGSL is for the least that WebGPU guarantees.\n`);
    return describeTarget(SOFTWARE);
  }
}

function deliver(session: Session, files: readonly DumpFile[], folder: string | undefined): void {
  if (folder === undefined) {
    const several = files.length > 1;
    for (const { name, text } of files) session.io.out.write(several ? `// ${name}\n${text}\n` : text);
    return;
  }
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of files) writeFileAtomic(join(folder, name), [new TextEncoder().encode(text)]);
  session.io.out.write(`${amount(files.length, "file")} written to ${folder}\n`);
}
