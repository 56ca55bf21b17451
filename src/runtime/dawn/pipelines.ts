/** Pipelines, shared by all kernels with the same WGSL, and compiled side by side. */
import { CompilerBug } from "../../base/invariant.ts";
import type { WgslKernel } from "../../codegen/target.ts";
import type { DawnDevice } from "./device.ts";
import { SHADER_STAGE_COMPUTE } from "./flags.ts";

/** Lines of WGSL shown before and after an error. */
const EXCERPT = 3;

export class Pipelines {
  readonly #opened: Pick<DawnDevice, "device" | "pace">;
  readonly #byText = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<number, GPUBindGroupLayout>();

  constructor(opened: Pick<DawnDevice, "device" | "pace">) {
    this.#opened = opened;
  }

  /** The pipeline of a kernel. Throws CompilerBug with the kernel's name and the lines around the error when the driver refuses it. */
  get(kernel: WgslKernel): Promise<GPUComputePipeline> {
    const known = this.#byText.get(kernel.wgsl);
    if (known !== undefined) return known;
    const made = this.#compile(kernel);
    this.#byText.set(kernel.wgsl, made);
    return made;
  }

  /** Layout of `count` storage buffers. All may be written, so that one arena can serve several operands of a dispatch. */
  layout(count: number): GPUBindGroupLayout {
    let layout = this.#layouts.get(count);
    if (layout === undefined) {
      const entries = Array.from({ length: count }, (_, binding) => ({
        binding,
        visibility: SHADER_STAGE_COMPUTE,
        buffer: { type: "storage" } as const,
      }));
      layout = this.#opened.device.createBindGroupLayout({ entries });
      this.#layouts.set(count, layout);
    }
    return layout;
  }

  async #compile(kernel: WgslKernel): Promise<GPUComputePipeline> {
    const { device, pace } = this.#opened;
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label: kernel.name, code: kernel.wgsl });
    const scope = device.popErrorScope();
    const layout = device.createPipelineLayout({
      bindGroupLayouts: [this.layout(kernel.bindingBytes.length)],
    });
    const pipeline = pace.during(
      device.createComputePipelineAsync({
        label: kernel.name,
        layout,
        compute: { module, entryPoint: "main" },
      }),
    );
    // Looked at below, after the shader's own messages, which say more.
    pipeline.catch(() => {});
    const messages =
      (await scope) === null
        ? []
        : (await module.getCompilationInfo()).messages.filter((message) => message.type === "error");
    const first = messages[0];
    if (first !== undefined)
      throw new CompilerBug(
        `kernel ${kernel.name}: ${first.message}\n${excerpt(kernel.wgsl, first.lineNum)}`,
      );
    try {
      return await pipeline;
    } catch (error) {
      throw new CompilerBug(
        `kernel ${kernel.name}: ${error instanceof Error ? error.message : String(error)}\n${excerpt(kernel.wgsl, 1)}`,
      );
    }
  }
}

function excerpt(wgsl: string, line: number): string {
  const first = Math.max(1, line - EXCERPT);
  const lines = wgsl.split("\n").slice(first - 1, line + EXCERPT);
  return lines
    .map(
      (text, index) => `${first + index === line ? ">" : " "} ${String(first + index).padStart(4)}  ${text}`,
    )
    .join("\n");
}
