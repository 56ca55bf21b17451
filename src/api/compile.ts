/** Compiling from a program: what a spec means for a device, without training. */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { compileOnly } from "../driver/prepare.ts";
import type { Summary } from "../driver/summary.ts";
import { summarize } from "../driver/summary.ts";
import { printGraph } from "../ir/graph-print.ts";
import { printProgram } from "../ir/program-print.ts";
import type { GivenData } from "./dataset.ts";
import { dataName, openDataset } from "./dataset.ts";
import { describeDevice } from "./devices.ts";
import type { DeviceOptions, SpecOptions } from "./options.ts";
import { deviceOf, settingsOf } from "./options.ts";
import { diskLoader, readSpec } from "./sources.ts";
import { checkSpec, requireModel } from "./spec.ts";

export interface CompileOptions extends SpecOptions, DeviceOptions {
  /** The dataset that gives sizes; without it they come from the spec and from `set`. */
  readonly data?: GivenData;
}

/** A compiled model: what one iteration costs, and the representations that it went through. */
export interface Compiled {
  readonly model: string;
  /** The kind of device that the kernels are made for. */
  readonly target: string;
  /** Trainable tensors in the order in which they lie on the device. */
  readonly parameters: readonly { readonly path: string; readonly shape: readonly number[] }[];
  /** Parameters, dispatches, operations, bytes and memory by phase. */
  readonly summary: Summary;
  readonly warnings: readonly Diagnostic[];
  /** The optimised graph of an iteration as text. */
  readonly graph: () => string;
  /** The device program of an iteration as text. */
  readonly plan: () => string;
}

/** All problems of a spec, warnings included; none if it is right. Throws a UserError when the file cannot be read. */
export function check(options: SpecOptions): readonly Diagnostic[] {
  const sources = {};
  const entry = readSpec(options.spec, sources);
  const loadSource = diskLoader(sources);
  return checkSpec({ entry, loadSource, settings: settingsOf(options), model: options.model ?? null })
    .problems;
}

/** Compiles a model for training. Throws a UserError with every mistake of the spec, or when a size has no value. */
export async function compile(options: CompileOptions): Promise<Compiled> {
  const sources = {};
  const { program, model, warnings } = requireModel({
    entry: readSpec(options.spec, sources),
    loadSource: diskLoader(sources),
    settings: settingsOf(options),
    model: options.model ?? null,
  });
  const { data } = options;
  const { target } = await describeDevice(deviceOf(options));
  const bound = data === undefined ? null : { dataset: openDataset(data), folder: dataName(data) };
  const { compiled, iteration } = compileOnly({ model, types: program.types, target, data: bound });
  return {
    model: compiled.name,
    target: target.name,
    parameters: compiled.parameters.map(({ path, shape }) => ({ path, shape })),
    summary: summarize(compiled),
    warnings,
    graph: () => printGraph(iteration.optimized),
    plan: () => printProgram(iteration.program),
  };
}
