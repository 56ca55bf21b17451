/** What all kernel functions have in common: their parameters, and how threads share the work. */
import type { Kernel } from "../../ir/kernel.ts";
import type { FunctionCode, FunctionType } from "./binary.ts";
import { FunctionBuilder } from "./function.ts";
import type { I32 } from "./instructions.ts";
import { i32 } from "./instructions.ts";
import { RECORD_HEADER } from "./layout.ts";

/** (thread, threads, record): the record of a dispatch holds the addresses of the operands. */
export const KERNEL_TYPE: FunctionType = { parameters: ["i32", "i32", "i32"], results: [] };

/** Number of the imported global that holds the address of the thread's own scratch memory. */
const SCRATCH_GLOBAL = 0;

/** A kernel as code. */
export interface WasmKernel {
  readonly name: string;
  readonly code: FunctionCode;
  /** Bytes of memory that each thread needs for itself. */
  readonly scratchBytes: number;
  /** Time on one thread, in nanoseconds, roughly: small kernels are not worth sharing. */
  readonly nanoseconds: number;
}

export class KernelFunction {
  readonly f = new FunctionBuilder(KERNEL_TYPE);
  readonly thread: I32;
  readonly threads: I32;
  readonly operands: readonly I32[];
  #scratch = 0;

  constructor(kernel: Kernel) {
    this.thread = this.f.parameter("i32", 0);
    this.threads = this.f.parameter("i32", 1);
    const record = this.f.parameter("i32", 2);
    this.operands = kernel.operands.map((_, position) =>
      this.f.keep(i32.load(record, RECORD_HEADER + 4 * position)),
    );
  }

  /** The part [from, to) of `count` that belongs to this thread, in whole `grain`s. */
  share(count: number, grain = 1): readonly [I32, I32] {
    const { f, thread, threads } = this;
    const grains = Math.ceil(count / grain);
    const edge = (index: I32) => {
      const place = i32.divUnsigned(i32.mul(i32.constant(grains), index), threads);
      return grain === 1 ? place : i32.mul(place, i32.constant(grain));
    };
    const from = f.keep(edge(thread));
    const to = f.keep(edge(i32.add(thread, i32.constant(1))));
    if (count % grain === 0) return [from, to];
    return [from, f.keep(i32.select(i32.lt(to, i32.constant(count)), to, i32.constant(count)))];
  }

  /** Memory of the thread's own, with room to read a little beyond. */
  scratch(bytes: number): I32 {
    const offset = this.#scratch;
    this.#scratch += Math.ceil((bytes + 64) / 64) * 64;
    return this.f.keep(i32.add({ type: "i32", code: [0x23, SCRATCH_GLOBAL] }, i32.constant(offset)));
  }

  finish(name: string, nanoseconds: number): WasmKernel {
    return { name, code: this.f.finish(), scratchBytes: this.#scratch, nanoseconds };
  }
}

/** Positions along axes, from one number that counts all of their points. */
export function decode(f: FunctionBuilder, point: I32, extents: readonly number[]): readonly I32[] {
  const positions: I32[] = [];
  let rest = point;
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    const extent = i32.constant(extents[axis] as number);
    if (axis === 0) positions.unshift(f.keep(rest));
    else {
      positions.unshift(f.keep(i32.remUnsigned(rest, extent)));
      rest = f.keep(i32.divUnsigned(rest, extent));
    }
  }
  return positions;
}
