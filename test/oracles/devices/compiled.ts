/** Devices that run compiled programs: the whole path through fusion, planning and code generation, as `mird train` takes it. */
import { chooseDevice } from "../../../src/api/devices.ts";
import { NO_CACHE } from "../../../src/base/cache.ts";
import { lower } from "../../../src/driver/compile.ts";
import type { FusionTarget } from "../../../src/fuse/target.ts";
import type { ArenaRange } from "../../../src/ir/graph.ts";
import type { Program } from "../../../src/ir/program.ts";
import type { Backend, Executable } from "../../../src/runtime/backend.ts";
import type { Contents, OracleDevice, Session } from "./device.ts";

export async function compiledDevice(device: "webgpu" | "cpu"): Promise<OracleDevice> {
  return compiledOn(await chooseDevice({ device }, NO_CACHE));
}

/** A device that has been opened. */
export function compiledOn({
  backend,
  target,
}: {
  readonly backend: Backend;
  readonly target: FusionTarget;
}): OracleDevice {
  return {
    description: backend.description,
    open: async (graph) => {
      const { program } = lower(graph, { target, verify: true });
      return new CompiledSession(program, await backend.prepare(new Map([["case", program]])));
    },
    close: () => backend.close(),
  };
}

class CompiledSession implements Session {
  readonly #program: Program;
  readonly #executable: Executable;

  constructor(program: Program, executable: Executable) {
    this.#program = program;
    this.#executable = executable;
  }

  write(arena: string, values: Contents): void {
    const bytes = this.#program.arenas.get(arena);
    if (bytes === undefined) return;
    const elements = bytes / Float32Array.BYTES_PER_ELEMENT;
    this.#executable.write(arena, values.length <= elements ? values : values.subarray(0, elements));
  }

  run(): void {
    this.#executable.run("case");
  }

  async read({ arena, offset }: ArenaRange, elements: number): Promise<Float64Array> {
    return Float64Array.from(await this.#executable.read(arena, { offset, length: elements }));
  }

  dispose(): void {
    this.#executable.dispose();
  }
}
