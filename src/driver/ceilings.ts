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

/** Measures both, within some `seconds`. */
export async function measureCeilings(
  backend: Backend,
  target: FusionTarget,
  seconds: number,
): Promise<Ceilings> {
  const probe = (program: Program) => bestTime(backend, program, seconds / 2);
  const product = await largest(MATRICES, (size) => probe(matmulProgram([size, size, size], 1, target)));
  const copy = await largest(KIBIBYTES, (size) => probe(copyProgram(size * 2 ** 8, target)));
  return {
    arithmetic: {
      what: `matrix product of ${product.size}`,
      perSecond: (2 * product.size ** 3) / (product.milliseconds / 1000),
    },
    memory: {
      what: `copy of ${copy.size < 1024 ? `${copy.size} KiB` : `${copy.size / 1024} MiB`}`,
      perSecond: (2 * copy.size * 2 ** 10) / (copy.milliseconds / 1000),
    },
  };
}

/** The higher of two measurements: whatever else ran on the machine can only have made one too low. */
export function higherCeilings(a: Ceilings, b: Ceilings): Ceilings {
  const higher = (one: Ceiling, other: Ceiling) => (one.perSecond > other.perSecond ? one : other);
  return { arithmetic: higher(a.arithmetic, b.arithmetic), memory: higher(a.memory, b.memory) };
}

async function largest(sizes: readonly number[], time: (size: number) => Promise<number>) {
  let found = { size: 0, milliseconds: Number.NaN };
  for (const size of sizes) {
    found = { size, milliseconds: await time(size) };
    if (found.milliseconds > LONG_ENOUGH) break;
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
