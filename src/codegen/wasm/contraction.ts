/** Contractions: blocks that fit the caches, tiles that fit the registers, and an epilogue on what was summed. */

import { at } from "../../base/invariant.ts";
import type { ContractionKernel, ExpressionId } from "../../ir/kernel.ts";
import { kernelRoots, reachableExpressions } from "../../ir/kernel-walk.ts";
import type { Access } from "../dependence.ts";
import { accessesOf } from "../dependence.ts";
import type { ContractionPlan, Side } from "./contraction-plan.ts";
import { EPILOGUE, planContraction } from "./contraction-plan.ts";
import type { I32, V128 } from "./instructions.ts";
import { f32x4, i32, i32x4, v128 } from "./instructions.ts";
import { makeFrame } from "./kernel-frame.ts";
import type { WasmKernel } from "./kernel-function.ts";
import { decode, KernelFunction } from "./kernel-function.ts";
import { VectorMath } from "./math.ts";
import { PANEL, packPanel, packPanels, packRows, TILE_ROWS, TOGETHER } from "./pack.ts";
import { addProducts, tileTotals } from "./product.ts";
import { Scope } from "./scope.ts";

export function emitContraction(kernel: ContractionKernel, fused: boolean): WasmKernel {
  const plan = planContraction(kernel);
  const code = new KernelFunction(kernel);
  new ContractionEmitter(plan, code, fused).run();
  return code.finish(kernel.name, plan.nanoseconds);
}

/** A range of rows or columns. */
interface Range {
  readonly from: I32;
  readonly to: I32;
}

/** Where a batch point has its factors, and what the epilogue knows there. */
interface BatchPoint {
  readonly left: I32;
  readonly right: I32;
  readonly scope: Scope;
}

class ContractionEmitter {
  readonly #plan: ContractionPlan;
  readonly #code: KernelFunction;
  readonly #math: VectorMath;
  readonly #fused: boolean;
  readonly #ids: readonly ExpressionId[];
  /** What the epilogue reads and writes. */
  readonly #accesses: readonly Access[];
  readonly #packedRight: I32;
  readonly #packedLeft: I32;
  readonly #sums: I32;
  /** Bytes of a row of sums. */
  readonly #pitch: number;

  constructor(plan: ContractionPlan, code: KernelFunction, fused: boolean) {
    const { kernel, right, left, innerBlock, columnBlock, rowBlock, sumRows, deferred } = plan;
    this.#plan = plan;
    this.#code = code;
    this.#math = new VectorMath(code.f, fused);
    this.#fused = fused;
    this.#ids = reachableExpressions(kernel.expressions, kernelRoots(kernel));
    this.#accesses = accessesOf(kernel).slice(0, -2);
    const none = i32.constant(0);
    this.#packedRight = right.packed ? code.scratch(columnBlock * innerBlock * 4) : none;
    this.#packedLeft = left.packed ? code.scratch(rowBlock * innerBlock * 4) : none;
    this.#pitch = (columnBlock + 16) * 4;
    this.#sums = deferred ? code.scratch(sumRows * this.#pitch) : none;
  }

  run(): void {
    const { kernel, batches, rows, columns, shared, lanes } = this.#plan;
    const { f } = this.#code;
    const whole = (count: number): Range => ({ from: i32.constant(0), to: i32.constant(count) });
    const part = (count: number, grain: number): Range => {
      const [from, to] = this.#code.share(count, grain);
      return { from, to };
    };
    const batchRange = shared === "batch" ? part(batches, 1) : whole(batches);
    const rowRange = shared === "rows" ? part(rows, TILE_ROWS) : whole(rows);
    const columnRange = shared === "columns" ? part(columns, PANEL) : whole(columns);
    const frame = makeFrame(f, this.#fused, kernel, lanes, this.#code.operands);
    const outer = new Scope(frame);
    outer.emit(this.#upTo(EPILOGUE.call));
    f.range(batchRange.from, batchRange.to, 1, (batch) => {
      const scope = outer.inner();
      const positions = decode(
        f,
        batch,
        kernel.batch.map(({ extent }) => extent),
      );
      for (const [axis, position] of positions.entries()) scope.bind(axis, position);
      scope.prepare(this.#accesses);
      scope.emit(this.#upTo(EPILOGUE.batch));
      const point = {
        left: this.#sideStart(this.#plan.left, positions),
        right: this.#sideStart(this.#plan.right, positions),
        scope,
      };
      this.#eachBlock(columnRange, this.#plan.columnBlock, (block) =>
        this.#columnBlock(point, rowRange, block),
      );
    });
  }

  #upTo(level: number): readonly ExpressionId[] {
    return this.#ids.filter((id) => at(this.#plan.levels, id) <= level);
  }

  #sideStart(side: Side, positions: readonly I32[]): I32 {
    const { f, operands } = this.#code;
    let start = i32.add(at(operands, side.operand), i32.constant(side.index.offset * 4));
    for (const { axis, stride } of side.index.terms) {
      const position = positions[axis];
      if (position !== undefined) start = i32.add(start, i32.mul(position, i32.constant(stride * 4)));
    }
    return f.keep(start);
  }

  #eachBlock(range: Range, size: number, body: (block: Range) => void): void {
    const { f } = this.#code;
    f.range(range.from, range.to, size, (from) => {
      const end = f.keep(i32.add(from, i32.constant(size)));
      body({ from: f.keep(from), to: f.keep(i32.select(i32.lt(end, range.to), end, range.to)) });
    });
  }

  #columnBlock(point: BatchPoint, rowRange: Range, columns: Range): void {
    const { inner, innerBlock, rowBlock, sumRows, deferred } = this.#plan;
    if (inner !== innerBlock) {
      this.#eachBlock(rowRange, sumRows, (rows) => this.#innerBlocks(point, rows, columns));
      return;
    }
    const all = i32.constant(0);
    const count = i32.constant(inner);
    this.#packRight(point, columns, all, count);
    this.#eachBlock(rowRange, rowBlock, (rows) => {
      this.#tiles({ point, rows, columns, first: all, count, sumsFrom: rows.from });
      if (deferred) this.#epilogueBlock(point, rows, columns);
    });
  }

  /** Sums block by block of the inner axis, in memory in between. */
  #innerBlocks(point: BatchPoint, sumRows: Range, columns: Range): void {
    const { f } = this.#code;
    const { inner, innerBlock, rowBlock } = this.#plan;
    f.count(inner, innerBlock, (from) => {
      const first = f.keep(from);
      const rest = f.keep(i32.sub(i32.constant(inner), first));
      const count = f.keep(
        i32.select(i32.lt(rest, i32.constant(innerBlock)), rest, i32.constant(innerBlock)),
      );
      this.#packRight(point, columns, first, count);
      this.#eachBlock(sumRows, rowBlock, (rows) =>
        this.#tiles({ point, rows, columns, first, count, sumsFrom: sumRows.from }),
      );
    });
    this.#epilogueBlock(point, sumRows, columns);
  }

  #packRight({ right }: BatchPoint, block: Range, first: I32, count: I32): void {
    const { f } = this.#code;
    const { right: side, columns, innerBlock } = this.#plan;
    if (!side.packed) return;
    const start = f.keep(i32.add(right, i32.mul(first, i32.constant(side.inner * 4))));
    const blockAt = (column: I32) => ({
      start: i32.add(start, i32.mul(column, i32.constant(side.across * 4))),
      inner: side.inner,
      across: side.across,
      count,
    });
    const placeOf = (column: I32) =>
      i32.add(this.#packedRight, i32.mul(i32.sub(column, block.from), i32.constant(innerBlock * 4)));
    const several = side.across === 1 && columns >= PANEL * TOGETHER;
    this.#panels(
      block,
      (column, width) => packPanel(f, blockAt(column), width, placeOf(column)),
      several
        ? (column) => packPanels(f, blockAt(column), TOGETHER, innerBlock * PANEL * 4, placeOf(column))
        : null,
    );
  }

  /** Visits the panels of a block of columns, several at a time where that is given; the last one of the kernel may be narrower. */
  #panels(
    block: Range,
    visit: (column: I32, width: number) => void,
    several: ((column: I32) => void) | null = null,
  ): void {
    const { f } = this.#code;
    const { columns } = this.#plan;
    const rest = columns % PANEL;
    const whole = columns - rest;
    if (whole > 0) {
      const limit = i32.constant(whole);
      const end = rest === 0 ? block.to : f.keep(i32.select(i32.lt(block.to, limit), block.to, limit));
      const from = several === null ? block.from : f.whole(block.from, end, PANEL * TOGETHER, several);
      f.range(from, end, PANEL, (column) => visit(f.keep(column), PANEL));
    }
    if (rest > 0) f.when(i32.eq(block.to, i32.constant(columns)), () => visit(i32.constant(whole), rest));
  }

  #packLeft(left: I32, rows: Range, count: I32): void {
    const { f } = this.#code;
    const { left: side, innerBlock } = this.#plan;
    const pack = (row: I32, tiles: number) => {
      const start = i32.add(left, i32.mul(row, i32.constant(4)));
      const place = i32.mul(i32.sub(row, rows.from), i32.constant(innerBlock * 4));
      const block = { start, inner: side.inner, across: 1, count };
      packRows(f, block, tiles, innerBlock * TILE_ROWS * 4, i32.add(this.#packedLeft, place));
    };
    const from = f.whole(rows.from, rows.to, TILE_ROWS * TOGETHER, (row) => pack(row, TOGETHER));
    f.range(from, rows.to, TILE_ROWS, (row) => pack(row, 1));
  }

  #tiles(area: Area): void {
    const { f } = this.#code;
    const { left: side } = this.#plan;
    const { point, rows, columns, first, count } = area;
    const left = f.keep(i32.add(point.left, i32.mul(first, i32.constant(side.inner * 4))));
    if (side.packed) this.#packLeft(left, rows, count);
    const visit = (column: I32, width: number) => {
      const tile = (row: I32, height: number) =>
        this.#tile({ ...area, row, column, width, height, left: this.#leftStart(left, rows, row, height) });
      const row = f.variable(
        "i32",
        f.whole(rows.from, rows.to, TILE_ROWS, (row) => tile(row, TILE_ROWS)),
      );
      const { rows: all } = this.#plan;
      // Rows are shared in whole tiles, so only the last rows of the kernel are fewer.
      const last = (height: number) =>
        f.when(i32.le(i32.add(row.get, i32.constant(height)), rows.to), () => {
          tile(row.get, height);
          row.set(i32.add(row.get, i32.constant(height)));
        });
      if (all % TILE_ROWS >= 2) last(2);
      if (all % 2 === 1) last(1);
    };
    this.#panels(columns, visit);
  }

  #leftStart(left: I32, rows: Range, row: I32, height: number): I32 {
    const { left: side, innerBlock } = this.#plan;
    if (!side.packed) return i32.add(left, i32.mul(row, i32.constant(side.across * 4)));
    const place = i32.sub(row, rows.from);
    if (height === TILE_ROWS) return i32.add(this.#packedLeft, i32.mul(place, i32.constant(innerBlock * 4)));
    const tile = i32.and(place, i32.constant(-TILE_ROWS));
    const within = i32.and(place, i32.constant(TILE_ROWS - 1));
    const start = i32.add(this.#packedLeft, i32.mul(tile, i32.constant(innerBlock * 4)));
    return i32.add(start, i32.mul(within, i32.constant(4)));
  }

  #tile(tile: Tile): void {
    const { f } = this.#code;
    const { left: side, right, innerBlock, deferred, inner } = this.#plan;
    const { point, columns, column, width, height, count } = tile;
    const vectors = Math.ceil(width / 4);
    const rowBytes = side.packed ? 4 : side.across * 4;
    const rightStart = right.packed
      ? i32.add(this.#packedRight, i32.mul(i32.sub(column, columns.from), i32.constant(innerBlock * 4)))
      : i32.add(point.right, i32.mul(column, i32.constant(4)));
    const sums = deferred ? f.keep(this.#sumsAt(tile)) : null;
    const resumed = inner !== innerBlock && sums !== null;
    const start = (row: number, vector: number): V128 =>
      resumed
        ? v128.and(v128.load(sums, row * this.#pitch + vector * 16), this.#later(tile.first))
        : f32x4.constant(0);
    const totals = tileTotals(f, height, vectors, start);
    addProducts(
      f,
      this.#math,
      {
        left: {
          start: tile.left,
          rows: Array.from({ length: height }, (_, row) => row * rowBytes),
          step: side.packed ? TILE_ROWS * 4 : side.inner * 4,
        },
        right: {
          start: rightStart,
          vectors: Array.from({ length: vectors }, (_, vector) => vector * 16),
          step: right.packed ? PANEL * 4 : right.inner * 4,
        },
        count,
      },
      totals,
    );
    for (const [row, vectors] of totals.entries())
      for (const [vector, total] of vectors.entries()) {
        if (sums !== null) f.push(v128.store(sums, total.get, row * this.#pitch + vector * 16));
        else this.#epilogueVector(tile, row, vector, total.get);
      }
  }

  /** All bits where some of the inner axis has been summed before, so that memory need not be cleared. */
  #later(first: I32): V128 {
    return i32x4.splat(i32.sub(i32.constant(0), i32.ne(first, i32.constant(0))));
  }

  #sumsAt({ sumsFrom, columns, row, column }: Pick<Tile, "sumsFrom" | "columns" | "row" | "column">): I32 {
    const down = i32.mul(i32.sub(row, sumsFrom), i32.constant(this.#pitch));
    return i32.add(i32.add(this.#sums, down), i32.mul(i32.sub(column, columns.from), i32.constant(4)));
  }

  /** The epilogue of one vector of a tile, from registers. */
  #epilogueVector({ point, row, column, width }: Tile, down: number, vector: number, total: V128): void {
    const { f } = this.#code;
    const { kernel } = this.#plan;
    const active = Math.min(4, width - vector * 4);
    const bytes = f.keep(i32.shl(column, i32.constant(2)));
    const scope = point.scope.inner({ bytes, shift: vector * 4, active });
    scope.bind(kernel.batch.length, f.keep(i32.add(row, i32.constant(down))));
    this.#finish(scope, total);
  }

  #finish(scope: Scope, total: V128): void {
    const { kernel } = this.#plan;
    for (const [id, expression] of kernel.expressions.entries())
      if (expression.op === "accumulator") scope.define(id, total);
    scope.emit(this.#ids);
    for (const store of kernel.stores) scope.store(store);
  }

  /** The epilogue of a block, from memory. */
  #epilogueBlock(point: BatchPoint, rows: Range, columns: Range): void {
    const { f } = this.#code;
    const { kernel } = this.#plan;
    const rest = this.#plan.columns % 4;
    const whole = this.#plan.columns - rest;
    f.range(rows.from, rows.to, 1, (row) => {
      const outer = point.scope.inner();
      outer.bind(kernel.batch.length, f.keep(row));
      outer.prepare(this.#accesses);
      outer.emit(this.#upTo(EPILOGUE.row));
      const finish = (column: I32, active: number) => {
        const sums = this.#sumsAt({ sumsFrom: rows.from, columns, row, column });
        const bytes = f.keep(i32.shl(column, i32.constant(2)));
        this.#finish(outer.inner({ bytes, shift: 0, active }), f.keep(v128.load(sums)));
      };
      const limit = i32.constant(whole);
      const end = f.keep(i32.select(i32.lt(columns.to, limit), columns.to, limit));
      f.range(columns.from, end, 4, (column) => finish(f.keep(column), 4));
      if (rest > 0) f.when(i32.eq(columns.to, i32.constant(this.#plan.columns)), () => finish(limit, rest));
    });
  }
}

/** Rows and columns of a block, and a block of the inner axis. */
interface Area {
  readonly point: BatchPoint;
  readonly rows: Range;
  readonly columns: Range;
  /** First inner position, and how many there are. */
  readonly first: I32;
  readonly count: I32;
  /** The row whose sums come first in memory. */
  readonly sumsFrom: I32;
}

interface Tile extends Area {
  readonly row: I32;
  readonly column: I32;
  readonly width: number;
  readonly height: number;
  readonly left: I32;
}
