/** Which dispatches are launched together, and what their module looks like; that it computes the same is tested by running it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { at } from "../../src/base/invariant.ts";
import { describeTarget } from "../../src/codegen/descriptor.ts";
import { emitKernel } from "../../src/codegen/wgsl/emit.ts";
import { joinKernels } from "../../src/codegen/wgsl/join.ts";
import { type Launchable, launchesOf } from "../../src/codegen/wgsl/launches.ts";
import type { LoopKernel } from "../../src/ir/kernel.ts";
import { loadKernelSource } from "../../src/runtime/kernel-sources.ts";
import { axes, Expressions, index, read, write } from "../support/kernel-build.ts";

const target = describeTarget({
  kind: "software",
  maxStorageBuffers: 6,
  maxInvocations: 256,
  maxWorkgroups: 65535,
});

/** y = factor * x over so many elements. */
function scaling(elements: number, factor: number): LoopKernel {
  const e = new Expressions();
  const value = e.binary("multiply", e.load(0, index([1])), e.constant(factor));
  return {
    kind: "loop",
    name: `times ${factor}`,
    operands: [read("x", elements), write("y", elements)],
    parallel: axes([elements]),
    reduce: [],
    expressions: e.list,
    phases: [{ kind: "row", stores: [{ operand: 1, index: index([1]), value }] }],
  };
}

test("two kernels are one module, in which a range of workgroups runs each", () => {
  const [first, second] = [scaling(64, 2), scaling(6, 3)].map((kernel) =>
    emitKernel(kernel, target, loadKernelSource),
  );
  if (first === undefined || second === undefined) throw new Error("two kernels");
  const joint = joinKernels(
    [
      { code: first, bindings: [0, 1] },
      { code: second, bindings: [2, 3] },
    ],
    target,
    loadKernelSource,
  );
  expect(
    `// ${joint.name}: ${joint.workgroups.join(" x ")} workgroups\n${joint.wgsl}`,
  ).toMatchInlineSnapshot(`
    "// times 2 + times 3: 5 x 1 x 1 workgroups
    @group(0) @binding(0) var<storage, read_write> operand0: array<f32>;
    @group(0) @binding(1) var<storage, read_write> operand1: array<f32>;
    @group(0) @binding(2) var<storage, read_write> operand2: array<f32>;
    @group(0) @binding(3) var<storage, read_write> operand3: array<f32>;
    fn part0(group: vec3<u32>, local: u32) {
      let row = i32((group.y * 4u + group.x) * 16u + local);
      if (row >= 64) { return; }
      let axis0 = row;
      let e0: f32 = operand0[axis0];
      let e2: f32 = e0 * 2.0f;
      operand1[axis0] = e2;
    }
    fn part1(group: vec3<u32>, local: u32) {
      if (local >= 8u) { return; }
      let row = i32((group.y * 1u + group.x) * 8u + local);
      if (row >= 6) { return; }
      let axis0 = row;
      let e0: f32 = operand2[axis0];
      let e2: f32 = e0 * 3.0f;
      operand3[axis0] = e2;
    }
    @compute @workgroup_size(16)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
      let place = group.y * 5u + group.x;
      if (place < 4u) { part0(vec3<u32>(place % 4u, place / 4u % 1u, place / 4u), local); return; }
      if (place < 5u) { part1(vec3<u32>((place - 4u) % 1u, (place - 4u) / 1u % 1u, (place - 4u) / 1u), local); return; }
    }
    "
  `);
});

const code = emitKernel(scaling(64, 2), target, loadKernelSource);

/** A dispatch that reads one place and writes another. */
function moving([from, to]: readonly [number, number], text: number): Launchable {
  const region = (place: number) => ({ arena: "work", offset: place * 256, bytes: 256 });
  return { code: { ...code, wgsl: `${text}` }, regions: [region(from), region(to)], writes: [false, true] };
}

test("what depends on each other is launched one after the other, everything once", () => {
  const place = fc.nat({ max: 9 });
  const moves = fc.array(
    fc.tuple(place, place).filter(([from, to]) => from !== to),
    { minLength: 1, maxLength: 25 },
  );
  fc.assert(
    fc.property(moves, (list) => {
      const dispatches = list.map((move, text) => moving(move, text));
      const launches = launchesOf(dispatches, target);
      const position = new Map(
        launches.flatMap(({ parts }, launch) => parts.map(({ dispatch }) => [dispatch, launch] as const)),
      );
      expect(position.size).toBe(dispatches.length);
      for (const { regions, parts } of launches) {
        expect(regions.length).toBeLessThanOrEqual(target.maxOperands);
        for (const { dispatch, bindings } of parts)
          expect(bindings.map((binding) => at(regions, binding))).toEqual(dispatch.regions);
      }
      for (const [later, [from, to]] of list.entries())
        for (const [earlier, [source, result]] of list.slice(0, later).entries())
          if (from === result || to === result || to === source)
            expect(position.get(at(dispatches, earlier))).toBeLessThan(
              position.get(at(dispatches, later)) ?? -1,
            );
    }),
    { numRuns: 300, seed: 17 },
  );
});

test("independent kernels share a launch, as far as there are bindings; a kernel that runs often stays by itself", () => {
  const apart = [0, 1, 2, 3].map((pair) => [2 * pair, 2 * pair + 1] as const);
  const sizes = (dispatches: readonly Launchable[]) =>
    launchesOf(dispatches, target).map(({ parts }) => parts.length);
  expect(sizes(apart.map((move, text) => moving(move, text)))).toEqual([3, 1]);
  expect(sizes(apart.map((move) => moving(move, 0)))).toEqual([1, 1, 1, 1]);
});
