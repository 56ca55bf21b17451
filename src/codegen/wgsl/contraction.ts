/** Emission of contraction kernels; the loops are templates in `kernels/`. */
import type { ContractionKernel } from "../../ir/kernel.ts";
import type { TargetDescriptor } from "../descriptor.ts";
import type { KernelSourceLoader } from "../target.ts";
import type { KernelBody } from "./body.ts";
import { emitDirect } from "./contraction-direct.ts";
import { planContraction } from "./contraction-plan.ts";
import { emitTiled } from "./contraction-tiled.ts";

/** A contraction with the tile that suits its size. */
export function emitContraction(
  kernel: ContractionKernel,
  descriptor: TargetDescriptor,
  loadKernelSource: KernelSourceLoader,
): KernelBody {
  const plan = planContraction(kernel, descriptor);
  return descriptor.contractionStrategy === "direct"
    ? emitDirect(plan, descriptor, loadKernelSource("contraction_direct.wgsl"))
    : emitTiled(plan, descriptor, loadKernelSource("contraction_tiled.wgsl"));
}
