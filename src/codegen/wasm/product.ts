/**
 * The innermost loop of products: a tile of the result in registers, one inner position per turn. Several positions per turn would be slower: the engine
 * then loads everything first and runs out of registers. 4 rows of 2 vectors and 2 rows of 4 vectors leave it 4 or 3 registers to spare.
 */
import type { FunctionBuilder, Variable } from "./function.ts";
import type { I32, V128 } from "./instructions.ts";
import { i32, v128 } from "./instructions.ts";
import type { VectorMath } from "./math.ts";

export interface Factors {
  /** Address of the first row's first element, the distance of each row from there, and that of inner positions, in bytes. */
  readonly left: { readonly start: I32; readonly rows: readonly number[]; readonly step: number };
  /** Likewise for the vectors of columns; `step` is not 0. */
  readonly right: { readonly start: I32; readonly vectors: readonly number[]; readonly step: number };
  /** Inner positions: at least 1. */
  readonly count: I32;
}

/** Adds the products to `totals[row][vector]`. */
export function addProducts(
  f: FunctionBuilder,
  math: VectorMath,
  { left, right, count }: Factors,
  totals: readonly (readonly Variable<"v128">[])[],
): void {
  const from = f.variable("i32", left.start);
  const to = f.variable("i32", right.start);
  const end = f.keep(i32.add(to.get, i32.mul(count, i32.constant(right.step))));
  f.loop((start) => {
    const columns = right.vectors.map((offset): V128 => f.keep(v128.load(to.get, offset)));
    for (const [row, offset] of left.rows.entries()) {
      const factor = f.keep(v128.loadSplat(from.get, offset));
      for (const [vector, total] of (totals[row] ?? []).entries())
        total.set(math.multiplyAdd(factor, columns[vector] as V128, total.get));
    }
    from.set(i32.add(from.get, i32.constant(left.step)));
    to.set(i32.add(to.get, i32.constant(right.step)));
    f.jump(start, i32.ne(to.get, end));
  });
}

/** Variables for a tile, set by `initial`. */
export function tileTotals(
  f: FunctionBuilder,
  rows: number,
  vectors: number,
  initial: (row: number, vector: number) => V128,
): readonly (readonly Variable<"v128">[])[] {
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: vectors }, (_, vector) => f.variable("v128", initial(row, vector))),
  );
}
