/** Dispatches of a program bound to buffers and pipelines, and the checks of what the planner promised about them. */
import { at, invariant } from "../../base/invariant.ts";
import type { WgslKernel } from "../../codegen/target.ts";
import type { Dispatch, Program, Region } from "../../ir/program.ts";
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

export interface CompiledKernel {
  readonly kernel: WgslKernel;
  readonly pipeline: GPUComputePipeline;
}

/** Every dispatch of a program, in order. */
export function bindProgram(opened: DawnDevice, pipelines: Pipelines, arenas: Arenas, program: Program, compiled: readonly CompiledKernel[]): readonly Command[] {
  return program.segments.flatMap((segment) =>
    segment.dispatches.map((dispatch, position) => {
      const { kernel, pipeline } = at(compiled, dispatch.kernel);
      checkRegions(kernel, dispatch, opened.limits);
      const entries = dispatch.operands.map((region, binding) => ({
        binding,
        resource: { buffer: arenas.buffer(region.arena), offset: region.offset, size: at(kernel.bindingBytes, binding) },
      }));
      const bindGroup = opened.device.createBindGroup({ label: kernel.name, layout: pipelines.layout(entries.length), entries });
      return { segment: segment.name, dispatch: position, kernel: kernel.name, pipeline, bindGroup, workgroups: kernel.workgroups };
    }),
  );
}

/** Promises of the planner, checked here because the device would only say that a command is invalid. */
function checkRegions(kernel: WgslKernel, dispatch: Dispatch, limits: GPUSupportedLimits): void {
  const { name, bindingBytes } = kernel;
  invariant(dispatch.operands.length === bindingBytes.length, `kernel ${name} has ${bindingBytes.length} operands, its dispatch ${dispatch.operands.length}`);
  for (const [position, region] of dispatch.operands.entries()) {
    const bytes = at(bindingBytes, position);
    invariant(bytes <= limits.maxStorageBufferBindingSize, `operand ${position} of kernel ${name} is larger than the device can bind`);
    const other = dispatch.operands.findIndex((earlier, index) => index < position && overlap(earlier, at(bindingBytes, index), region, bytes));
    invariant(other < 0, `operands ${other} and ${position} of kernel ${name} overlap in arena ${region.arena}`);
  }
}

function overlap(a: Region, aBytes: number, b: Region, bBytes: number): boolean {
  return a.arena === b.arena && a.offset < b.offset + bBytes && b.offset < a.offset + aBytes;
}
