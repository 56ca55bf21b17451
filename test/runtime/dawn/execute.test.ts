import { expect, test } from "vitest";
import { at, CompilerBug } from "../../../src/base/invariant.ts";
import { UserError } from "../../../src/diagnostics/problems.ts";
import type { Kernel, LoopKernel } from "../../../src/ir/kernel.ts";
import type { Program, Region } from "../../../src/ir/program.ts";
import type { Executable } from "../../../src/runtime/backend.ts";
import { openDevice } from "../../../src/runtime/dawn/device.ts";
import { dawnBackend } from "../../../src/runtime/dawn/execute.ts";
import { Pipelines } from "../../../src/runtime/dawn/pipelines.ts";
import { loadKernelSource } from "../../../src/runtime/kernel-sources.ts";
import { softwareDevice } from "../../support/dawn.ts";
import { axes, Expressions, index, read } from "../../support/kernel-build.ts";

const device = softwareDevice();

/** sum += step * factor, elementwise in place. */
function accumulate(count: number, factor: number): LoopKernel {
  const e = new Expressions();
  const added = e.binary("multiply", e.load(0, index([])), e.constant(factor));
  const value = e.binary("add", e.load(1, index([1])), added);
  return {
    kind: "loop",
    name: `accumulate ${factor}`,
    operands: [read("step", 1), { name: "sum", dtype: "f32", elements: count, access: "update" }],
    parallel: axes([count]),
    reduce: [],
    expressions: e.list,
    phases: [{ kind: "row", stores: [{ operand: 1, index: index([1]), value }] }],
  };
}

function program(
  kernels: readonly Kernel[],
  operands: readonly Region[],
  arenas: readonly (readonly [string, number])[],
): Program {
  const dispatches = kernels.map((_, kernel) => ({ kernel, operands, flops: 1, origins: [] }));
  return {
    kernels,
    segments: [{ name: "step", phase: "all", repeat: 0, kind: "update", dispatches }],
    arenas: new Map(arenas),
    memory: { peakBytes: 0, sumBytes: 0 },
  };
}

const STEP: Region = { arena: "control", offset: 0, bytes: 4 };
const SUM: Region = { arena: "state", offset: 256, bytes: 40 };
const SIZES = [
  ["control", 4],
  ["state", 300],
] as const;

function prepare(
  programs: ReadonlyMap<string, Program>,
  progress?: (done: number, all: number) => void,
): Promise<Executable> {
  return dawnBackend(device(), loadKernelSource).prepare(programs, progress);
}

test("writes, runs and reads take effect in the order of the calls, without waiting", async () => {
  const steps: number[] = [];
  const executable = await prepare(
    new Map([
      ["iteration", program([accumulate(10, 1), accumulate(10, 10)], [STEP, SUM], SIZES)],
      ["evaluation", program([accumulate(10, -1)], [STEP, SUM], SIZES)],
    ]),
    (done) => steps.push(done),
  );
  expect(steps).toEqual([1, 2, 3]);
  executable.write("state", new Float32Array(10).fill(0.5), 64);
  const results: Promise<Float32Array>[] = [];
  for (let iteration = 1; iteration <= 20; iteration++) {
    executable.write("control", Float32Array.of(iteration));
    executable.run("iteration");
    results.push(executable.read("state", { offset: 64, length: 1 }));
  }
  executable.run("evaluation");
  const whole = await executable.read("state");
  const sums = (await Promise.all(results)).map((values) => at(values, 0));
  expect(sums).toEqual(sums.map((_, iteration) => 0.5 + (11 * (iteration + 1) * (iteration + 2)) / 2));
  expect(whole).toHaveLength(75);
  expect([...whole.subarray(63, 66)]).toEqual([0, 2310.5 - 20, 2310.5 - 20]);
  executable.dispose();
});

test("a caller who reads nothing waits before the queue grows long", async () => {
  const executable = await prepare(new Map([["p", program([accumulate(10, 1)], [STEP, SUM], SIZES)]]));
  executable.write("control", Float32Array.of(1));
  for (let run = 0; run < 40; run++) {
    executable.run("p");
    await executable.ready();
  }
  expect((await executable.read("state", { offset: 64, length: 2 }))[0]).toBe(40);
  executable.dispose();
});

test("a profile names every dispatch with a time, and the run counts", async () => {
  const executable = await prepare(
    new Map([["p", program([accumulate(10, 1), accumulate(10, 2)], [STEP, SUM], SIZES)]]),
  );
  executable.write("control", Float32Array.of(1));
  const times = await executable.profile("p");
  expect(times?.map(({ segment, dispatch, kernel }) => `${segment} ${dispatch} ${kernel}`)).toEqual([
    "step 0 accumulate 1",
    "step 1 accumulate 2",
  ]);
  expect(times?.every(({ nanoseconds }) => nanoseconds > 0)).toBe(true);
  expect((await executable.read("state", { offset: 64, length: 1 }))[0]).toBe(3);
  executable.dispose();
});

test("an arena that the device cannot hold is refused before anything runs", async () => {
  const failure = prepare(new Map([["p", program([], [], [["data.audio", 2 ** 33]])]]));
  await expect(failure).rejects.toThrow(UserError);
  await expect(failure).rejects.toMatchObject({ exitCode: 3, problems: [{ code: "device-memory" }] });
  await expect(failure).rejects.toThrow("The arena `data.audio` needs 8192.0 MiB in one piece");
});

test("operands of one dispatch may overlap: wholly, in part, and where one is written", async () => {
  const e = new Expressions();
  // part[i] = whole[5 - i] + part[i], where part lies inside whole
  const mirrored = e.binary("add", e.load(0, index([-1], 5)), e.load(1, index([1])));
  const kernel: LoopKernel = {
    kind: "loop",
    name: "mirror",
    operands: [
      read("whole", 75),
      read("part", 4),
      { name: "out", dtype: "f32", elements: 4, access: "write" },
    ],
    parallel: axes([4]),
    reduce: [],
    expressions: e.list,
    phases: [{ kind: "row", stores: [{ operand: 2, index: index([1]), value: mirrored }] }],
  };
  const whole = { arena: "state", offset: 0, bytes: 300 };
  const part = { arena: "state", offset: 256, bytes: 16 };
  const executable = await prepare(new Map([["p", program([kernel], [whole, part, part], SIZES)]]));
  executable.write(
    "state",
    Float32Array.from({ length: 75 }, (_, element) => element),
  );
  executable.run("p");
  expect([...(await executable.read("state", { offset: 63, length: 6 }))]).toEqual([
    63,
    64 + 5,
    65 + 4,
    66 + 3,
    67 + 2,
    68,
  ]);
  executable.dispose();
});

test("a shader that does not compile is shown with its name and the line", async () => {
  const wgsl =
    "@group(0) @binding(0) var<storage, read_write> operand0: array<f32>;\n@compute @workgroup_size(1)\nfn main() {\n  operand0[0] = missing;\n}\n";
  const failure = new Pipelines(device()).get({
    name: "wrong",
    wgsl,
    workgroupSize: 1,
    workgroups: [1, 1, 1],
    bindingBytes: [16],
    elements: ["f32"],
    body: "",
  });
  await expect(failure).rejects.toThrow(CompilerBug);
  await expect(failure).rejects.toThrow(
    /kernel wrong: unresolved value 'missing'[\s\S]*> {4}4 {4}operand0\[0\] = missing;/,
  );
});

test("a command that the device refuses is thrown at the next call", async () => {
  const opened = await openDevice({ software: "only" });
  const executable = await dawnBackend(opened, loadKernelSource).prepare(
    new Map([["p", program([accumulate(10, 1)], [STEP, SUM], SIZES)]]),
  );
  executable.write("state", new Float32Array(10), 1000);
  await expect(executable.read("state")).rejects.toThrow("the device refused a command");
  expect(() => executable.run("p")).toThrow(CompilerBug);
  executable.dispose();
  opened.close();
});

test("a lost device is an error of the device", async () => {
  const opened = await openDevice({ software: "only" });
  const executable = await dawnBackend(opened, loadKernelSource).prepare(
    new Map([["p", program([accumulate(10, 1)], [STEP, SUM], SIZES)]]),
  );
  opened.device.destroy();
  await opened.device.lost;
  await expect(executable.read("state")).rejects.toMatchObject({
    exitCode: 3,
    problems: [{ code: "device-lost" }],
  });
});
