/** Kernels as WGSL modules: bindings, prelude functions and the body of the kernel's class. */
import { invariant } from "../../base/invariant.ts";
import type { Kernel } from "../../ir/kernel.ts";
import { collapseAxes } from "../collapse.ts";
import type { TargetDescriptor } from "../descriptor.ts";
import type { KernelSourceLoader, Target, WgslKernel } from "../target.ts";
import type { KernelBody } from "./body.ts";
import { emitContraction } from "./contraction.ts";
import { operandName } from "./expressions.ts";
import { emitLibrary } from "./library.ts";
import { emitLoop } from "./loop.ts";
import { preludeFor } from "./prelude.ts";
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
  const bindings = kernel.operands.map((operand, position) => {
    const vector = body.vectorOperands.has(position);
    const element = vector ? `vec4<${storedType(operand.dtype)}>` : storedType(operand.dtype);
    return `@group(0) @binding(${position}) var<storage, read_write> ${operandName(position)}: array<${element}>;`;
  });
  const prelude = preludeFor(body.code, loadKernelSource("prelude.wgsl"));
  const wgsl = [...bindings, ...(prelude === "" ? [] : [prelude]), body.code, ""].join("\n");
  const bindingBytes = kernel.operands.map((operand) => Math.ceil(operand.elements / 4) * 16);
  return { name: kernel.name, wgsl, workgroups: body.workgroups, bindingBytes };
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
