/** Contractions for tests of every target. */
import type { ContractionKernel, ExpressionId } from "../../src/ir/kernel.ts";
import { axes, Expressions, index, read, write } from "./kernel-build.ts";
import type { KernelRun } from "./kernel-run.ts";
import { fill } from "./kernel-run.ts";

export interface ProductShape {
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
export function product({
  batch = 1,
  m,
  n,
  k,
  form = "nn",
  shared = false,
  epilogue = false,
}: ProductShape): KernelRun {
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

export const FORMS = ["nn", "nt", "tn", "tt"] as const;
