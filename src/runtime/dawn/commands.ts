/** The dispatches of a program: emitted, compiled and bound to buffers. */
import { at, invariant } from "../../base/invariant.ts";
import type { TargetDescriptor } from "../../codegen/descriptor.ts";
import { placeKernel } from "../../codegen/placement.ts";
import type { KernelSourceLoader, Target, WgslKernel } from "../../codegen/target.ts";
import { joinKernels } from "../../codegen/wgsl/join.ts";
import { type Launchable, launchesOf } from "../../codegen/wgsl/launches.ts";
import { executions, type Program, type Region } from "../../ir/program.ts";
import type { Arenas } from "./buffers.ts";
import type { DawnDevice } from "./device.ts";
import type { Pipelines } from "./pipelines.ts";

/** One launch with everything made. */
export interface Command {
  readonly segment: string;
  /** The first of its dispatches. */
  readonly dispatch: number;
  readonly kernel: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** One dispatch, or several that are launched as one, as WGSL. */
export interface EmittedDispatch {
  readonly segment: string;
  readonly dispatch: number;
  readonly code: WgslKernel;
  readonly regions: readonly Region[];
}

/** One turn of one dispatch. */
interface EmittedTurn extends EmittedDispatch, Launchable {
  readonly looped: boolean;
}

/** WGSL of everything that runs, in order. Dispatches of one kernel share their text unless their operands lie in different ways. */
export function emitProgram(program: Program, target: Target<WgslKernel>): readonly EmittedTurn[] {
  const plain = new Map<number, WgslKernel>();
  return program.segments.flatMap((segment) =>
    [...executions(segment)].map(({ dispatch: { kernel: id }, operands, position: dispatch, loop }) => {
      const kernel = at(program.kernels, id);
      const placed = placeKernel(kernel, operands);
      const code = (placed.kernel === kernel ? plain.get(id) : undefined) ?? target.emit(placed.kernel);
      if (placed.kernel === kernel) plain.set(id, code);
      const writes = placed.kernel.operands.map(({ access }) => access !== "read");
      const { regions } = placed;
      return { segment: segment.name, dispatch, code, regions, writes, looped: loop !== null };
    }),
  );
}

/** The same work in fewer launches: what is independent within a segment runs side by side. Loops stay as they are. */
export function joinDispatches(
  turns: readonly EmittedTurn[],
  descriptor: TargetDescriptor,
  loadKernelSource: KernelSourceLoader,
): readonly EmittedDispatch[] {
  const runs: EmittedTurn[][] = [];
  for (const turn of turns) {
    const last = runs.at(-1)?.[0];
    if (last !== undefined && last.segment === turn.segment && !last.looped && !turn.looped)
      runs.at(-1)?.push(turn);
    else runs.push([turn]);
  }
  return runs.flatMap((run) =>
    launchesOf(run, descriptor).map(({ parts, regions }): EmittedDispatch => {
      const { dispatch } = at(parts, 0);
      if (parts.length === 1) return dispatch;
      const joint = parts.map((part) => ({ code: part.dispatch.code, bindings: part.bindings }));
      const code = joinKernels(joint, descriptor, loadKernelSource);
      return { segment: dispatch.segment, dispatch: dispatch.dispatch, code, regions };
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
