/** Kernels as one WebAssembly module: a function for each kernel, and those that run programs on all threads. */
import type { Kernel } from "../../ir/kernel.ts";
import { collapseAxes } from "../collapse.ts";
import type { Import } from "./binary.ts";
import { encodeModule } from "./binary.ts";
import { emitContraction } from "./contraction.ts";
import type { WasmKernel } from "./kernel-function.ts";
import { KERNEL_TYPE } from "./kernel-function.ts";
import { emitLibrary } from "./library.ts";
import { emitLoop } from "./loop.ts";
import { barrierFunction, runFunction } from "./sync.ts";

export interface WasmOptions {
  /** Whether the engine has relaxed SIMD. */
  readonly fused: boolean;
}

export interface WasmModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What each kernel takes on one thread, estimated, in the order of the table. */
  readonly nanoseconds: readonly number[];
  /** Scratch memory that a thread needs. */
  readonly scratchBytes: number;
}

/**
 * What a module asks for: the shared memory, and the address of the thread's scratch memory, by which instances differ. 65536 pages are all that 32 bits
 * can address.
 */
const IMPORTS: readonly Import[] = [
  { module: "mird", name: "memory", kind: "memory", pages: 1, maximumPages: 65536 },
  { module: "mird", name: "scratch", kind: "global", type: "i32" },
];

/** One kernel as a function. */
export function emitKernel(kernel: Kernel, { fused }: WasmOptions): WasmKernel {
  switch (kernel.kind) {
    case "loop":
      return emitLoop(collapseAxes(kernel), fused);
    case "contraction":
      return emitContraction(kernel, fused);
    case "library":
      return emitLibrary(kernel, fused);
  }
}

/** The module of some kernels; it exports `run`. */
export function emitModule(kernels: readonly Kernel[], options: WasmOptions): WasmModule {
  const emitted = kernels.map((kernel) => emitKernel(kernel, options));
  const barrier = emitted.length;
  const functions = [...emitted.map(({ code }) => code), barrierFunction(), runFunction(barrier)];
  const bytes = encodeModule(
    {
      imports: IMPORTS,
      functions,
      table: emitted.map((_, index) => index),
      exports: [{ name: "run", function: barrier + 1 }],
    },
    KERNEL_TYPE,
  );
  const scratchBytes = emitted.reduce((most, kernel) => Math.max(most, kernel.scratchBytes), 0);
  return { bytes, nanoseconds: emitted.map((kernel) => kernel.nanoseconds), scratchBytes };
}
