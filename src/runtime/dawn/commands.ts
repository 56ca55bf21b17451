/** The dispatches of a program: emitted, compiled and bound to buffers. */
import { at, invariant } from "../../base/invariant.ts";
import { placeKernel } from "../../codegen/placement.ts";
import type { Target, WgslKernel } from "../../codegen/target.ts";
import { executions, type Program, type Region } from "../../ir/program.ts";
import type { Arenas } from "./buffers.ts";
import type { DawnDevice } from "./device.ts";
import type { Pipelines } from "./pipelines.ts";

/** One dispatch with everything made. */
export interface Command {
  readonly segment: string;
  readonly dispatch: number;
  readonly kernel: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** One dispatch as WGSL. */
export interface EmittedDispatch {
  readonly segment: string;
  readonly dispatch: number;
  readonly code: WgslKernel;
  readonly regions: readonly Region[];
}

/** WGSL of everything that runs, in order. Dispatches of one kernel share their text unless their operands lie in different ways. */
export function emitProgram(program: Program, target: Target<WgslKernel>): readonly EmittedDispatch[] {
  const plain = new Map<number, WgslKernel>();
  return program.segments.flatMap((segment) =>
    [...executions(segment)].map(({ dispatch: { kernel: id }, operands, position: dispatch }) => {
      const kernel = at(program.kernels, id);
      const placed = placeKernel(kernel, operands);
      const code = (placed.kernel === kernel ? plain.get(id) : undefined) ?? target.emit(placed.kernel);
      if (placed.kernel === kernel) plain.set(id, code);
      return { segment: segment.name, dispatch, code, regions: placed.regions };
    }),
  );
}

/** A dispatch bound to its buffers. */
export function bindDispatch(
  emitted: EmittedDispatch,
  pipeline: GPUComputePipeline,
  opened: DawnDevice,
  pipelines: Pipelines,
  arenas: Arenas,
): Command {
  const { segment, dispatch, code, regions } = emitted;
  const entries = regions.map((region, binding) => {
    const size = at(code.bindingBytes, binding);
    // Promises of fusion and planning; the device would only say that some command is invalid.
    invariant(
      size <= opened.limits.maxStorageBufferBindingSize,
      `operand ${binding} of kernel ${code.name} is larger than the device can bind`,
    );
    return { binding, resource: { buffer: arenas.buffer(region.arena), offset: region.offset, size } };
  });
  const bindGroup = opened.device.createBindGroup({
    label: code.name,
    layout: pipelines.layout(entries.length),
    entries,
  });
  return { segment, dispatch, kernel: code.name, pipeline, bindGroup, workgroups: code.workgroups };
}
