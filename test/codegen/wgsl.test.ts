/** What emitted kernels look like; that they are right is tested by running them. */
import { expect, test } from "vitest";
import { describeTarget } from "../../src/codegen/descriptor.ts";
import { emitKernel } from "../../src/codegen/wgsl/emit.ts";
import type { ContractionKernel, Kernel, LoopKernel } from "../../src/ir/kernel.ts";
import { loadKernelSource } from "../../src/runtime/kernel-sources.ts";
import { axes, Expressions, index, read, write } from "../support/kernel-build.ts";
import { padded } from "../support/loop-cases.ts";

const LIMITS = { maxStorageBuffers: 10, maxInvocations: 256, maxWorkgroups: 65535 };

function emit(kernel: Kernel, kind: "software" | "discrete" = "software"): string {
  const { wgsl, workgroups, bindingBytes } = emitKernel(
    kernel,
    describeTarget({ ...LIMITS, kind }),
    loadKernelSource,
  );
  return `// ${workgroups.join(" x ")} workgroups, ${bindingBytes.join(" + ")} bytes\n${wgsl}`;
}

/** y = a * x + b with b along the columns, and y > 0 besides. */
function affine(rows: number, columns: number): LoopKernel {
  const e = new Expressions();
  const product = e.binary("multiply", e.load(0, index([columns, 1])), e.load(1, index([])));
  const value = e.binary("add", product, e.load(2, index([0, 1])));
  const positive = e.binary("less", e.constant(0), value, "bool");
  return {
    kind: "loop",
    name: "affine",
    operands: [
      read("x", rows * columns),
      read("a", 1),
      read("b", columns),
      write("y", rows * columns),
      write("positive", rows * columns, "bool"),
    ],
    parallel: axes([rows, columns]),
    reduce: [],
    expressions: e.list,
    phases: [
      {
        kind: "row",
        stores: [
          { operand: 3, index: index([columns, 1]), value },
          { operand: 4, index: index([columns, 1]), value: positive },
        ],
      },
    ],
  };
}

test("a map whose columns divide by 4 takes four points at once on a GPU", () => {
  expect(emit(affine(512, 64), "discrete")).toMatchInlineSnapshot(`
    "// 128 x 1 x 1 workgroups, 131072 + 16 + 256 + 131072 + 131072 bytes
    @group(0) @binding(0) var<storage, read_write> operand0: array<vec4<f32>>;
    @group(0) @binding(1) var<storage, read_write> operand1: array<f32>;
    @group(0) @binding(2) var<storage, read_write> operand2: array<vec4<f32>>;
    @group(0) @binding(3) var<storage, read_write> operand3: array<vec4<f32>>;
    @group(0) @binding(4) var<storage, read_write> operand4: array<vec4<u32>>;
    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
      let row = i32((group.y * 128u + group.x) * 64u + local);
      if (row >= 8192) { return; }
      let group4 = (row & 15);
      let axis1 = group4 * 4;
      let axis0 = (row >> 4u);
      let e0: vec4<f32> = operand0[axis0 * 16 + group4];
      let e1: f32 = operand1[0];
      let e2: vec4<f32> = e0 * vec4<f32>(e1);
      let e3: vec4<f32> = operand2[group4];
      let e4: vec4<f32> = e2 + e3;
      let e6: vec4<bool> = vec4<f32>(0.0f) < e4;
      operand3[axis0 * 16 + group4] = e4;
      operand4[axis0 * 16 + group4] = select(vec4<u32>(0u), vec4<u32>(1u), e6);
    }
    "
  `);
});

test("a large map on a software driver takes single points, several to each invocation", () => {
  expect(emit(affine(512, 64))).toMatchInlineSnapshot(`
    "// 32 x 1 x 1 workgroups, 131072 + 16 + 256 + 131072 + 131072 bytes
    @group(0) @binding(0) var<storage, read_write> operand0: array<f32>;
    @group(0) @binding(1) var<storage, read_write> operand1: array<f32>;
    @group(0) @binding(2) var<storage, read_write> operand2: array<f32>;
    @group(0) @binding(3) var<storage, read_write> operand3: array<f32>;
    @group(0) @binding(4) var<storage, read_write> operand4: array<u32>;
    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
      let first = i32((group.y * 32u + group.x) * 1024u + local);
      let end = min(first + 1024, 32768);
      for (var row = first; row < end; row += 64) {
        let axis1 = (row & 63);
        let axis0 = (row >> 6u);
        let e0: f32 = operand0[axis0 * 64 + axis1];
        let e1: f32 = operand1[0];
        let e2: f32 = e0 * e1;
        let e3: f32 = operand2[axis1];
        let e4: f32 = e2 + e3;
        let e6: bool = 0.0f < e4;
        operand3[axis0 * 64 + axis1] = e4;
        operand4[axis0 * 64 + axis1] = select(0u, 1u, e6);
      }
    }
    "
  `);
});

test("a vector with lanes outside its operand is read inside it", () => {
  const descriptor = { ...describeTarget({ ...LIMITS, kind: "discrete" }), saturation: 1 };
  const { wgsl } = emitKernel(padded(64, 4, 4).kernel, descriptor, loadKernelSource);
  // 3 rows of 64 numbers are 48 vectors; before the first and behind the last one there are zeros.
  expect(wgsl).toMatch(/operand0\[clamp\(.*, 0, 47\)\]/);
});

test("a map of odd columns takes single points", () => {
  expect(emit(affine(3, 5))).toMatchInlineSnapshot(`
    "// 2 x 1 x 1 workgroups, 64 + 16 + 32 + 64 + 64 bytes
    @group(0) @binding(0) var<storage, read_write> operand0: array<f32>;
    @group(0) @binding(1) var<storage, read_write> operand1: array<f32>;
    @group(0) @binding(2) var<storage, read_write> operand2: array<f32>;
    @group(0) @binding(3) var<storage, read_write> operand3: array<f32>;
    @group(0) @binding(4) var<storage, read_write> operand4: array<u32>;
    @compute @workgroup_size(8)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
      let row = i32((group.y * 2u + group.x) * 8u + local);
      if (row >= 15) { return; }
      let axis1 = (row % 5);
      let axis0 = (row / 5);
      let e0: f32 = operand0[axis0 * 5 + axis1];
      let e1: f32 = operand1[0];
      let e2: f32 = e0 * e1;
      let e3: f32 = operand2[axis1];
      let e4: f32 = e2 + e3;
      let e6: bool = 0.0f < e4;
      operand3[axis0 * 5 + axis1] = e4;
      operand4[axis0 * 5 + axis1] = select(0u, 1u, e6);
    }
    "
  `);
});

/** out[row] = log(sum(exp(x - max))) + max */
function logSumExp(rows: number, columns: number): LoopKernel {
  const e = new Expressions();
  const x = e.load(0, index([columns, 1]));
  const power = e.unary("exp", e.binary("subtract", x, e.reduction(0, 0)));
  const value = e.binary("add", e.unary("log1p", e.reduction(1, 0)), e.reduction(0, 0));
  return {
    kind: "loop",
    name: "log-sum-exp",
    operands: [read("x", rows * columns), write("out", rows)],
    parallel: axes([rows]),
    reduce: axes([columns]),
    expressions: e.list,
    phases: [
      { kind: "reduce", reductions: [{ reducer: "max", value: x }] },
      { kind: "reduce", reductions: [{ reducer: "sum", value: power }] },
      { kind: "row", stores: [{ operand: 1, index: index([1]), value }] },
    ],
  };
}

test("a software driver gives each row to one invocation", () => {
  expect(withoutPrelude(emit(logSumExp(20, 50)))).toMatchInlineSnapshot(`
    "@compute @workgroup_size(8)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
      let row = i32((group.y * 3u + group.x) * 8u + local);
      if (row >= 20) { return; }
      let axis0 = row;
      var part0_0 = f32((-infinity()));
      for (var step1 = 0; step1 < 50; step1++) {
        let axis1 = step1;
        let e0: f32 = operand0[axis0 * 50 + axis1];
        part0_0 = max(part0_0, e0);
      }
      let reduced0_0 = part0_0;
      var part1_0 = f32(0);
      for (var step1 = 0; step1 < 50; step1++) {
        let axis1 = step1;
        let e0: f32 = operand0[axis0 * 50 + axis1];
        let e2: f32 = e0 - reduced0_0;
        let e3: f32 = safe_exp(e2);
        part1_0 = part1_0 + e3;
      }
      let reduced1_0 = part1_0;
      let e5: f32 = safe_log1p(reduced1_0);
      let e7: f32 = e5 + reduced0_0;
      operand1[axis0] = e7;
    }
    "
  `);
});

test("a GPU shares rows among the invocations of a workgroup", () => {
  expect(withoutPrelude(emit(logSumExp(20, 50), "discrete"))).toMatchInlineSnapshot(`
    "var<workgroup> shared_f32: array<f32, 64>;
    @compute @workgroup_size(64)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
      let sharer = i32(local % 16u);
      let own_row = i32((group.y * 5u + group.x) * 4u + local / 16u);
      let present = own_row < 20;
      let row = min(own_row, 19);
      let axis0 = row;
      var part0_0 = f32((-infinity()));
      for (var point = sharer; point < 50; point += 16) {
        let axis1 = point;
        let e0: f32 = operand0[axis0 * 50 + axis1];
        part0_0 = max(part0_0, e0);
      }
      shared_f32[local] = part0_0;
      workgroupBarrier();
      if (sharer < 8) { shared_f32[local] = max(shared_f32[local], shared_f32[local + 8u]); }
      workgroupBarrier();
      if (sharer < 4) { shared_f32[local] = max(shared_f32[local], shared_f32[local + 4u]); }
      workgroupBarrier();
      if (sharer < 2) { shared_f32[local] = max(shared_f32[local], shared_f32[local + 2u]); }
      workgroupBarrier();
      if (sharer < 1) { shared_f32[local] = max(shared_f32[local], shared_f32[local + 1u]); }
      workgroupBarrier();
      let total_reduced0_0 = shared_f32[local - u32(sharer)];
      workgroupBarrier();
      let reduced0_0 = total_reduced0_0;
      var part1_0 = f32(0);
      for (var point = sharer; point < 50; point += 16) {
        let axis1 = point;
        let e0: f32 = operand0[axis0 * 50 + axis1];
        let e2: f32 = e0 - reduced0_0;
        let e3: f32 = safe_exp(e2);
        part1_0 = part1_0 + e3;
      }
      shared_f32[local] = part1_0;
      workgroupBarrier();
      if (sharer < 8) { shared_f32[local] = shared_f32[local] + shared_f32[local + 8u]; }
      workgroupBarrier();
      if (sharer < 4) { shared_f32[local] = shared_f32[local] + shared_f32[local + 4u]; }
      workgroupBarrier();
      if (sharer < 2) { shared_f32[local] = shared_f32[local] + shared_f32[local + 2u]; }
      workgroupBarrier();
      if (sharer < 1) { shared_f32[local] = shared_f32[local] + shared_f32[local + 1u]; }
      workgroupBarrier();
      let total_reduced1_0 = shared_f32[local - u32(sharer)];
      workgroupBarrier();
      let reduced1_0 = total_reduced1_0;
      let e5: f32 = safe_log1p(reduced1_0);
      let e7: f32 = e5 + reduced0_0;
      if (present && sharer == 0) {
        operand1[axis0] = e7;
      }
    }
    "
  `);
});

test("only the prelude functions that a kernel needs are there, in the forms that it uses", () => {
  const functions = [...emit(logSumExp(20, 50)).matchAll(/^fn (\w+)/gm)].map((match) => match[1]);
  expect(functions).toEqual([
    "infinity",
    "not_a_number",
    "is_nan",
    "safe_exp",
    "log1p_small",
    "safe_log",
    "safe_log1p",
    "main",
  ]);
});

function withoutPrelude(wgsl: string): string {
  return wgsl.slice(wgsl.search(/^(var<workgroup>|@compute)/m));
}

test("a small contraction on a software driver", () => {
  const e = new Expressions();
  const value = e.binary("add", e.add({ op: "accumulator", dtype: "f32" }), e.load(3, index([0, 1])));
  const kernel: ContractionKernel = {
    kind: "contraction",
    name: "linear",
    operands: [read("x", 24), read("w", 64), write("y", 24), read("bias", 8)],
    batch: [],
    row: { name: "row", extent: 3 },
    column: { name: "column", extent: 8 },
    inner: { name: "inner", extent: 8 },
    left: { operand: 0, index: index([8, 0, 1]) },
    right: { operand: 1, index: index([0, 8, 1]) },
    expressions: e.list,
    stores: [{ operand: 2, index: index([8, 1]), value }],
  };
  expect(emit(kernel)).toMatchInlineSnapshot(`
    "// 3 x 1 x 1 workgroups, 96 + 256 + 96 + 32 bytes
    @group(0) @binding(0) var<storage, read_write> operand0: array<f32>;
    @group(0) @binding(1) var<storage, read_write> operand1: array<f32>;
    @group(0) @binding(2) var<storage, read_write> operand2: array<f32>;
    @group(0) @binding(3) var<storage, read_write> operand3: array<f32>;
    fn finish(axis0: i32, axis1: i32, total: f32) {
      if (axis0 >= 3 || axis1 >= 8) { return; }
      let e1: f32 = operand3[axis1];
      let e2: f32 = total + e1;
      operand2[axis0 * 8 + axis1] = e2;
    }
    // C[row, column] = sum over k of left[row, k] * right[k, column], for devices without fast workgroup memory.
    //
    // Contract: each invocation computes 1 neighbouring rows by 1 columns of one batch element, 8 columns apart, so that neighbouring
    // invocations have neighbouring columns, and reads both operands where they lie. Rows and columns past the end are clamped when reading
    // and dropped by \`finish\`. The sum runs over k in order. \`finish(batch axes..., row, column, total)\` applies the epilogue and stores.
    @compute @workgroup_size(8)
    fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
      let tile = i32((group.y * 3u + group.x) * 8u + local);
      if (tile >= 24) { return; }
      let first_column = (tile & 7);
      let first_row = ((tile >> 3u) % 3) * 1;
      let batch = (tile / 24);
      let left = (0) + first_row * 8;
      let right = (0) + first_column * 8;
      var totals = array<f32, 1>();
      for (var k = 0; k < 8; k++) {
        let a = left + k;
        let a0 = operand0[a];
        let b = right + k;
        let b0 = operand1[b];
        totals[0] += a0 * b0;
      }
      for (var place = 0; place < 1; place++) {
        finish(first_row + place, first_column + 0 * 8, totals[place]);
      }
    }

    "
  `);
});

test("a kernel with more operands than the device binds is a mistake of fusion", () => {
  const kernel = affine(2, 2);
  const target = describeTarget({ ...LIMITS, maxStorageBuffers: 4, kind: "software" });
  expect(() => emitKernel(kernel, target, loadKernelSource)).toThrow(
    "kernel affine has 5 operands; the device binds 4",
  );
});

test("numbers that WGSL cannot spell", () => {
  const e = new Expressions();
  const values = [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
    -0,
    1e-45,
    16777216,
    -2.5,
  ].map((value) => e.constant(value));
  const kernel: LoopKernel = {
    kind: "loop",
    name: "constants",
    operands: [write("out", values.length)],
    parallel: [],
    reduce: [],
    expressions: e.list,
    phases: [
      {
        kind: "row",
        stores: values.map((value, position) => ({ operand: 0, index: index([], position), value })),
      },
    ],
  };
  const stores = emit(kernel)
    .split("\n")
    .filter((line) => line.includes("operand0["));
  expect(stores.map((line) => line.trim())).toMatchInlineSnapshot(`
    [
      "operand0[0] = infinity();",
      "operand0[1] = (-infinity());",
      "operand0[2] = not_a_number();",
      "operand0[3] = (-0.0f);",
      "operand0[4] = 1.401298464324817e-45f;",
      "operand0[5] = 16777216.0f;",
      "operand0[6] = (-2.5f);",
    ]
  `);
});
