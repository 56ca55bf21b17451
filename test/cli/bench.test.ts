/** `mird bench` on the devices that every machine has: what must add up does; times themselves are not asserted. */
import { describe, expect, test } from "vitest";
import { CPU } from "../../src/codegen/wasm/descriptor.ts";
import { bench } from "../../src/driver/bench.ts";
import { higherCeilings } from "../../src/driver/ceilings.ts";
import { prepareInvented } from "../../src/driver/prepare-invented.ts";
import { summarize } from "../../src/driver/summary.ts";
import { wasmBackend } from "../../src/runtime/wasm/execute.ts";
import { runCli } from "../support/cli.ts";
import { checkedProgram } from "../support/one-step.ts";

const SPEC = "specs/mird.mird";
const TINY = "docs/tiny.mird";
const JOINT = "SparseWordAttention(width = 8, layers = 1, heads = 2, rate = 0)";
const SMALL = ["batch=4", `joint=${JOINT}`, "d=8", "V=11", "L=4", "Ta=5", "Tv=3", "Da=3", "Dv=2"].flatMap(
  (text) => ["--set", text],
);

const words = (text: string): string[] => text.split(" ");

/** The numbers of some items at a key, added up. */
function sum(items: unknown, key: string): number {
  if (!Array.isArray(items)) return Number.NaN;
  return items.reduce((total: number, item: unknown) => total + Number(Reflect.get(Object(item), key)), 0);
}

describe.each([
  { device: "cpu", spec: SPEC, settings: SMALL, least: 50 },
  { device: "reference", spec: TINY, settings: [], least: 5 },
])("mird bench --device $device", ({ device, spec, settings, least }) => {
  test("--json: phases and kernels add up to the iteration; kernels know their lines", async () => {
    const { code, out, err } = await runCli(
      "bench",
      spec,
      ...settings,
      ...words(`--device ${device} --seconds 0 --json`),
    );
    expect(err).toBe("");
    expect(code).toBe(0);
    const report: unknown = JSON.parse(out);
    const { iteration, phases, kernels, ceilings, data } = Object(report);
    expect(data).toBeNull();
    expect(iteration.dispatches).toBeGreaterThan(least);
    for (const key of ["dispatches", "flops", "bytes"]) {
      expect(sum(phases, key)).toBe(iteration[key]);
      expect(sum(kernels, key)).toBe(iteration[key]);
    }
    expect(sum(kernels, "milliseconds")).toBeCloseTo(sum(phases, "milliseconds"), 6);
    expect(sum(kernels, "milliseconds")).toBeGreaterThan(0);
    expect(ceilings.arithmetic.perSecond).toBeGreaterThan(0);
    expect(ceilings.memory.perSecond).toBeGreaterThan(0);
    const times = kernels.map(({ milliseconds }: { milliseconds: number }) => milliseconds);
    expect(times).toEqual([...times].sort((a: number, b: number) => b - a));
    const nowhere = kernels.filter(
      ({ kind, origins }: { kind: string; origins: string[] }) =>
        kind !== "update" && !/^(specs\/mird|docs\/tiny)\.mird:\d+:\d+$/.test(origins[0] ?? ""),
    );
    // Sums that several lines share belong to none.
    expect(nowhere.length).toBeLessThanOrEqual(kernels.length / 10);
  });
});

test("the table names device, ceilings, phases, and the dearest kernels with their lines", async () => {
  const { out } = await runCli(
    "bench",
    SPEC,
    ...SMALL,
    ...words("--device cpu --threads 1 --seconds 0 --top 4"),
  );
  const lines = out.split("\n");
  expect(lines[0]).toMatch(/^Model Mird on CPU \(WebAssembly SIMD.*\)\. 1 thread\. It was asked for\.$/);
  expect(lines[1]).toContain("Sizes: ");
  expect(lines[2]).toBe("Data: invented, every row with all its steps");
  expect(lines[4]).toMatch(
    /^Ceilings: [\d.]+ .?FLOP\/s \(matrix product of \d+\), [\d.]+ .?B\/s \(copy of \d+ [KM]iB\)$/,
  );
  const head = lines.findIndex((line) => line.startsWith("kernel "));
  expect(lines[head]).toMatch(/spec$/);
  expect(lines[head + 5]).toMatch(/^\d+ more /);
  expect(out).toContain("Kernels were timed one by one");
  expect(out).toMatch(/specs\/mird\.mird:\d+ {2}\S/);
});

test("generated and real data are measured as they are", async () => {
  const { code, out } = await runCli(
    ...words("bench examples/quickstart/quickstart.mird --data synth --device cpu --seconds 0 --json"),
  );
  expect(code).toBe(0);
  expect(Object(JSON.parse(out)).data).toBe("synth");
});

test("where kernels cannot be timed, phases are run one by one", async () => {
  const checked = checkedProgram({
    path: SPEC,
    settings: { batch: "4", d: "8", V: "11", L: "4", Ta: "5", Tv: "3" },
  });
  const backend = { ...wasmBackend({ threads: 1 }), profiling: null };
  const { prepared, dataset } = prepareInvented({ ...checked, target: CPU, limits: backend.limits });
  const { phases, kernels, iteration } = await bench({ prepared, dataset, backend, seconds: 0 });
  backend.close();
  expect(kernels).toEqual([]);
  expect(phases.map(({ name }) => name)).toEqual(summarize(prepared.model).phases.map(({ name }) => name));
  expect(sum(phases, "flops")).toBe(iteration.flops);
  expect(phases.every(({ milliseconds }) => milliseconds > 0)).toBe(true);
});

test("of two measurements of a ceiling the higher one counts", () => {
  const ceilings = (arithmetic: number, memory: number) => ({
    arithmetic: { what: "product", perSecond: arithmetic },
    memory: { what: "copy", perSecond: memory },
  });
  expect(higherCeilings(ceilings(1, 4), ceilings(3, 2))).toEqual(ceilings(3, 4));
});
