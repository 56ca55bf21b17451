/** Runs kernels on the software driver, with the schedules of any kind of device. */
import { afterAll, beforeAll } from "vitest";
import { at, invariant } from "../../src/base/invariant.ts";
import { RandomStream } from "../../src/base/random.ts";
import type { TargetDescriptor } from "../../src/codegen/descriptor.ts";
import type { Kernel, Operand } from "../../src/ir/kernel.ts";
import type { Dispatch, Program, Region } from "../../src/ir/program.ts";
import type { DawnDevice } from "../../src/runtime/dawn/device.ts";
import { openDevice } from "../../src/runtime/dawn/device.ts";
import { dawnBackend } from "../../src/runtime/dawn/execute.ts";
import { loadKernelSource } from "../../src/runtime/kernel-sources.ts";
import type { Buffers } from "./kernel-reference.ts";

export interface KernelRun {
  readonly kernel: Kernel;
  /** Contents of every operand before the run. */
  readonly buffers: Buffers;
}

/** Opens the software driver for the tests of one file. */
export function softwareDevice(): () => DawnDevice {
  let opened: DawnDevice | null = null;
  beforeAll(async () => {
    opened = await openDevice({ software: "only" });
  });
  afterAll(() => opened?.close());
  return () => {
    invariant(opened !== null, "the device is open while tests run");
    return opened;
  };
}

/** Runs kernels in one program with the schedules of a kind of device; returns the operands of each as they are afterwards. */
export async function runKernels(
  opened: DawnDevice,
  runs: readonly KernelRun[],
  kind: TargetDescriptor["kind"] = "software",
): Promise<Buffers[]> {
  const backend = dawnBackend({ ...opened, kind }, loadKernelSource);
  let bytes = 0;
  const regions = runs.map(({ kernel }) =>
    kernel.operands.map((operand): Region => {
      const region = { arena: "work", offset: bytes, bytes: operand.elements * 4 };
      bytes += Math.ceil(region.bytes / 256) * 256;
      return region;
    }),
  );
  const dispatches = regions.map(
    (operands, kernel): Dispatch => ({ kernel, operands, flops: 0, origins: [] }),
  );
  const executable = await backend.prepare(
    new Map([
      [
        "test",
        programOf(
          runs.map((run) => run.kernel),
          dispatches,
          bytes,
        ),
      ],
    ]),
  );
  for (const [run, { kernel, buffers }] of runs.entries()) {
    for (const [position, operand] of kernel.operands.entries()) {
      const region = at(at(regions, run), position);
      executable.write("work", toDevice(operand, at(buffers, position)), region.offset / 4);
    }
  }
  executable.run("test");
  const result = await executable.read("work");
  executable.dispose();
  return runs.map(({ kernel }, run) =>
    kernel.operands.map((operand, position) =>
      fromDevice(operand, result, at(at(regions, run), position).offset / 4),
    ),
  );
}

export function programOf(
  kernels: readonly Kernel[],
  dispatches: readonly Dispatch[],
  bytes: number,
): Program {
  return {
    kernels,
    segments: [{ name: "test", phase: "test", repeat: 0, kind: "forward", dispatches }],
    arenas: new Map([["work", bytes]]),
    memory: { peakBytes: bytes, sumBytes: bytes },
  };
}

function toDevice(operand: Operand, values: Float64Array): Float32Array | Int32Array {
  return operand.dtype === "f32" ? Float32Array.from(values) : Int32Array.from(values);
}

function fromDevice(operand: Operand, result: Float32Array, offset: number): Float64Array {
  const values = result.slice(offset, offset + operand.elements);
  return Float64Array.from(operand.dtype === "f32" ? values : new Int32Array(values.buffer));
}

/** Reproducible numbers in [low, high) that f32 represents exactly; whole ones for i32 and bool. */
export function numbers(
  count: number,
  seed: number,
  low = -1,
  high = 1,
  dtype: Operand["dtype"] = "f32",
): Float64Array {
  const stream = new RandomStream(seed, 17);
  return Float64Array.from({ length: count }, (_, draw) => {
    const value = low + (high - low) * stream.uniform(draw);
    return dtype === "f32" ? Math.fround(value) : Math.floor(value);
  });
}

/** Contents for all operands: random for those that are read, zeros for the others. */
export function fill(kernel: Kernel, seed = 1): Float64Array[] {
  return kernel.operands.map((operand, position) => {
    if (operand.access === "write") return new Float64Array(operand.elements);
    const [low, high] = operand.dtype === "f32" ? [-1, 1] : [0, 2];
    return numbers(operand.elements, seed * 100 + position, low, high, operand.dtype);
  });
}

/** The largest |got - want| over max(1, |want|); NaN and infinity must stand at the same places. */
export function worstError(got: Float64Array, want: Float64Array): number {
  let worst = 0;
  for (const [position, expected] of want.entries()) {
    const found = at(got, position);
    if (Object.is(found, expected) || found === expected) continue;
    const error = Math.abs(found - expected) / Math.max(1, Math.abs(expected));
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}
