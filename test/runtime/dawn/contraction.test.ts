import { test } from "vitest";
import type { ContractionKernel, ExpressionId } from "../../../src/ir/kernel.ts";
import { compareKernels } from "../../support/compare-kernels.ts";
import type { KernelRun } from "../../support/dawn.ts";
import { fill, softwareDevice } from "../../support/dawn.ts";
import { axes, Expressions, index, read, write } from "../../support/kernel-build.ts";

const device = softwareDevice();

interface Shape {
  readonly batch?: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Letters: left normal or transposed, right normal or transposed. */
  readonly form?: "nn" | "nt" | "tn" | "tt";
  /** The left operand is the same for every batch element. */
  readonly shared?: boolean;
  readonly epilogue?: boolean;
}

/** C = A B (+ epilogue) with row-major operands, either of them transposed. */
function product({ batch = 1, m, n, k, form = "nn", shared = false, epilogue = false }: Shape): KernelRun {
  const e = new Expressions();
  const total = e.add({ op: "accumulator", dtype: "f32" });
  const left = form.startsWith("t") ? [1, 0, m] : [k, 0, 1];
  const right = form.endsWith("t") ? [0, k, 1] : [0, 1, n];
  const result = index([m * n, n, 1]);
  const operands = [
    read("a", shared ? m * k : batch * m * k),
    read("b", batch * k * n),
    write("c", batch * m * n),
  ];
  let value: ExpressionId = total;
  const stores = [];
  if (epilogue) {
    // bias + residual, gelu-like; the sum itself is stored transposed as well
    operands.push(read("bias", n), read("residual", batch * m * n), write("transposed", batch * m * n));
    const biased = e.binary("add", total, e.load(3, index([0, 0, 1])));
    const rank = e.add({ op: "cast", dtype: "f32", value: e.axis(2) });
    value = e.binary("add", e.binary("multiply", e.unary("tanh", biased), rank), e.load(4, result));
    stores.push({ operand: 5, index: index([m * n, 1, m]), value: biased });
  }
  const kernel: ContractionKernel = {
    kind: "contraction",
    name: `${form}${shared ? " shared" : ""} ${batch}x${m}x${n}x${k}`,
    operands,
    batch: axes([batch]),
    row: { name: "row", extent: m },
    column: { name: "column", extent: n },
    inner: { name: "inner", extent: k },
    left: { operand: 0, index: index([shared ? 0 : m * k, ...left]) },
    right: { operand: 1, index: index([k * n, ...right]) },
    expressions: e.list,
    stores: [{ operand: 2, index: result, value }, ...stores],
  };
  return { kernel, buffers: fill(kernel) };
}

const FORMS = ["nn", "nt", "tn", "tt"] as const;

test("read in place: all transposes, of sizes that divide by 4 and of odd ones", async () => {
  const runs = FORMS.flatMap((form) => [
    product({ m: 12, n: 8, k: 16, form }),
    product({ m: 7, n: 5, k: 9, form }),
    product({ m: 5, n: 12, k: 8, form }),
  ]);
  await compareKernels(
    device(),
    [...runs, product({ m: 65, n: 68, k: 20 }), product({ m: 64, n: 64, k: 32, form: "nt" })],
    5e-6,
    ["software"],
  );
});

test("read in place: batches, an operand shared by the batch, and epilogues with several results", async () => {
  await compareKernels(
    device(),
    [
      product({ batch: 3, m: 5, n: 6, k: 4, form: "nt" }),
      product({ batch: 3, m: 8, n: 4, k: 7, shared: true }),
      product({ batch: 2, m: 6, n: 8, k: 12, form: "nt", epilogue: true }),
      product({ batch: 2, m: 3, n: 7, k: 5, epilogue: true }),
      product({ m: 1, n: 1, k: 1 }),
      product({ m: 1, n: 3, k: 20 }),
      product({ m: 33, n: 1, k: 4, form: "tn" }),
    ],
    5e-6,
    ["software"],
  );
});

// The software driver needs about a second to compile each of these: one of every kind.
test("through workgroup memory: transposes, batches, epilogues, large tiles, and long sums with few results", async () => {
  await compareKernels(
    device(),
    [
      product({ batch: 2, m: 7, n: 5, k: 9, form: "tt" }),
      product({ batch: 2, m: 6, n: 8, k: 12, form: "nt", epilogue: true }),
      product({ m: 17, n: 12, k: 300, form: "tn" }),
      product({ batch: 30, m: 64, n: 68, k: 17 }),
    ],
    1e-5,
    ["discrete"],
  );
});

test("a matrix times its own transpose", async () => {
  const { kernel } = product({ m: 9, n: 9, k: 8, form: "nt" });
  if (kernel.kind !== "contraction") throw new Error("a contraction");
  const own: ContractionKernel = {
    ...kernel,
    name: "gram",
    operands: [read("a", 72), write("c", 81)],
    right: { ...kernel.right, operand: 0 },
    stores: kernel.stores.map((store) => ({ ...store, operand: 1 })),
  };
  await compareKernels(device(), [{ kernel: own, buffers: fill(own) }], 5e-6, ["software"]);
});
