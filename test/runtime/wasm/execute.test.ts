import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, test } from "vitest";
import { UserError } from "../../../src/diagnostics/problems.ts";
import type { LoopKernel } from "../../../src/ir/kernel.ts";
import type { Program } from "../../../src/ir/program.ts";
import type { Backend } from "../../../src/runtime/backend.ts";
import { wasmBackend } from "../../../src/runtime/wasm/execute.ts";
import { axes, Expressions, index, read, write } from "../../support/kernel-build.ts";

let backend: Backend | null = null;
afterEach(() => {
  backend?.close();
  backend = null;
});

function open(threads: number): Backend {
  backend = wasmBackend({ threads });
  return backend;
}

/** out[i] = table[ids[i]] + 1: fails where an id leads out of the memory. */
function lookUp(count: number): LoopKernel {
  const e = new Expressions();
  const id = e.load(1, index([1]), "i32");
  const value = e.binary("add", e.load(0, index([0], 0, [{ value: id, stride: 1 }])), e.constant(1));
  return {
    kind: "loop",
    name: "look_up",
    operands: [read("table", 64), read("ids", count, "i32"), write("out", count)],
    parallel: axes([count]),
    reduce: [],
    expressions: e.list,
    phases: [{ kind: "row", stores: [{ operand: 2, index: index([1]), value }] }],
  };
}

const COUNT = 100_000;
const BYTES = 4 * Math.ceil(COUNT / 64) * 64;

/** Looks up twice, the second time in the first result. */
function program(count = COUNT): Program {
  const region = (arena: string, elements: number) => ({ arena, offset: 0, bytes: elements * 4 });
  const text = "y = take(table, ids)\n";
  const origins = [{ source: { path: "spec.mird", text }, start: 4, end: 19 }];
  const dispatch = (from: string, to: string) => ({
    kernel: 0,
    operands: [region(from, 64), region("ids", count), region(to, count)],
    flops: count,
    origins,
  });
  return {
    kernels: [lookUp(count)],
    segments: [
      {
        name: "all",
        phase: "all",
        repeat: 0,
        kind: "forward",
        dispatches: [dispatch("table", "first"), dispatch("first", "second")],
      },
    ],
    arenas: new Map([
      ["table", 256],
      ["ids", BYTES],
      ["first", BYTES],
      ["second", BYTES],
    ]),
    memory: { peakBytes: 0, sumBytes: 0 },
  };
}

const IDS = Int32Array.from({ length: COUNT }, (_, position) => (position * 7) % 64);

describe.each([1, 2, 5])("with %i threads", (threads) => {
  test("writes, runs and reads take effect in their order, and dispatches that need each other wait", async () => {
    const executable = await open(threads).prepare(new Map([["p", program()]]));
    expect((await executable.read("second", { offset: 0, length: 3 })).every((value) => value === 0)).toBe(
      true,
    );
    executable.write("ids", IDS);
    for (let turn = 0; turn < 3; turn++) {
      executable.write("table", new Float32Array(64).fill(turn));
      executable.run("p");
      const reading = executable.read("second");
      executable.write("table", new Float32Array(64).fill(-1));
      expect(new Set((await reading).subarray(0, COUNT))).toEqual(new Set([turn + 2]));
    }
    await executable.ready();
    executable.dispose();
  });

  test("a failing kernel is named with the line of the spec, and others go on", async () => {
    const cpu = open(threads);
    const executable = await cpu.prepare(new Map([["p", program()]]));
    const other = await cpu.prepare(new Map([["p", program()]]));
    // The last thread meets it.
    executable.write("ids", Int32Array.of(0x20000000), COUNT - 1);
    expect(() => executable.run("p")).toThrow(
      /kernel look_up \(segment all, spec.mird:1:5\) failed on thread \d/,
    );
    expect(() => executable.run("p")).toThrow("kernel look_up");
    await expect(executable.read("first")).rejects.toThrow("kernel look_up");
    other.write("ids", IDS);
    other.run("p");
    expect((await other.read("second", { offset: 0, length: 1 }))[0]).toBe(2);
  });
});

test("profiles name every dispatch", async () => {
  const executable = await open(2).prepare(new Map([["p", program()]]));
  const times = await executable.profile("p");
  expect(times?.map(({ segment, dispatch, kernel }) => [segment, dispatch, kernel])).toEqual([
    ["all", 0, "look_up"],
    ["all", 1, "look_up"],
  ]);
  expect(times?.every(({ nanoseconds }) => nanoseconds > 0)).toBe(true);
});

test("what 32 bits cannot address is refused before anything runs", async () => {
  const large = {
    ...program(),
    arenas: new Map([
      ["work", 3 * 2 ** 30],
      ["parameters", 2 ** 30],
    ]),
  };
  const error: unknown = await open(1)
    .prepare(new Map([["p", large]]))
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ exitCode: 3, message: expect.stringContaining("work  3072.0 MiB") });
});

test("starting and stopping leaves neither threads nor memory behind", async () => {
  const threads = () =>
    Number(
      /Threads:\s+(\d+)/.exec(
        execFileSync("cat", [`/proc/${process.pid}/status`], { encoding: "utf8" }),
      )?.[1],
    );
  const cycle = async () => {
    const cpu = wasmBackend({ threads: 2 });
    const executable = await cpu.prepare(new Map([["p", program()]]));
    executable.run("p");
    cpu.close();
    // One that was opened for a run that never came.
    const idle = wasmBackend({ threads: 2 });
    idle.start?.();
    idle.close();
  };
  for (let turn = 0; turn < 5; turn++) await cycle();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const before = { threads: threads(), bytes: process.memoryUsage().rss };
  for (let turn = 0; turn < 100; turn++) await cycle();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(threads()).toBeLessThanOrEqual(before.threads + 1);
  expect(process.memoryUsage().rss - before.bytes).toBeLessThan(200 * 2 ** 20);
});

test("a process that forgets to close its backend ends all the same", () => {
  const url = new URL("../../../src/runtime/wasm/execute.ts", import.meta.url).href;
  const script = `
    import { wasmBackend } from ${JSON.stringify(url)};
    const empty = { kernels: [], segments: [], arenas: new Map([["a", 256]]), memory: { peakBytes: 0, sumBytes: 0 } };
    const executable = await wasmBackend({ threads: 2 }).prepare(new Map([["p", empty]]));
    executable.run("p");
    console.log((await executable.read("a")).length);
  `;
  const out = execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  expect(out).toBe("64\n");
});
