/** The CPU target in tests: with and without relaxed SIMD, with several numbers of threads. */
import type { Backend } from "../../src/runtime/backend.ts";
import { wasmBackend } from "../../src/runtime/wasm/execute.ts";

export interface CpuBackend {
  readonly description: string;
  readonly backend: Backend;
}

/** One backend for each number of threads, with and without relaxed SIMD. */
export function cpuBackends(threads: readonly number[]): {
  readonly all: readonly CpuBackend[];
  readonly close: () => void;
} {
  const all = [true, false].flatMap((fused) =>
    threads.map((count) => ({
      description: `${fused ? "relaxed" : "plain"} SIMD, ${count} ${count === 1 ? "thread" : "threads"}`,
      backend: wasmBackend({ threads: count, fused }),
    })),
  );
  return {
    all,
    close: () => {
      for (const { backend } of all) backend.close();
    },
  };
}
