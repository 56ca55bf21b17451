/** What memory a model needs, and the refusal of what does not fit. */
import { describe, expect, test } from "vitest";
import { UserError } from "../../src/diagnostics/problems.ts";
import type { MemoryReport } from "../../src/driver/memory.ts";
import { lackOfRoom, memoryReport, requireRoom } from "../../src/driver/memory.ts";
import type { MemoryLimits } from "../../src/runtime/limits.ts";
import { hostMemory, tighter } from "../../src/runtime/limits.ts";
import { runCli } from "../support/cli.ts";
import { compileSmall } from "../support/one-step.ts";

const SPEC = "specs/mird.mird";
const JOINT = "SparseWordAttention(width = 8, layers = 1, heads = 2, rate = 0)";
const compilation = compileSmall(
  {
    path: SPEC,
    settings: { d: "8", V: "301", L: "7", Ta: "5", Tv: "3", Da: "3", Dv: "2", joint: JOINT },
    batch: { labelled: 5, unlabelled: 6 },
  },
  true,
);
const report = memoryReport(compilation);

/** Limits that hold the model but for one of them. */
function limits(changed: Partial<Record<"total" | "arena" | "operand", number>>): MemoryLimits {
  const limit = (name: "total" | "arena" | "operand") => ({
    bytes: changed[name] ?? 2 ** 40,
    what: `its ${name} is`,
  });
  return { total: limit("total"), arena: limit("arena"), operand: limit("operand"), elementBytes: 4 };
}

const largestArena = ({ arenas }: MemoryReport) => Math.max(...arenas.values());

describe("a report", () => {
  test("explains the whole peak of the work arena", () => {
    const { peak, peakBytes, sumBytes } = report;
    expect(peak?.bytes).toBe(peak?.live.reduce((sum, { bytes }) => sum + bytes, 0));
    expect(peak?.bytes).toBeLessThanOrEqual(peakBytes);
    expect(peak?.bytes).toBeGreaterThan(0.9 * peakBytes);
    expect(peakBytes).toBeLessThan(sumBytes);
    const [first] = peak?.live ?? [];
    expect(first).toMatchObject({ shape: [11, 7, 301], dtype: "f32" });
    expect(first?.madeBy.kernel).not.toBe("");
  });

  test("counts arenas of one name once", () => {
    const { iteration, evaluation } = compilation;
    const names = new Set([...iteration.program.arenas.keys(), ...evaluation.program.arenas.keys()]);
    expect(new Set(report.arenas.keys())).toEqual(names);
    expect(report.totalBytes).toBe([...report.arenas.values()].reduce((sum, bytes) => sum + bytes, 0));
  });
});

describe("a model that does not fit", () => {
  test("in all: the largest tensors with their lines, and what to lower", () => {
    const problem = lackOfRoom(compilation, limits({ total: report.totalBytes - 1 }));
    expect(problem?.code).toBe("device-memory");
    expect(problem?.text).toMatch(
      /^The model needs [\d.]+ .B; its total is [\d.]+ .B\. The largest tensors of `Mird`:/,
    );
    expect(problem?.text).toContain("[11, 7, 301]");
    expect(problem?.text).toMatch(/specs\/mird\.mird:\d+ {2}\S/);
    expect(problem?.text).toMatch(/The sizes that matter most here: .*V 301/);
    expect(problem?.hint).toContain("now 5 labelled and 6 unlabelled rows");
    expect(problem?.hint).toContain("`V`");
    expect(lackOfRoom(compilation, limits({ total: report.totalBytes }))).toBeNull();
  });

  test("in one piece", () => {
    const problem = lackOfRoom(compilation, limits({ arena: largestArena(report) - 1 }));
    expect(problem?.text).toMatch(/^The values between kernels must lie in one piece of/);
    expect(lackOfRoom(compilation, limits({ arena: largestArena(report) }))).toBeNull();
  });

  test("for one kernel", () => {
    const written = [compilation.iteration, compilation.evaluation].flatMap(({ program }) =>
      program.segments.flatMap(({ dispatches }) =>
        dispatches.flatMap(({ kernel, operands }) =>
          operands.filter((_, index) => program.kernels[kernel]?.operands[index]?.access !== "read"),
        ),
      ),
    );
    const largest = Math.max(...written.map(({ bytes }) => bytes));
    expect(largest).toBeGreaterThanOrEqual(4 * 11 * 7 * 301);
    const problem = lackOfRoom(compilation, limits({ operand: largest - 4 }));
    expect(problem?.text).toMatch(/^One kernel needs a tensor of [\d.]+ kB at once; its operand is/);
    expect(lackOfRoom(compilation, limits({ operand: largest }))).toBeNull();
  });

  test("where elements take more", () => {
    const doubled = { ...limits({ total: report.totalBytes }), elementBytes: 8 };
    expect(lackOfRoom(compilation, doubled)?.text).toContain("The model needs");
  });

  test("for training may do for evaluation, which needs less", () => {
    const { totalBytes } = memoryReport(compilation, ["evaluation"]);
    expect(totalBytes).toBeLessThan(report.totalBytes);
    const tight = limits({ total: totalBytes });
    expect(() => requireRoom(compilation, tight, ["evaluation"])).not.toThrow();
    expect(() => requireRoom(compilation, tight)).toThrow(UserError);
  });

  test("is refused before anything runs, with exit code 3: more than 4 GiB on the CPU", async () => {
    const { code, err, out } = await runCli(
      ...["bench", SPEC, "--set", "V=30522", "--set", "batch=2000", "--device", "cpu"],
    );
    expect(code).toBe(3);
    expect(out).toBe("");
    expect(err).toContain("error[device-memory]");
    expect(err).toMatch(/WebAssembly reaches 4\.29 GB|this (machine|process)/);
    expect(err).toContain("[2096, 50, 768]");
    expect(err).toContain("specs/mird.mird:");
  });
});

test("a limit of the machine is tighter than that of addresses where it is smaller", () => {
  const host = hostMemory();
  expect(host.bytes).toBeGreaterThan(2 ** 28);
  expect(tighter(host, { bytes: 1, what: "one" }).bytes).toBe(1);
});

describe("mird compile --memory", () => {
  const args = ["compile", SPEC, "--memory", "--device", "cpu", "--set", "V=301", "--set", "batch=4"];

  test("shows what is alive at the peak, and that it fits", async () => {
    const { code, out } = await runCli(...args);
    expect(code).toBe(0);
    expect(out).toMatch(/^Model Mird: [\d.]+ MB on the device\.$/m);
    expect(out).toMatch(/^Most is in work memory at kernel \S+ of \S+: \d+ tensors, /m);
    expect(out).toMatch(/^tensor +shape +bytes +share +made by +needed until +spec$/m);
    expect(out).toMatch(/^It fits: CPU /m);
  });

  test("--json has every tensor", async () => {
    const { out } = await runCli(...args, "--json");
    const { peak, arenas, fits, peakBytes } = Object(JSON.parse(out));
    expect(fits).toBe(true);
    expect(arenas.work).toBe(peakBytes);
    expect(peak.live.reduce((sum: number, { bytes }: { bytes: number }) => sum + bytes, 0)).toBe(peak.bytes);
    expect(peak.live[0].origin).toMatch(/^specs\/mird\.mird:\d+:\d+$/);
  });
});
