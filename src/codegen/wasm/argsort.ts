/** Sorting of positions by a heap in the place of the result: no memory beside it, and never slow. */
import { at } from "../../base/invariant.ts";
import type { LibraryKernel } from "../../ir/kernel.ts";
import type { I32 } from "./instructions.ts";
import { f32, i32 } from "./instructions.ts";
import type { WasmKernel } from "./kernel-function.ts";
import { KernelFunction } from "./kernel-function.ts";
import { routineSize } from "./recurrence.ts";

/** The address of word `index` behind `start`. */
function word(start: I32, index: I32): I32 {
  return i32.add(start, i32.shl(index, i32.constant(2)));
}

/** Sizes: rows, columns. A row is sorted by one thread. */
export function emitArgsort(kernel: LibraryKernel): WasmKernel {
  const [rows, columns] = [routineSize(kernel, "rows"), routineSize(kernel, "columns")];
  const code = new KernelFunction(kernel);
  const { f } = code;
  const [from, to] = code.share(rows);
  f.range(from, to, 1, (row) => {
    const start = f.keep(i32.mul(row, i32.constant(columns * 4)));
    const [x, mask, result] = [0, 1, 2].map((operand) =>
      f.keep(i32.add(at(code.operands, operand), start)),
    ) as [I32, I32, I32];

    const precedes = (p: I32, q: I32): I32 => {
      const [a, b] = [f.keep(f32.load(word(x, p))), f.keep(f32.load(word(x, q)))];
      const kept = f.keep(i32.load(word(mask, p)));
      const earlier = f.keep(i32.lt(p, q));
      const smaller = i32.or(f32.lt(a, b), i32.and(f32.eq(a, b), earlier));
      const alike = i32.select(kept, smaller, earlier);
      return i32.select(i32.eq(kept, i32.load(word(mask, q))), alike, kept);
    };
    /** Moves `position` down from `root` of a heap of `end` places, the largest on top, to where it belongs. */
    const sift = (root: I32, end: I32, position: I32) => {
      const place = f.variable("i32", root);
      f.block((done) =>
        f.loop((again) => {
          const child = f.variable("i32", i32.add(i32.shl(place.get, i32.constant(1)), i32.constant(1)));
          f.jump(done, i32.ge(child.get, end));
          const next = f.keep(i32.add(child.get, i32.constant(1)));
          f.when(i32.lt(next, end), () => {
            const [left, right] = [
              f.keep(i32.load(word(result, child.get))),
              f.keep(i32.load(word(result, next))),
            ];
            child.set(i32.add(child.get, precedes(left, right)));
          });
          const other = f.keep(i32.load(word(result, child.get)));
          f.jump(done, i32.eqz(precedes(position, other)));
          f.push(i32.store(word(result, place.get), other));
          place.set(child.get);
          f.jump(again);
        }),
      );
      f.push(i32.store(word(result, place.get), position));
    };

    f.count(columns, 1, (column) => f.push(i32.store(word(result, column), column)));
    f.count(Math.floor(columns / 2), 1, (turn) => {
      const root = f.keep(i32.sub(i32.constant(Math.floor(columns / 2) - 1), turn));
      sift(root, i32.constant(columns), f.keep(i32.load(word(result, root))));
    });
    f.count(columns - 1, 1, (turn) => {
      const end = f.keep(i32.sub(i32.constant(columns - 1), turn));
      const position = f.keep(i32.load(word(result, end)));
      f.push(i32.store(word(result, end), i32.load(result)));
      sift(i32.constant(0), end, position);
    });
  });
  return code.finish(kernel.name, rows * columns * Math.log2(columns + 1) * 6);
}
