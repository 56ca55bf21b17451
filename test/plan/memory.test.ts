/** The memory plan: reuse, work in place, and the account of the peak. */
import { describe, expect, test } from "vitest";
import { fuse } from "../../src/fuse/fuse.ts";
import type { Node } from "../../src/ir/graph.ts";
import { GraphBuilder } from "../../src/ir/graph-build.ts";
import { kernelKey } from "../../src/ir/kernel-hash.ts";
import { printKernel } from "../../src/ir/kernel-print.ts";
import type { Region } from "../../src/ir/program.ts";
import { printProgram } from "../../src/ir/program-print.ts";
import { verifyProgram } from "../../src/ir/program-verify.ts";
import { ops } from "../../src/ops/index.ts";
import { explainPeak } from "../../src/plan/explain.ts";
import { planProgram } from "../../src/plan/plan.ts";
import { graphOf } from "../support/graphs.ts";
import { expectFaithful, programOf } from "../support/planned-programs.ts";
import { inputNode } from "../support/tensors.ts";

/** Layers of equal shape behind one another. */
function chain(g: GraphBuilder, layers: number): Node {
  let x = inputNode(g, "x", [8, 16]);
  for (let layer = 0; layer < layers; layer++) x = g.tanh(g.matmul(x, inputNode(g, `w${layer}`, [16, 16])));
  return x;
}

describe("planMemory", () => {
  test("a chain of layers needs two buffers, however long it is", () => {
    const { memory } = expectFaithful(graphOf(chain(new GraphBuilder(ops), 10)));
    expect(memory).toEqual({ peakBytes: 2 * 512, sumBytes: 9 * 512 });
  });

  test("equal layers share a kernel", () => {
    const program = programOf(graphOf(chain(new GraphBuilder(ops), 10)));
    expect(program.segments[0]?.dispatches).toHaveLength(10);
    expect(program.kernels).toHaveLength(1);
  });

  test("a residual that ends in a sum is updated in place", () => {
    const g = new GraphBuilder(ops);
    const h = g.tanh(g.matmul(inputNode(g, "x", [8, 16]), inputNode(g, "w", [16, 16])));
    const sum = g.add(h, g.matmul(g.exp(h), inputNode(g, "v", [16, 16])));
    const program = expectFaithful(graphOf(g.matmul(sum, inputNode(g, "u", [16, 16]))));
    const accesses = program.kernels.flatMap((kernel) => kernel.operands.map((operand) => operand.access));
    expect(accesses).toContain("update");
    expect(program.memory.peakBytes).toBe(2 * 512);
  });

  test("an operand of the product itself is not overwritten", () => {
    const g = new GraphBuilder(ops);
    const h = g.tanh(g.matmul(inputNode(g, "x", [16, 16]), inputNode(g, "w", [16, 16])));
    const program = expectFaithful(
      graphOf(g.exp(g.matmul(g.add(h, g.matmul(h, h)), inputNode(g, "u", [16, 16])))),
    );
    verifyProgram(program);
  });

  test("what is alive at the peak is listed, largest first", () => {
    const g = new GraphBuilder(ops);
    const source = { path: "model.mird", text: "h = tanh(x)\n" };
    const span = { source, start: 0, end: 11 };
    const x = inputNode(g, "x", [32, 16]);
    const h = g.withOrigin(span, () => g.tanh(g.matmul(x, inputNode(g, "w", [16, 64]))));
    const y = g.matmul(g.softplus(g.matmul(h, inputNode(g, "v", [64, 8]))), inputNode(g, "u", [8, 64]));
    const scheduled = fuse(graphOf(g.matmul(g.add(y, h), inputNode(g, "t", [64, 2]))), {});
    const report = explainPeak(scheduled);
    expect(report?.live[0]).toMatchObject({ bytes: 32 * 64 * 4, shape: [32, 64], origin: span });
    expect(report?.bytes).toBe(planProgram(scheduled).memory.peakBytes);
  });

  test("nothing between kernels, no peak", () => {
    const g = new GraphBuilder(ops);
    expect(explainPeak(fuse(graphOf(g.exp(inputNode(g, "x", [3]))), {}))).toBeNull();
  });

  test("sizes of arenas that hold more than the kernels touch are kept", () => {
    const g = new GraphBuilder(ops);
    const scheduled = fuse(graphOf(g.exp(inputNode(g, "x", [3]))), {});
    const { arenas } = planProgram(
      scheduled,
      new Map([
        ["x", 4096],
        ["other", 256],
      ]),
    );
    expect(Object.fromEntries(arenas)).toEqual({ x: 4096, other: 256, out: 256, work: 0 });
  });
});

describe("verifyProgram", () => {
  const program = programOf(graphOf(chain(new GraphBuilder(ops), 3)));

  /** The program with changed regions of its second dispatch. */
  function broken(change: (region: Region, first: Region | undefined) => Region | null | undefined) {
    const segments = program.segments.map((segment) => ({
      ...segment,
      dispatches: segment.dispatches.map((dispatch, index) => {
        const [first] = dispatch.operands;
        return index !== 1
          ? dispatch
          : { ...dispatch, operands: dispatch.operands.flatMap((region) => change(region, first) ?? []) };
      }),
    }));
    return () => verifyProgram({ ...program, segments });
  }

  test.each<[string, Parameters<typeof broken>[0], RegExp]>([
    [
      "regions off their alignment",
      (region) => ({ ...region, offset: region.offset + 4 }),
      /starts at|outside/,
    ],
    ["regions of another length", (region) => ({ ...region, bytes: region.bytes - 4 }), /bytes/],
    ["regions outside", (region) => ({ ...region, offset: 1 << 20 }), /outside/],
    ["overlapping regions", (_, first) => first, /overlaps|bytes/],
    ["missing regions", (region, first) => (region === first ? null : region), /regions for/],
    [
      "a read of what nobody wrote",
      (region) => (region.arena === "work" ? { ...region, offset: 512 - region.offset } : region),
      /never written/,
    ],
  ])("refuses %s", (_, change, message) => {
    expect(broken(change)).toThrow(message);
  });

  test("kernels and programs print", () => {
    const g = new GraphBuilder(ops);
    const x = inputNode(g, "x", [4, 8]);
    const e = g.exp(g.sub(x, g.max(x, [1], { keep: true })));
    const softmax = programOf(graphOf(g.div(e, g.sum(e, [1], { keep: true }))));
    expect(`\n${softmax.kernels.map(printKernel).join("\n")}\n`).toMatchInlineSnapshot(`
      "
      kernel softmax_rows (loop)
        %0 read f32[32]
        %1 write f32[32]
        parallel p0<4
        reduce r1<8
        e0 = f32 %0[p0*8 + r1]
        e1 = f32 reduction 0 of phase 0
        e2 = f32 subtract e0 e1
        e3 = f32 exp e2
        e4 = f32 reduction 0 of phase 1
        e5 = f32 divide e3 e4
        phase 0: max e0
        phase 1: sum e3
        phase 2: each point %1[p0*8 + r1] = e5
      "
    `);
    expect(`\n${printProgram(softmax)}`).toMatchInlineSnapshot(`
      "
      arena x: 256 bytes
      arena out: 256 bytes
      arena work: 0 bytes
      work memory: 0 bytes at most, 0 without reuse

      segment main (forward of phase main, repeat 0)
        0: softmax_rows (x[0, 128], =out[0, 128]) 160 flops
      "
    `);
  });

  test("keys look at what a kernel does, not at its name", () => {
    const [kernel] = program.kernels;
    if (kernel?.kind !== "contraction") throw new Error("not a contraction");
    expect(kernelKey({ ...kernel, name: "other" })).toBe(kernelKey(kernel));
    expect(kernelKey({ ...kernel, row: { name: "m", extent: 9 } })).not.toBe(kernelKey(kernel));
  });
});
