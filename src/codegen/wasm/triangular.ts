/** Factors and inverses of small matrices, a matrix or a column of one for each turn of a thread. Contracts as in `src/ops/triangular.ts`. */
import { at } from "../../base/invariant.ts";
import type { LibraryKernel } from "../../ir/kernel.ts";
import type { F32, I32 } from "./instructions.ts";
import { f32, i32 } from "./instructions.ts";
import type { WasmKernel } from "./kernel-function.ts";
import { decode, KernelFunction } from "./kernel-function.ts";
import { routineSize } from "./recurrence.ts";

const ZERO = f32.constant(0);

/** The address of an element of a matrix of this order. */
function element(matrix: I32, order: number, row: I32, column: I32): I32 {
  return i32.add(matrix, i32.shl(i32.add(i32.mul(row, i32.constant(order)), column), i32.constant(2)));
}

/** `initial` less the sum of products over k from `from` up to, not including, `to`. */
function reduced({ f }: KernelFunction, initial: F32, from: I32, to: I32, product: (k: I32) => F32): F32 {
  const rest = f.variable("f32", initial);
  f.range(from, to, 1, (k) => rest.set(f32.sub(rest.get, product(k))));
  return rest.get;
}

/** Sizes: matrices, order. Row after row, so that sums run along two rows of the result. */
export function emitCholesky(kernel: LibraryKernel): WasmKernel {
  const [matrices, order] = [routineSize(kernel, "matrices"), routineSize(kernel, "order")];
  const code = new KernelFunction(kernel);
  const { f } = code;
  const [from, to] = code.share(matrices);
  f.range(from, to, 1, (matrix) => {
    const start = f.keep(i32.mul(matrix, i32.constant(order * order * 4)));
    const [x, result] = [0, 1].map((operand) => f.keep(i32.add(at(code.operands, operand), start))) as [
      I32,
      I32,
    ];
    const factor = (row: I32, column: I32) => f32.load(element(result, order, row, column));
    f.count(order, 1, (turn) => {
      const row = f.keep(turn);
      f.count(order, 1, (across) => {
        const column = f.keep(across);
        const store = (value: F32) => f.push(f32.store(element(result, order, row, column), value));
        f.when(
          i32.lt(row, column),
          () => store(ZERO),
          () => {
            const both = f32.add(
              f32.load(element(x, order, row, column)),
              f32.load(element(x, order, column, row)),
            );
            const rest = f.keep(
              reduced(code, f32.mul(both, f32.constant(0.5)), i32.constant(0), column, (k) =>
                f32.mul(factor(row, k), factor(column, k)),
              ),
            );
            f.when(
              i32.eq(row, column),
              () => store(f32.sqrt(rest)),
              () => store(f32.div(rest, factor(column, column))),
            );
          },
        );
      });
    });
  });
  return code.finish(kernel.name, (matrices * order ** 3) / 3);
}

/** Sizes: matrices, order. */
export function emitTriangularInverse(kernel: LibraryKernel): WasmKernel {
  const [matrices, order] = [routineSize(kernel, "matrices"), routineSize(kernel, "order")];
  const code = new KernelFunction(kernel);
  const { f } = code;
  const [from, to] = code.share(matrices * order);
  f.range(from, to, 1, (place) => {
    const [matrix, column] = decode(f, place, [matrices, order]) as [I32, I32];
    const start = f.keep(i32.mul(matrix, i32.constant(order * order * 4)));
    const [x, result] = [0, 1].map((operand) => f.keep(i32.add(at(code.operands, operand), start))) as [
      I32,
      I32,
    ];
    f.count(order, 1, (turn) => {
      const row = f.keep(turn);
      const store = (value: F32) => f.push(f32.store(element(result, order, row, column), value));
      f.when(
        i32.lt(row, column),
        () => store(ZERO),
        () => {
          const own = f32.select(i32.eq(row, column), f32.constant(1), ZERO);
          const rest = reduced(code, own, column, row, (k) =>
            f32.mul(f32.load(element(x, order, row, k)), f32.load(element(result, order, k, column))),
          );
          store(f32.div(rest, f32.load(element(x, order, row, row))));
        },
      );
    });
  });
  return code.finish(kernel.name, (matrices * order ** 3) / 2);
}
