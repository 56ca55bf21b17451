/**
 * Programs on a Dawn device. Everything that can be made once is: buffers, pipelines, bind groups. A run encodes one command buffer with one
 * compute pass, and the host never waits for it.
 */
import { invariant } from "../../base/invariant.ts";
import { describeTarget } from "../../codegen/descriptor.ts";
import type { KernelSourceLoader } from "../../codegen/target.ts";
import { wgslTarget } from "../../codegen/wgsl/emit.ts";
import type { Program } from "../../ir/program.ts";
import type { Backend, DispatchTime, Executable, Progress } from "../backend.ts";
import type { MemoryLimits } from "../limits.ts";
import { hostMemory } from "../limits.ts";
import { Arenas, Readback } from "./buffers.ts";
import type { Command, EmittedDispatch } from "./commands.ts";
import { bindDispatch, emitProgram, joinDispatches } from "./commands.ts";
import type { DawnDevice } from "./device.ts";
import { deviceFacts } from "./device.ts";
import { Pipelines } from "./pipelines.ts";
import { measureDispatches } from "./profile.ts";

/** Runs that may be queued before `ready` waits: enough to keep the device busy, few enough to stop soon. */
const QUEUED_RUNS = 8;

/** The backend of an opened device, which it owns from now on. */
export function dawnBackend(opened: DawnDevice, loadKernelSource: KernelSourceLoader): Backend {
  const target = wgslTarget(describeTarget(deviceFacts(opened)), loadKernelSource);
  const pipelines = new Pipelines(opened);
  return {
    description: opened.description,
    profiling: opened.features.has("timestamp-query")
      ? "Kernels were timed by timestamp queries, each in a pass of its own."
      : null,
    limits: memoryLimits(opened),
    prepare: async (programs, progress) => {
      const emit = (program: Program): EmittedProgram => {
        const apart = emitProgram(program, target);
        return { apart, joined: joinDispatches(apart, target.descriptor, loadKernelSource) };
      };
      const executable = new DawnExecutable(opened, pipelines, emit);
      await executable.load(programs, progress);
      return executable;
    },
    close: () => opened.close(),
  };
}

/** What the adapter says. A GPU does not tell how much memory it has; a software driver has the machine's. */
function memoryLimits({ limits, kind }: DawnDevice): MemoryLimits {
  return {
    total: kind === "software" ? hostMemory() : { bytes: Number.POSITIVE_INFINITY, what: "the device has" },
    arena: { bytes: limits.maxBufferSize, what: "its maxBufferSize is" },
    operand: { bytes: limits.maxStorageBufferBindingSize, what: "its maxStorageBufferBindingSize is" },
    elementBytes: 4,
  };
}

/** The dispatches of a program as they are launched, and each kernel by itself, for profiles only. */
interface EmittedProgram {
  readonly joined: readonly EmittedDispatch[];
  readonly apart: readonly EmittedDispatch[];
}

class DawnExecutable implements Executable {
  readonly #opened: DawnDevice;
  readonly #pipelines: Pipelines;
  readonly #emit: (program: Program) => EmittedProgram;
  readonly #arenas: Arenas;
  readonly #emitted = new Map<string, EmittedProgram>();
  readonly #commands = new Map<string, readonly Command[]>();
  readonly #readback: Readback;
  #queued = 0;
  #waiting: (() => void)[] = [];

  constructor(opened: DawnDevice, pipelines: Pipelines, emit: (program: Program) => EmittedProgram) {
    this.#opened = opened;
    this.#pipelines = pipelines;
    this.#emit = emit;
    this.#arenas = new Arenas(opened);
    this.#readback = new Readback(opened);
  }

  has(program: string): boolean {
    return this.#commands.has(program);
  }

  add(name: string, program: Program, progress?: Progress): Promise<void> {
    return this.load(new Map([[name, program]]), progress);
  }

  /** Makes programs ready, their pipelines side by side. */
  async load(programs: ReadonlyMap<string, Program>, progress?: Progress): Promise<void> {
    this.#opened.faults.check();
    const replaced = await this.#arenas.extend(programs.values());
    const emitted = new Map([...programs].map(([name, program]) => [name, this.#emit(program)]));
    const texts = new Set([...emitted.values()].flatMap(({ joined }) => joined.map(({ code }) => code.wgsl)));
    const finished = new Set<string>();
    const tell = ({ code }: EmittedDispatch) => {
      if (!finished.has(code.wgsl)) progress?.(finished.add(code.wgsl).size, texts.size);
    };
    // What was bound to a buffer that is no more is bound again; its pipelines are there.
    for (const [name, { joined }] of replaced ? this.#emitted : [])
      this.#commands.set(name, await this.#bind(joined));
    for (const [name, program] of emitted) {
      this.#commands.set(name, await this.#bind(program.joined, tell));
      this.#emitted.set(name, program);
    }
    this.#opened.faults.check();
  }

  #bind(
    dispatches: readonly EmittedDispatch[],
    tell?: (dispatch: EmittedDispatch) => void,
  ): Promise<readonly Command[]> {
    const bound = dispatches.map(async (dispatch) => {
      const pipeline = await this.#pipelines.get(dispatch.code);
      tell?.(dispatch);
      return bindDispatch(dispatch, pipeline, this.#opened, this.#pipelines, this.#arenas);
    });
    return Promise.all(bound);
  }

  write(arena: string, values: Float32Array | Int32Array, offset = 0): void {
    this.#opened.faults.check();
    this.#opened.device.queue.writeBuffer(
      this.#arenas.buffer(arena),
      offset * 4,
      values.buffer,
      values.byteOffset,
      values.byteLength,
    );
  }

  run(program: string): void {
    this.#opened.faults.check();
    const { device, pace } = this.#opened;
    const encoder = device.createCommandEncoder({ label: program });
    const pass = encoder.beginComputePass();
    let current: GPUComputePipeline | null = null;
    for (const command of this.#program(program)) {
      if (command.pipeline !== current) pass.setPipeline(command.pipeline);
      current = command.pipeline;
      pass.setBindGroup(0, command.bindGroup);
      pass.dispatchWorkgroups(...command.workgroups);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
    this.#queued++;
    // A lost device is reported by its faults; whoever waits must wake up all the same.
    pace.during(device.queue.onSubmittedWorkDone()).then(
      () => this.#finished(),
      () => this.#finished(),
    );
  }

  async read(
    arena: string,
    range?: { readonly offset: number; readonly length: number },
  ): Promise<Float32Array> {
    this.#opened.faults.check();
    const buffer = this.#arenas.buffer(arena);
    const [offset, bytes] =
      range === undefined ? [0, this.#arenas.bytes(arena)] : [range.offset * 4, range.length * 4];
    const result = await this.#readback.read(buffer, offset, bytes).catch((error: unknown) => {
      // The device's own report says what was wrong; this one only that nothing could be mapped.
      this.#opened.faults.check();
      throw error;
    });
    this.#opened.faults.check();
    return new Float32Array(result);
  }

  async ready(): Promise<void> {
    while (this.#queued > QUEUED_RUNS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#opened.faults.check();
  }

  async profile(program: string): Promise<readonly DispatchTime[] | null> {
    this.#opened.faults.check();
    const times = await measureDispatches(this.#opened, () =>
      this.#bind(this.#emitted.get(program)?.apart ?? []),
    );
    this.#opened.faults.check();
    return times;
  }

  dispose(): void {
    this.#readback.dispose();
    this.#arenas.dispose();
  }

  #finished(): void {
    this.#queued--;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #program(name: string): readonly Command[] {
    const commands = this.#commands.get(name);
    invariant(commands !== undefined, `no program ${name}`);
    return commands;
  }
}
