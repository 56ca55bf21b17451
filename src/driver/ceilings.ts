/**
 * What a device can do at most, as far as our own kernels show it: a large matrix product for arithmetic, a large copy for memory. Measured where and
 * when they are needed, because no data sheet knows the machine's other users.
 */
import { timeRuns } from "../base/timing.ts";
import type { FusionTarget } from "../fuse/target.ts";
import type { Node } from "../ir/graph.ts";
import { GraphBuilder } from "../ir/graph-build.ts";
import type { Program } from "../ir/program.ts";
import { ops } from "../ops/index.ts";
import type { Backend } from "../runtime/backend.ts";
import { lower } from "./compile.ts";

export interface Ceiling {
  /** `matrix product of 1024`, `copy of 64 MiB`. */
  readonly what: string;
  /** FLOP/s, or bytes per second, read and written together; of the best run. */
  readonly perSecond: number;
}

export interface Ceilings {
  readonly arithmetic: Ceiling;
  readonly memory: Ceiling;
}

/** Sizes that are tried, until one takes long enough to say something. */
const MATRICES = [32, 128, 512, 1024, 2048];
const KIBIBYTES = [64, 1024, 16384, 65536];
const LONG_ENOUGH = 10;

/** The rate of one matrix product of that many rows and columns. */
export async function measureMatmul(
  backend: Backend,
  target: FusionTarget,
  size: number,
  seconds: number,
): Promise<Ceiling> {
  const time = await bestTime(backend, matmulProgram([size, size, size], 1, target), seconds);
  return { what: `matrix product of ${size}`, perSecond: (2 * size ** 3) / (time / 1000) };
}

/** Measures both, within some `seconds`. */
export async function measureCeilings(
  backend: Backend,
  target: FusionTarget,
  seconds: number,
): Promise<Ceilings> {
  const arithmetic = await largest(
    MATRICES,
    (size) => measureMatmul(backend, target, size, seconds / 2),
    (size) => 2 * size ** 3,
  );
  const memory = await largest(
    KIBIBYTES,
    (size) => measureCopy(backend, target, size, seconds / 2),
    (size) => 2 ** 11 * size,
  );
  return { arithmetic, memory };
}

/** The rate of a copy of that many kibibytes. */
async function measureCopy(
  backend: Backend,
  target: FusionTarget,
  size: number,
  seconds: number,
): Promise<Ceiling> {
  const time = await bestTime(backend, copyProgram(size * 2 ** 8, target), seconds);
  const what = `copy of ${size < 1024 ? `${size} KiB` : `${size / 1024} MiB`}`;
  return { what, perSecond: (2 ** 11 * size) / (time / 1000) };
}

/** The higher of two measurements: whatever else ran on the machine can only have made one too low. */
export function higherCeilings(a: Ceilings, b: Ceilings): Ceilings {
  const higher = (one: Ceiling, other: Ceiling) => (one.perSecond > other.perSecond ? one : other);
  return { arithmetic: higher(a.arithmetic, b.arithmetic), memory: higher(a.memory, b.memory) };
}

/** The ceiling at the first size that takes long enough; `amount` is the work of one. */
async function largest(
  sizes: readonly number[],
  measure: (size: number) => Promise<Ceiling>,
  amount: (size: number) => number,
): Promise<Ceiling> {
  let found: Ceiling = { what: "nothing", perSecond: Number.NaN };
  for (const size of sizes) {
    found = await measure(size);
    if ((amount(size) / found.perSecond) * 1000 > LONG_ENOUGH) break;
  }
  return found;
}

async function bestTime(backend: Backend, program: Program, seconds: number): Promise<number> {
  const executable = await backend.prepare(new Map([["probe", program]]));
  try {
    for (const [name, bytes] of program.arenas)
      if (name.startsWith("input")) executable.write(name, new Float32Array(bytes / 4).fill(0.5));
    const wait = () => executable.read("result0", { offset: 0, length: 1 });
    return (await timeRuns(() => executable.run("probe"), wait, seconds)).low;
  } finally {
    executable.dispose();
  }
}

/** A program that stores each node in an arena of its own, `result0`, `result1`, …. */
export function programOf(nodes: readonly Node[], target: FusionTarget): Program {
  const outputs = nodes.map((node, index) => ({
    name: `result${index}`,
    node,
    target: { arena: `result${index}`, offset: 0 },
  }));
  const segments = [{ name: "all", phase: "all", repeat: 0, kind: "forward" as const, outputs }];
  return lower({ segments }, { target }).program;
}

/** A matrix product, or several side by side. */
export function matmulProgram(
  [m, k, n]: readonly [number, number, number],
  batch: number,
  target: FusionTarget,
): Program {
  const g = new GraphBuilder(ops);
  const lead = batch === 1 ? [] : [batch];
  const operand = (name: string, shape: readonly number[]) =>
    g.input({ name, arena: name, offset: 0, version: 0, shape: [...lead, ...shape], dtype: "f32" });
  return programOf([g.matmul(operand("input0", [m, k]), operand("input1", [k, n]))], target);
}

/** -x: the least that a kernel can do with a number that it reads and writes. */
function copyProgram(elements: number, target: FusionTarget): Program {
  const g = new GraphBuilder(ops);
  const arena = "input0";
  return programOf(
    [g.neg(g.input({ name: arena, arena, offset: 0, version: 0, shape: [elements], dtype: "f32" }))],
    target,
  );
}
