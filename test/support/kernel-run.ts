/** Runs single kernels on any backend. */
import { at } from "../../src/base/invariant.ts";
import { RandomStream } from "../../src/base/random.ts";
import type { Kernel, Operand } from "../../src/ir/kernel.ts";
import type { Dispatch, Program, Region } from "../../src/ir/program.ts";
import type { Backend } from "../../src/runtime/backend.ts";
import type { Buffers } from "./kernel-reference.ts";

export interface KernelRun {
  readonly kernel: Kernel;
  /** Contents of every operand before the run. */
  readonly buffers: Buffers;
}

/** Runs kernels in one program; returns the operands of each as they are afterwards. */
export async function runOn(
  { backend }: { readonly backend: Backend },
  runs: readonly KernelRun[],
): Promise<Buffers[]> {
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
  const program = programOf(
    runs.map((run) => run.kernel),
    dispatches,
    bytes,
  );
  const executable = await backend.prepare(new Map([["test", program]]));
  for (const [run, { kernel, buffers }] of runs.entries())
    for (const [position, operand] of kernel.operands.entries()) {
      const region = at(at(regions, run), position);
      executable.write("work", toDevice(operand, at(buffers, position)), region.offset / 4);
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

function programOf(kernels: readonly Kernel[], dispatches: readonly Dispatch[], bytes: number): Program {
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
