/** The JavaScript engine's side: the part of its WebAssembly interface that is used here, and whether it has relaxed SIMD. */
import { setFlagsFromString } from "node:v8";
import { CompilerBug } from "../../base/invariant.ts";

/** A compiled module; it can be handed to worker threads. */
export interface CompiledModule {
  readonly [Symbol.toStringTag]: string;
}

export interface SharedMemory {
  /** As long as the memory was when it was asked for; the part that a longer one shares with it is the same. */
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}

/** What a module exports: see src/codegen/wasm/sync.ts. */
export interface ProgramFunctions {
  run(thread: number, threads: number, first: number, last: number): void;
}

interface Engine {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: boolean;
  }) => SharedMemory;
  readonly Instance: new (module: CompiledModule, imports: object) => { readonly exports: ProgramFunctions };
  readonly Global: new (type: { readonly value: "i32" }, value: number) => object;
  compile(bytes: Uint8Array<ArrayBuffer>): Promise<CompiledModule>;
  validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}

function isEngine(value: unknown): value is Engine {
  return typeof value === "object" && value !== null && "compile" in value && "Memory" in value;
}

/** The engine's WebAssembly; its types are those of browsers, which this project does not use otherwise. */
function engine(): Engine {
  const found: unknown = Reflect.get(globalThis, "WebAssembly");
  if (!isEngine(found)) throw new CompilerBug("this JavaScript engine has no WebAssembly");
  return found;
}

export const PAGE_BYTES = 65536;
/** All that 32 bits can address. */
export const MOST_PAGES = 65536;

/** Zeroed memory that threads share and that can grow to all that addresses reach. Throws a RangeError when the system has no room. */
export function allocateMemory(bytes: number): SharedMemory {
  const { Memory } = engine();
  return new Memory({ initial: Math.ceil(bytes / PAGE_BYTES), maximum: MOST_PAGES, shared: true });
}

/** Makes a memory at least so large, with zeros. Throws a RangeError when the system has no room. */
export function growMemory(memory: SharedMemory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
}

export function compileModule(bytes: Uint8Array<ArrayBuffer>): Promise<CompiledModule> {
  return engine().compile(bytes);
}

export function instantiate(module: CompiledModule, memory: SharedMemory, scratch: number): ProgramFunctions {
  const { Instance } = engine();
  return new Instance(module, { mird: { memory, scratch: scratch | 0 } }).exports;
}

/** A function that is nothing but `relaxed_madd` of three zeros. */
const PROBE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00, 0x0a, 0x13, 0x01, 0x11, 0x00],
  ...[0x41, 0x00, 0xfd, 0x11, 0x41, 0x00, 0xfd, 0x11, 0x41, 0x00, 0xfd, 0x11],
  ...[0xfd, 0x85, 0x02, 0x0b],
]);

let relaxed: boolean | null = null;

/**
 * Whether the engine multiplies and adds in one instruction. Newer engines do; that of Node 20 does after a flag is set, which newer ones
 * do not know, so the flag is tried only where the instruction is missing. It holds for the whole process.
 */
export function hasRelaxedSimd(): boolean {
  if (relaxed === null) {
    relaxed = engine().validate(PROBE);
    if (!relaxed) {
      setFlagsFromString("--experimental-wasm-relaxed-simd");
      relaxed = engine().validate(PROBE);
    }
  }
  return relaxed;
}
