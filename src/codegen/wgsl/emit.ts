/** Kernels as WGSL modules: bindings, prelude functions and the body of the kernel's class. */
import { invariant } from "../../base/invariant.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { collapseAxes } from "../collapse.ts";
import type { TargetDescriptor } from "../descriptor.ts";
import type { KernelSourceLoader, Target, WgslKernel } from "../target.ts";
import type { KernelBody } from "./body.ts";
import { emitContraction } from "./contraction.ts";
import { moduleText } from "./join.ts";
import { emitLibrary } from "./library.ts";
import { emitLoop } from "./loop.ts";
import { scheduleLoop } from "./schedule.ts";
import { storedType } from "./text.ts";

/** The WGSL target for a device. `loadKernelSource` gives the texts of `kernels/`. */
export function wgslTarget(
  descriptor: TargetDescriptor,
  loadKernelSource: KernelSourceLoader,
): Target<WgslKernel> {
  return { descriptor, emit: (kernel) => emitKernel(kernel, descriptor, loadKernelSource) };
}

/** One kernel as a WGSL module. Throws CompilerBug when the kernel breaks a limit that fusion had to respect. */
export function emitKernel(
  kernel: Kernel,
  descriptor: TargetDescriptor,
  loadKernelSource: KernelSourceLoader,
): WgslKernel {
  invariant(
    kernel.operands.length <= descriptor.maxOperands,
    `kernel ${kernel.name} has ${kernel.operands.length} operands; the device binds ${descriptor.maxOperands}`,
  );
  const body = emitBody(kernel, descriptor, loadKernelSource);
  invariant(
    body.workgroups.every((count) => count <= descriptor.maxWorkgroups),
    `kernel ${kernel.name} needs ${body.workgroups.join(" x ")} workgroups`,
  );
  const elements = kernel.operands.map((operand, position) => {
    const stored = storedType(operand.dtype);
    return body.vectorOperands.has(position) ? `vec4<${stored}>` : stored;
  });
  const wgsl = moduleText(elements, body.code, loadKernelSource);
  const bindingBytes = kernel.operands.map((operand) => Math.ceil(operand.elements / 4) * 16);
  return {
    name: kernel.name,
    wgsl,
    workgroupSize: body.workgroupSize,
    workgroups: body.workgroups,
    bindingBytes,
    elements,
    body: body.code,
  };
}

function emitBody(
  kernel: Kernel,
  descriptor: TargetDescriptor,
  loadKernelSource: KernelSourceLoader,
): KernelBody {
  switch (kernel.kind) {
    case "loop": {
      const collapsed = collapseAxes(kernel);
      return emitLoop(collapsed, scheduleLoop(collapsed, descriptor), descriptor);
    }
    case "contraction":
      return emitContraction(kernel, descriptor, loadKernelSource);
    case "library":
      return emitLibrary(kernel, descriptor, loadKernelSource);
  }
}
