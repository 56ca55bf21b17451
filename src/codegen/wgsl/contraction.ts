/** Emission of contraction kernels; the loops are templates in `kernels/`. */
import type { ContractionKernel } from "../../ir/kernel.ts";
import type { TargetDescriptor } from "../descriptor.ts";
import type { KernelSourceLoader } from "../target.ts";
import type { KernelBody } from "./body.ts";
import { emitDirect } from "./contraction-direct.ts";
import { emitTiled } from "./contraction-tiled.ts";

/** A contraction with the tile that suits its size. */
export function emitContraction(
  kernel: ContractionKernel,
  descriptor: TargetDescriptor,
  loadKernelSource: KernelSourceLoader,
): KernelBody {
  const { contraction } = descriptor;
  return contraction.kind === "direct"
    ? emitDirect(kernel, contraction, descriptor, loadKernelSource("contraction_direct.wgsl"))
    : emitTiled(kernel, contraction, descriptor, loadKernelSource("contraction_tiled.wgsl"));
}
