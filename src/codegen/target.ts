/** The contract of a target: turns kernels into code that its backend in `src/runtime/` can run. */
import type { Kernel } from "../ir/kernel.ts";
import type { TargetDescriptor } from "./descriptor.ts";

/** One kernel as WGSL: the entry point is `main`, operand i is storage binding i of group 0, declared `read_write`. */
export interface WgslKernel {
  readonly name: string;
  readonly wgsl: string;
  /** Invocations of a workgroup. */
  readonly workgroupSize: number;
  readonly workgroups: readonly [number, number, number];
  /** Bytes of each operand's binding: a multiple of 16, so a binding may reach past the operand into the padding of its arena. */
  readonly bindingBytes: readonly number[];
  /** What the array of each binding holds. */
  readonly elements: readonly string[];
  /** The module without bindings and prelude functions. */
  readonly body: string;
}

export interface Target<Code> {
  readonly descriptor: TargetDescriptor;
  emit(kernel: Kernel): Code;
}

/** Gives the text of a file in `kernels/`; handed in by the driver, since code generation touches no files. */
export type KernelSourceLoader = (name: string) => string;
