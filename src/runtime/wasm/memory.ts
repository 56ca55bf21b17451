/** Where everything lies in the memory that threads share: records of dispatches, scratch memory of the threads, arenas. */
import { invariant } from "../../base/invariant.ts";
import { CONTROL_BYTES, READ_BEYOND } from "../../codegen/wasm/layout.ts";
import { UserError } from "../../diagnostics/problems.ts";
import type { Program } from "../../ir/program.ts";
import { ARENA_ALIGNMENT } from "../../ir/program.ts";
import { MOST_PAGES, PAGE_BYTES } from "./engine.ts";

export interface MemoryLayout {
  readonly arenas: ReadonlyMap<string, { readonly start: number; readonly bytes: number }>;
  readonly bytes: number;
}

/** Where that lies which programs of one module have for themselves. */
export interface ModulePlace {
  readonly records: number;
  readonly scratch: number;
  /** Bytes from one thread's scratch memory to the next one's. */
  readonly scratchBytes: number;
}

export interface MemoryNeeds {
  readonly programs: Iterable<Program>;
  readonly recordBytes: number;
  readonly scratchBytes: number;
  readonly threads: number;
}

/** Nothing but what the threads need to work together. */
export const NO_PROGRAMS: MemoryLayout = { arenas: new Map(), bytes: CONTROL_BYTES };

function align(bytes: number): number {
  return Math.ceil(bytes / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
}

/**
 * Places programs behind what is there. Arenas stay where they are; one of which they need more than there is gets a new place behind everything.
 * Throws a UserError with exit code 3 when 32-bit addresses do not reach.
 */
export function layOut(
  before: MemoryLayout,
  needs: MemoryNeeds,
): { readonly layout: MemoryLayout; readonly place: ModulePlace } {
  const records = align(before.bytes);
  const scratch = align(records + needs.recordBytes);
  const scratchBytes = align(needs.scratchBytes + READ_BEYOND);
  let next = scratch + needs.threads * scratchBytes;
  const sizes = new Map<string, number>();
  for (const program of needs.programs)
    for (const [name, bytes] of program.arenas) sizes.set(name, Math.max(sizes.get(name) ?? 0, bytes));
  const arenas = new Map(before.arenas);
  for (const [name, bytes] of sizes) {
    if ((arenas.get(name)?.bytes ?? -1) >= bytes) continue;
    arenas.set(name, { start: next, bytes });
    next = align(next + bytes + READ_BEYOND);
  }
  if (next > MOST_PAGES * PAGE_BYTES) throw tooLarge(arenas, next);
  return { layout: { arenas, bytes: next }, place: { records, scratch, scratchBytes } };
}

export function arenaStart(layout: MemoryLayout, name: string): number {
  const arena = layout.arenas.get(name);
  invariant(arena !== undefined, `no arena ${name}`);
  return arena.start;
}

function tooLarge(arenas: MemoryLayout["arenas"], bytes: number): UserError {
  const largest = [...arenas].sort((a, b) => b[1].bytes - a[1].bytes).slice(0, 8);
  const lines = largest.map(([name, arena]) => `    ${name}  ${mebibytes(arena.bytes)}`);
  return outOfMemory(
    `The model needs ${mebibytes(bytes)}; WebAssembly reaches 4096.0 MiB. The largest arenas:\n\n${lines.join("\n")}`,
  );
}

export function outOfMemory(text: string): UserError {
  return new UserError(
    [
      {
        code: "device-memory",
        severity: "error",
        title: "The device has too little memory",
        primary: null,
        related: [],
        place: { file: "device" },
        text,
        hint: "Make the batch smaller, or use `--device webgpu`. `mird compile --memory` shows what needs the memory.",
      },
    ],
    3,
  );
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
