import { test } from "vitest";
import type { ContractionKernel } from "../../../src/ir/kernel.ts";
import { compareKernels } from "../../support/compare-kernels.ts";
import { FORMS, product } from "../../support/contraction-cases.ts";
import { softwareDevice } from "../../support/dawn.ts";
import { read, write } from "../../support/kernel-build.ts";
import { fill } from "../../support/kernel-run.ts";

const device = softwareDevice();

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
