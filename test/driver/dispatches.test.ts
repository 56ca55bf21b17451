/** What an iteration of specs/mird.mird at its default sizes takes. The numbers are exact, so that they cannot grow unseen. */
import { beforeAll, describe, expect, test } from "vitest";
import type { TargetDescriptor } from "../../src/codegen/descriptor.ts";
import { describeTarget } from "../../src/codegen/descriptor.ts";
import { wgslTarget } from "../../src/codegen/wgsl/emit.ts";
import type { Compilation } from "../../src/driver/compile.ts";
import { compileModel } from "../../src/driver/compile.ts";
import { summarize } from "../../src/driver/summary.ts";
import { emitProgram, joinDispatches } from "../../src/runtime/dawn/commands.ts";
import { loadKernelSource } from "../../src/runtime/kernel-sources.ts";
import { checkedSpec } from "../support/one-step.ts";

const SPEC = { path: "specs/mird.mird", settings: {} };

function softwareTarget(maxStorageBuffers: number): TargetDescriptor {
  return describeTarget({ kind: "software", maxStorageBuffers, maxInvocations: 256, maxWorkgroups: 65535 });
}

function compileFor(maxStorageBuffers: number): Compilation {
  const target = softwareTarget(maxStorageBuffers);
  return compileModel({ model: checkedSpec(SPEC), sizes: new Map(), dataRows: 144, target });
}

function dispatches({ iteration }: Compilation): Record<string, number> {
  return Object.fromEntries(
    iteration.program.segments.map((segment) => [segment.name, segment.dispatches.length]),
  );
}

/** What Dawn is asked to dispatch: kernels that do not need each other run as one. */
function launches({ iteration }: Compilation, target: TargetDescriptor): Record<string, number> {
  const turns = emitProgram(iteration.program, wgslTarget(target, loadKernelSource));
  const counts: Record<string, number> = {};
  for (const { segment } of joinDispatches(turns, target, loadKernelSource))
    counts[segment] = (counts[segment] ?? 0) + 1;
  return counts;
}

describe("an iteration of MIRD on the software adapter", () => {
  let compilation: Compilation;
  beforeAll(() => {
    compilation = compileFor(12);
  });

  test("dispatches of every segment", () => {
    expect(dispatches(compilation)).toMatchInlineSnapshot(`
      {
        "estimators.0": 8,
        "estimators.0.update": 1,
        "estimators.1": 8,
        "estimators.1.update": 1,
        "estimators.2": 8,
        "estimators.2.update": 1,
        "estimators.3": 8,
        "estimators.3.update": 1,
        "estimators.4": 10,
        "estimators.4.update": 1,
        "model.0": 165,
        "model.0.update": 3,
        "shared": 57,
      }
    `);
  });

  test("launches of every segment: at most 220, of which the estimator steps are a fifth", () => {
    const counts = launches(compilation, softwareTarget(12));
    expect(counts).toMatchInlineSnapshot(`
      {
        "estimators.0": 6,
        "estimators.0.update": 1,
        "estimators.1": 6,
        "estimators.1.update": 1,
        "estimators.2": 6,
        "estimators.2.update": 1,
        "estimators.3": 6,
        "estimators.3.update": 1,
        "estimators.4": 7,
        "estimators.4.update": 1,
        "model.0": 126,
        "model.0.update": 3,
        "shared": 47,
      }
    `);
    const sum = (entries: readonly (readonly [string, number])[]) =>
      entries.reduce((all, [, count]) => all + count, 0);
    const total = sum(Object.entries(counts));
    expect(total).toBeLessThanOrEqual(220);
    const steps = Object.entries(counts).filter(([name]) => name.startsWith("estimators."));
    expect(sum(steps)).toBeLessThanOrEqual(total / 5);
  });

  test("dispatches, operations and bytes", () => {
    const { iteration, memory } = summarize(compilation.compiled);
    expect({ ...iteration, ...memory }).toMatchInlineSnapshot(`
      {
        "bytes": 2755105884,
        "dispatches": 272,
        "flops": 44817725558,
        "peakBytes": 423287040,
        "sumBytes": 928173824,
      }
    `);
  });

  test("at most 300 dispatches, a third of them for the five estimator steps; at most half of all values alive at once", () => {
    const counts = Object.entries(dispatches(compilation));
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    const estimators = counts.filter(([name]) => name.startsWith("estimators."));
    expect(total).toBeLessThanOrEqual(300);
    expect(estimators.reduce((sum, [, count]) => sum + count, 0)).toBeLessThanOrEqual(total / 3);
    const { peakBytes, sumBytes } = compilation.iteration.program.memory;
    expect(peakBytes).toBeLessThanOrEqual(sumBytes / 2);
  });
});

test("an iteration of MIRD where a kernel may bind eight buffers only", () => {
  const counts = Object.values(dispatches(compileFor(8)));
  expect(counts.reduce((sum, count) => sum + count, 0)).toMatchInlineSnapshot(`315`);
});
