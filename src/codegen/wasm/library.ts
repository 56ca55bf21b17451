/** The routines that are written by hand; contracts as in `src/ops/`. */
import { at } from "../../base/invariant.ts";
import type { LibraryKernel } from "../../ir/kernel.ts";
import { storeVector } from "./access.ts";
import { emitArgsort } from "./argsort.ts";
import type { F32, I32, V128 } from "./instructions.ts";
import { f32, f32x4, i32, i32x4, v128 } from "./instructions.ts";
import type { WasmKernel } from "./kernel-function.ts";
import { KernelFunction } from "./kernel-function.ts";
import { routineSize } from "./recurrence.ts";
import { emitGruBackward, emitLstmBackward } from "./recurrence-backward.ts";
import { emitGru, emitLstm } from "./recurrence-forward.ts";
import { emitCholesky, emitTriangularInverse } from "./triangular.ts";

export function emitLibrary(kernel: LibraryKernel, fused: boolean): WasmKernel {
  switch (kernel.routine) {
    case "lstm":
      return emitLstm(kernel, fused);
    case "lstm_backward":
      return emitLstmBackward(kernel, fused);
    case "gru":
      return emitGru(kernel, fused);
    case "gru_backward":
      return emitGruBackward(kernel, fused);
    case "sparsemax":
      return emitSparsemax(kernel);
    case "argsort":
      return emitArgsort(kernel);
    case "cholesky":
      return emitCholesky(kernel);
    case "triangular_inverse":
      return emitTriangularInverse(kernel);
    case "occurrences":
      return emitOccurrences(kernel);
    case "scatter_add":
      return emitScatterAdd(kernel);
  }
}

/** All bits of the lanes in use. */
function insideMask(active: number): V128 {
  const inside = (lane: number) => (lane < active ? -1 : 0);
  return i32x4.constant(inside(0), inside(1), inside(2), inside(3));
}

/**
 * Sizes: rows, columns. Finds the threshold by leaving out what does not exceed it until nothing more drops out (Michelot 1986): a few passes over the
 * row, without sorting. Scores are taken relative to the largest one, so that sums lose nothing when all are far from 0; the threshold is at least -1 then.
 */
function emitSparsemax(kernel: LibraryKernel): WasmKernel {
  const [rows, columns] = [routineSize(kernel, "rows"), routineSize(kernel, "columns")];
  const code = new KernelFunction(kernel);
  const { f } = code;
  const [from, to] = code.share(rows);
  f.range(from, to, 1, (row) => {
    const start = f.keep(i32.mul(row, i32.constant(columns * 4)));
    const [scores, mask, result] = [0, 1, 2].map((operand) =>
      f.keep(i32.add(at(code.operands, operand), start)),
    ) as [I32, I32, I32];
    const kept = (place: I32, active: number) =>
      v128.and(i32x4.neg(v128.load(i32.add(mask, place))), insideMask(active));
    const largest = f.keep(f32x4.splat(largestOf(code, columns, scores, kept)));
    const above = (place: I32, limit: V128, active: number) => {
      const score = f.keep(f32x4.sub(v128.load(i32.add(scores, place)), largest));
      return { score, over: f.keep(v128.and(kept(place, active), f32x4.gt(score, limit))) };
    };
    const limit = f.variable("v128", f32x4.constant(-1));
    const last = f.variable("i32", i32.constant(columns + 1));
    f.block((exit) =>
      f.loop((again) => {
        const sum = f.variable("v128", f32x4.constant(0));
        const count = f.variable("v128", i32x4.constant(0));
        eachVector(code, columns, (place, active) => {
          const { score, over } = above(place, limit.get, active);
          sum.set(f32x4.add(sum.get, v128.and(over, score)));
          count.set(i32x4.sub(count.get, over));
        });
        const left = f.keep(addLanes(count.get));
        f.jump(exit, i32.or(i32.eqz(left), i32.ge(left, last.get)));
        last.set(left);
        const excess = f32.sub(sumLanes(sum.get), f32.constant(1));
        limit.set(f32x4.splat(f32.div(excess, f32.convert(left))));
        f.jump(again);
      }),
    );
    eachVector(code, columns, (place, active) => {
      const { score, over } = above(place, limit.get, active);
      const value = f.keep(v128.and(over, f32x4.sub(score, limit.get)));
      const base = f.keep(i32.add(result, place));
      storeVector(f, { base, offset: 0, laneBytes: 4, apart: [] }, value, active);
    });
  });
  return code.finish(kernel.name, rows * columns * 2);
}

/** The largest kept score of a row. */
function largestOf(
  code: KernelFunction,
  columns: number,
  scores: I32,
  kept: (place: I32, active: number) => V128,
): F32 {
  const { f } = code;
  const lowest = f32x4.constant(Number.NEGATIVE_INFINITY);
  const most = f.variable("v128", lowest);
  eachVector(code, columns, (place, active) => {
    const score = v128.load(i32.add(scores, place));
    most.set(f32x4.pmax(most.get, f.keep(v128.select(kept(place, active), score, lowest))));
  });
  const lane = (index: number) => f32x4.lane(most.get, index);
  return f32.max(f32.max(lane(0), lane(1)), f32.max(lane(2), lane(3)));
}

/** Offsets in bytes of the vectors of a row; the last one may have fewer lanes in use. */
function eachVector(
  { f }: KernelFunction,
  columns: number,
  body: (place: I32, active: number) => void,
): void {
  const whole = Math.floor(columns / 4);
  f.count(whole * 16, 16, (place) => body(f.keep(place), 4));
  if (columns % 4 !== 0) body(i32.constant(whole * 16), columns % 4);
}

function addLanes(value: V128): I32 {
  const lane = (index: number) => i32x4.lane(value, index);
  return i32.add(i32.add(lane(0), lane(1)), i32.add(lane(2), lane(3)));
}

function sumLanes(sum: V128): F32 {
  const lane = (index: number) => f32x4.lane(sum, index);
  return f32.add(f32.add(lane(0), lane(1)), f32.add(lane(2), lane(3)));
}

/** Sizes: rows, positions. From the last position back, each becomes the head of its row's list; one thread does it. */
function emitOccurrences(kernel: LibraryKernel): WasmKernel {
  const [rows, positions] = [routineSize(kernel, "rows"), routineSize(kernel, "positions")];
  const code = new KernelFunction(kernel);
  const { f } = code;
  const [ids, result] = [at(code.operands, 0), at(code.operands, 1)];
  const word = (start: I32, index: I32) => i32.add(start, i32.shl(index, i32.constant(2)));
  f.when(i32.eqz(code.thread), () => {
    f.count(rows, 1, (row) => f.push(i32.store(word(result, row), i32.constant(-1))));
    f.count(positions, 1, (turn) => {
      const position = f.keep(i32.sub(i32.constant(positions - 1), turn));
      const head = f.keep(word(result, i32.load(word(ids, position))));
      f.push(i32.store(word(result, position), i32.load(head), rows * 4));
      f.push(i32.store(head, position));
    });
  });
  return code.finish(kernel.name, 0);
}

/** Sizes: rows, positions, width. Every row is summed by one thread in the order of its list; neighbouring rows go to different threads. */
function emitScatterAdd(kernel: LibraryKernel): WasmKernel {
  const [rows, positions] = [routineSize(kernel, "rows"), routineSize(kernel, "positions")];
  const width = routineSize(kernel, "width");
  const code = new KernelFunction(kernel);
  const { f } = code;
  const [lists, updates, result] = [at(code.operands, 0), at(code.operands, 1), at(code.operands, 2)];
  const word = (index: I32) => i32.add(lists, i32.shl(index, i32.constant(2)));
  const row = f.variable("i32", code.thread);
  const columns = (first: I32, active: readonly number[]) => {
    const sums = active.map(() => f.variable("v128", f32x4.constant(0)));
    const position = f.variable("i32", i32.load(word(row.get)));
    f.block((done) =>
      f.loop((start) => {
        f.jump(done, i32.lt(position.get, i32.constant(0)));
        const line = i32.mul(position.get, i32.constant(width * 4));
        const base = f.keep(i32.add(i32.add(updates, line), first));
        for (const [vector, sum] of sums.entries()) sum.set(f32x4.add(sum.get, v128.load(base, vector * 16)));
        position.set(i32.load(word(i32.add(position.get, i32.constant(rows)))));
        f.jump(start);
      }),
    );
    const base = f.keep(i32.add(i32.add(result, i32.mul(row.get, i32.constant(width * 4))), first));
    for (const [vector, sum] of sums.entries())
      storeVector(
        f,
        { base, offset: vector * 16, laneBytes: 4, apart: [] },
        f.keep(sum.get),
        at(active, vector),
      );
  };
  f.block((done) =>
    f.loop((start) => {
      f.jump(done, i32.ge(row.get, i32.constant(rows)));
      const blocks = Math.floor(width / 16) * 16;
      f.count(blocks * 4, 64, (first) => columns(f.keep(first), [4, 4, 4, 4]));
      for (let first = blocks; first < width; first += 4)
        columns(i32.constant(first * 4), [Math.min(4, width - first)]);
      row.set(i32.add(row.get, code.threads));
      f.jump(start);
    }),
  );
  return code.finish(kernel.name, (rows + positions * width) * 0.3);
}
